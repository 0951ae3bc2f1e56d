"""Reading untrusted image configs (image-spec config.md)."""

from __future__ import annotations

import json
from typing import Any

from barque.errors import InvalidArgument
from barque.model import digest as digests

MAX_CONFIG = 8 << 20
"""Bytes; a config larger than this is refused."""


def parse_config(data: bytes) -> dict[str, Any]:
    """The config with ``rootfs.diff_ids`` and ``history`` checked and present. Raises ``InvalidArgument``."""
    if len(data) > MAX_CONFIG:
        raise InvalidArgument("invalid image config: too large")
    try:
        config = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise InvalidArgument(f"invalid image config: {error}") from None
    if not isinstance(config, dict):
        raise InvalidArgument("invalid image config: not an object")
    _check_texts(config)
    rootfs = config.get("rootfs")
    if not isinstance(rootfs, dict):
        raise InvalidArgument("invalid image JSON, no RootFS key")
    diff_ids = rootfs.get("diff_ids") or []
    if not isinstance(diff_ids, list) or not all(digests.is_digest(item) for item in diff_ids):
        raise InvalidArgument("invalid image config: bad rootfs.diff_ids")
    history = config.get("history") or []
    if not isinstance(history, list) or not all(isinstance(row, dict) for row in history):
        raise InvalidArgument("invalid image config: bad history")
    return config | {"rootfs": {"type": "layers", "diff_ids": diff_ids}, "history": history}


def _check_texts(config: dict[str, Any]) -> None:
    for key in ("architecture", "os", "variant", "os.version", "created", "author", "comment"):
        if not isinstance(config.get(key) or "", str):
            raise InvalidArgument(f"invalid image config: {key} is not a string")
    inner = config.get("config")
    if inner is None:
        return
    if not isinstance(inner, dict):
        raise InvalidArgument("invalid image config: config is not an object")
    for key, kind in {"Env": list, "Cmd": list, "Entrypoint": list, "Labels": dict, "Volumes": dict}.items():
        if not isinstance(inner.get(key), kind | None):
            raise InvalidArgument(f"invalid image config: {key} has the wrong type")
