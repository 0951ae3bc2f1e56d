"""The functions a template may call: Go's own and docker's."""

from __future__ import annotations

from barque.cli.template import printf, values
from barque.cli.template.errors import TemplateError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def _index(value: Any, *keys: Any) -> Any:
    for key in keys:
        if value is None or isinstance(value, values.Missing):
            raise TemplateError("error calling index: index of untyped nil")
        if isinstance(value, dict):
            value = value.get(key, values.MISSING)
        elif isinstance(value, (list, str)):
            if isinstance(key, bool) or not isinstance(key, int):
                raise TemplateError(f"error calling index: cannot index slice/array with type {values.kind(key)}")
            if not 0 <= key < len(value):
                raise TemplateError(f"error calling index: index out of range: {key}")
            value = value[key] if isinstance(value, list) else value.encode()[key]
        else:
            raise TemplateError(f"error calling index: can't index item of type {values.kind(value)}")
    return value


def _slice(value: Any, *bounds: Any) -> Any:
    if not isinstance(value, (list, str)):
        raise TemplateError(f"error calling slice: can't slice item of type {values.kind(value)}")
    if len(bounds) > 3:
        raise TemplateError(f"error calling slice: too many slice indexes: {len(bounds)}")
    limits = [0, len(value)]
    for place, bound in enumerate(bounds[:2]):
        if not isinstance(bound, int) or not 0 <= bound <= len(value):
            raise TemplateError(f"error calling slice: index out of range: {bound}")
        limits[place] = bound
    if limits[0] > limits[1]:
        raise TemplateError(f"error calling slice: invalid slice index: {limits[0]} > {limits[1]}")
    return value[limits[0] : limits[1]]


def _len(value: Any) -> int:
    if isinstance(value, str):
        return len(value.encode())
    if isinstance(value, (list, dict)):
        return len(value)
    if isinstance(value, values.Nil):
        return 0
    raise TemplateError(f"error calling len: len of {'nil pointer' if not value else 'type ' + values.kind(value)}")


def _numeric(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _comparable(name: str, left: Any, right: Any) -> None:
    if _numeric(left) and _numeric(right):
        return
    if type(left) is not type(right):
        raise TemplateError(f"error calling {name}: incompatible types for comparison")


def _eq(first: Any, *others: Any) -> bool:
    if not others:
        raise TemplateError("error calling eq: missing argument for comparison")
    for other in others:
        nothing = [item is None or isinstance(item, values.Missing) for item in (first, other)]
        if any(nothing):
            if all(nothing):
                return True
            continue
        _comparable("eq", first, other)
        if first == other:
            return True
    return False


def _lt(left: Any, right: Any, name: str = "lt") -> bool:
    _comparable(name, left, right)
    if not isinstance(left, (int, float, str)) or isinstance(left, bool):
        raise TemplateError(f"error calling {name}: invalid type for comparison")
    return bool(left < right)


def _json(value: Any) -> str:
    from barque.cli import pretty
    from barque.client import codec

    text = codec.dumps(values.plain(value))
    return pretty.escaped(text) if isinstance(value, values.Record) else text


def _string(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise TemplateError(f"error calling {name}: wrong type for value; expected string; got {values.kind(value)}")
    return value


def _join(items: Any, separator: str) -> str:
    if not isinstance(items, list):
        raise TemplateError(f"error calling join: expected []string; found {values.kind(items)}")
    return separator.join(values.text(item, True) for item in items)


def _title(value: Any) -> str:
    return " ".join(word[:1].upper() + word[1:] for word in _string(value, "title").split(" "))


def _pad(value: Any, before: int, after: int) -> str:
    shown = _string(value, "pad")
    return " " * before + shown + " " * after if shown else shown


def _truncate(value: Any, length: int) -> str:
    return _string(value, "truncate")[:length]


_HTML = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&#34;", "'": "&#39;", "\0": "\ufffd"}


def _html(*items: Any) -> str:
    return "".join(_HTML.get(character, character) for character in printf.sprint(items))


def _js(*items: Any) -> str:
    escapes = {
        "\\": "\\\\",
        "'": "\\'",
        '"': '\\"',
        "<": "\\u003C",
        ">": "\\u003E",
        "&": "\\u0026",
        "=": "\\u003D",
        "\n": "\\u000A",
    }
    return "".join(escapes.get(character, character) for character in printf.sprint(items))


def _urlquery(*items: Any) -> str:
    from barque.client.client import quote

    return quote(printf.sprint(items), " ").replace(" ", "+")


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "and": lambda *items: next((item for item in items if not item), items[-1]),
    "or": lambda *items: next((item for item in items if item), items[-1]),
    "not": lambda value: not value,
    "eq": _eq,
    "ne": lambda left, right: not _eq(left, right),
    "lt": _lt,
    "le": lambda left, right: _lt(left, right, "le") or left == right,
    "gt": lambda left, right: not (_lt(left, right, "gt") or left == right),
    "ge": lambda left, right: not _lt(left, right, "ge"),
    "index": _index,
    "slice": _slice,
    "len": _len,
    "print": lambda *items: printf.sprint(items),
    "printf": printf.sprintf,
    "println": lambda *items: " ".join(values.text(item, True) for item in items) + "\n",
    "html": _html,
    "js": _js,
    "urlquery": _urlquery,
    "json": _json,
    "split": lambda value, separator: _string(value, "split").split(separator) if separator else list(value),
    "join": _join,
    "title": _title,
    "lower": lambda value: _string(value, "lower").lower(),
    "upper": lambda value: _string(value, "upper").upper(),
    "pad": _pad,
    "truncate": _truncate,
}
