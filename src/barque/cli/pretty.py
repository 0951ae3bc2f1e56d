"""Indented JSON as Go's ``json.Indent`` lays it out."""

from __future__ import annotations

from barque.client import codec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def pretty(value: Any, indent: str = "    ", prefix: str = "") -> str:
    """``value`` over several lines; empty objects and arrays stay on one."""
    inner = prefix + indent
    if isinstance(value, dict) and value:
        parts = [f"{inner}{codec.dumps(str(key))}: {pretty(item, indent, inner)}" for key, item in value.items()]
        return "{\n" + ",\n".join(parts) + f"\n{prefix}}}"
    if isinstance(value, list) and value:
        return "[\n" + ",\n".join(inner + pretty(item, indent, inner) for item in value) + f"\n{prefix}]"
    return codec.dumps(value)
