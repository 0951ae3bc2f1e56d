"""JSON by the interpreter's C accelerator, without the ``json`` package and the ``re`` it pulls in."""

from __future__ import annotations

import _json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

_CONSTANTS = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}


class _Reading:
    strict = False
    object_hook = None
    object_pairs_hook = None
    parse_float = float
    parse_int = int
    parse_constant = staticmethod(_CONSTANTS.__getitem__)
    memo: dict[str, str] = {}


_scan: Any = _json.make_scanner(_Reading)  # type: ignore[attr-defined, arg-type, unused-ignore]


def _refuse(value: object) -> object:
    raise TypeError(f"{type(value).__name__} has no JSON form")


_encode: Any = _json.make_encoder(  # type: ignore[attr-defined, unused-ignore]
    None,
    _refuse,
    _json.encode_basestring,
    None,
    ":",
    ",",
    False,
    False,
    True,  # type: ignore[attr-defined, arg-type, unused-ignore]
)


def loads(data: bytes | str) -> Any:
    """The value of one JSON text. Raises ``ValueError``."""
    text = data.decode("utf-8", "replace") if isinstance(data, bytes) else data
    text = text.strip()
    try:
        value, end = _scan(text, 0)
    except StopIteration:
        raise ValueError("invalid JSON") from None
    if end != len(text):
        raise ValueError("invalid JSON: something follows the value")
    return value


def dumps(value: object) -> str:
    """Compact JSON, keys in their order, characters outside ASCII as they are."""
    return "".join(_encode(value, 0))


def values(chunks: Iterator[bytes]) -> Iterator[Any]:
    """The values of a stream of JSON texts, however they are cut and separated (newlines or nothing)."""
    buffer = ""
    pending = b""
    for chunk in chunks:
        pending += chunk
        # a value may be cut inside a character: keep what does not decode yet
        try:
            buffer += pending.decode()
            pending = b""
        except UnicodeDecodeError as error:
            if len(pending) - error.start > 3:
                buffer += pending.decode("utf-8", "replace")
                pending = b""
            else:
                buffer += pending[: error.start].decode()
                pending = pending[error.start :]
        position = 0
        while True:
            while position < len(buffer) and buffer[position] in " \t\r\n":
                position += 1
            if position == len(buffer):
                break
            try:
                value, position = _scan(buffer, position)
            except (StopIteration, ValueError):
                break
            yield value
        buffer = buffer[position:]
    if buffer.strip():
        raise ValueError("unexpected EOF")
