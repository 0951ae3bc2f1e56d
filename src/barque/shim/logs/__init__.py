"""The container's log on disk, as the shim writes it.

writer = opened({"driver": "json-file", "path": "/…/<id>-json.log", "max_size": 10 << 20, "max_file": 3})
writer.write(1, b"line\\n")
"""

from __future__ import annotations

import json
from typing import Any

from barque.shim.logs.writer import Writer


def opened(wanted: dict[str, Any] | None) -> Writer | None:
    """The writer of a task's ``log`` (ARCHITECTURE.md); None when nothing is to be kept. Raises OSError."""
    if not wanted or wanted.get("driver") == "none":
        return None
    attrs = json.dumps(wanted["attrs"], separators=(",", ":"), sort_keys=True) if wanted.get("attrs") else ""
    return Writer(
        wanted["path"],
        int(wanted.get("max_size") or 0),
        int(wanted.get("max_file") or 1),
        bool(wanted.get("compress")),
        attrs,
    )


__all__ = ["Writer", "opened"]
