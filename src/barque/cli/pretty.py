"""Indented JSON as Go's ``json.Indent`` lays it out."""

from __future__ import annotations

from barque.client import codec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def escaped(text: str) -> str:
    """JSON text with the characters that mean something in HTML as escapes, as Go's encoder has them."""
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def pretty(value: Any, indent: str = "    ", prefix: str = "", html: bool = False) -> str:
    """``value`` over several lines; empty objects and arrays stay on one. ``html`` for ``escaped``."""
    text = _indented(value, indent, prefix)
    return escaped(text) if html else text


def _indented(value: Any, indent: str, prefix: str) -> str:
    inner = prefix + indent
    if isinstance(value, dict) and value:
        parts = [f"{inner}{codec.dumps(str(key))}: {_indented(item, indent, inner)}" for key, item in value.items()]
        return "{\n" + ",\n".join(parts) + f"\n{prefix}}}"
    if isinstance(value, list) and value:
        return "[\n" + ",\n".join(inner + _indented(item, indent, inner) for item in value) + f"\n{prefix}]"
    return codec.dumps(value)
