"""A mount as data: who wants one passes the value on; only the shim and the runtime act on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Mount:
    """One mount(2) to be made. ``options`` are fstab words (``ro``, ``lowerdir=...``)."""

    type: str
    source: str
    target: str
    options: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {"type": self.type, "source": self.source, "target": self.target, "options": list(self.options)}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Mount:
        return cls(value["type"], value["source"], value["target"], tuple(value.get("options", ())))
