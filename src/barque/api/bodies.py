"""Bodies as Go's decoder takes them: keys in any case, types checked, errors in its words."""

from __future__ import annotations

from typing import Any

from barque.api.shapes import EACH, WORDS
from barque.errors import InvalidArgument
from barque.model.requests import Json

JSON_WORDS = {str: "string", bool: "bool", int: "number", float: "number", list: "array", dict: "object"}
GO_WORDS = {str: "string", bool: "bool", int: "int64", list: "[]string", dict: "map[string]string"}
INT64 = range(-(1 << 63), 1 << 63)


def named(value: Json, shape: Json, field: str = "") -> Json:
    """Keys in their canonical case, types checked where the shape (``shapes.py``) says one. Raises InvalidArgument."""
    if EACH in shape:
        return {key: member(field, item, shape[EACH]) for key, item in value.items()}
    lower = {key.lower(): key for key in shape}
    out = {}
    for key, item in value.items():
        name = lower.get(key.lower(), key)
        out[name] = member(name, item, shape[name]) if name in shape and item is not None else item
    return out


def member(name: str, item: Any, wanted: Any) -> Any:
    if item is None:
        # Go leaves the zero value where it finds null
        return "" if wanted is str else None
    if wanted == WORDS:
        wanted = [str]
        item = [item] if isinstance(item, str) else item
    kind = type(wanted) if isinstance(wanted, dict | list) else wanted
    good = isinstance(item, kind) and (kind is not int or (not isinstance(item, bool) and item in INT64))
    if not good:
        raise InvalidArgument(
            f"json: cannot unmarshal {JSON_WORDS.get(type(item), 'value')} into Go struct field .{name} "
            f"of type {GO_WORDS[kind]}"
        )
    if isinstance(wanted, list):
        return [each if each is None else member(name, each, wanted[0]) for each in item]
    return named(item, wanted, name) if isinstance(wanted, dict) and wanted else item
