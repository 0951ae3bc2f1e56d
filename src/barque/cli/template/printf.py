"""Go's ``fmt`` verbs over template values."""

from __future__ import annotations

from barque.cli.template import values

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any


def sprint(items: Sequence[Any]) -> str:
    """``fmt.Sprint``: a space only between two operands that are not strings."""
    parts: list[str] = []
    for place, item in enumerate(items):
        if place and not isinstance(item, str) and not isinstance(items[place - 1], str):
            parts.append(" ")
        parts.append(values.text(item, True))
    return "".join(parts)


def quoted(value: str) -> str:
    """``%q``."""
    escapes = {
        "\n": "\\n",
        "\t": "\\t",
        "\r": "\\r",
        '"': '\\"',
        "\\": "\\\\",
        "\a": "\\a",
        "\b": "\\b",
        "\f": "\\f",
        "\v": "\\v",
    }
    return '"' + "".join(escapes.get(c, c if c.isprintable() else f"\\x{ord(c):02x}") for c in value) + '"'


def _verb(verb: str, value: Any, flags: str, precision: int | None) -> str:
    if verb in ("v", "s"):
        shown = values.text(value, True)
        wrong = verb == "s" and isinstance(value, (int, float, bool)) and not isinstance(value, str)
        if wrong:
            return f"%!s({values.kind(value)}={shown})"
        return shown if precision is None else shown[:precision]
    if verb == "q" and isinstance(value, str):
        return quoted(value)
    if verb == "t" and isinstance(value, bool):
        return values.text(value)
    if verb == "T":
        return values.kind(value)
    if verb in "dxXobc" and isinstance(value, int) and not isinstance(value, bool):
        shown = chr(value) if verb == "c" else format(value, verb)
        return "+" + shown if "+" in flags and value >= 0 and verb != "c" else shown
    if verb in "xX" and isinstance(value, str):
        return value.encode().hex() if verb == "x" else value.encode().hex().upper()
    if verb in "feEgG" and isinstance(value, float):
        if verb == "g" and precision is None:
            return values.float_text(value)
        return format(value, f"{'+' if '+' in flags else ''}.{6 if precision is None else precision}{verb}")
    return f"%!{verb}({values.kind(value)}={values.text(value, True)})"


def sprintf(form: str, *items: Any) -> str:
    """``fmt.Sprintf`` with its notes in the text about wrong and missing arguments."""
    parts: list[str] = []
    position = used = 0
    while position < len(form):
        start = form.find("%", position)
        if start < 0:
            parts.append(form[position:])
            break
        parts.append(form[position:start])
        position = start + 1
        begin = position
        while position < len(form) and form[position] in "+-# 0":
            position += 1
        flags = form[begin:position]
        begin = position
        while position < len(form) and form[position].isdigit():
            position += 1
        width = int(form[begin:position] or 0)
        precision: int | None = None
        if form[position : position + 1] == ".":
            begin = position = position + 1
            while position < len(form) and form[position].isdigit():
                position += 1
            precision = int(form[begin:position] or 0)
        if position >= len(form):
            parts.append("%!(NOVERB)")
            break
        verb = form[position]
        position += 1
        if verb == "%":
            parts.append("%")
            continue
        if used >= len(items):
            parts.append(f"%!{verb}(MISSING)")
            continue
        shown = _verb(verb, items[used], flags, precision)
        used += 1
        if "-" in flags:
            parts.append(shown.ljust(width))
        else:
            parts.append(shown.zfill(width) if "0" in flags else shown.rjust(width))
    if used < len(items):
        rest = ", ".join(f"{values.kind(item)}={values.text(item, True)}" for item in items[used:])
        parts.append(f"%!(EXTRA {rest})")
    return "".join(parts)
