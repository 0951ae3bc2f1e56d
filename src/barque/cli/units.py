"""Sizes and durations, read and shown in Docker's words."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_BINARY = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40, "p": 1 << 50}
_DURATIONS = {
    "ns": 1,
    "us": 10**3,
    "µs": 10**3,
    "μs": 10**3,
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
}
_DECIMAL_NAMES = ("B", "kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB")
_BINARY_NAMES = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB")


def parse_size(text: str) -> int:
    """Bytes of ``512m``, ``1.5g``, ``100``, ``2kib``: binary multiples. Raises ``ValueError`` with Docker's text."""
    digits = text.rstrip("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
    unit = text[len(digits) :].lower()
    number = digits.removesuffix(" ")
    unit = unit.removesuffix("ib") if unit.endswith("ib") and len(unit) == 3 else unit.removesuffix("b")
    if unit not in _BINARY or not number or not all(c.isdigit() or c == "." for c in number.removeprefix("-")):
        raise ValueError(f"invalid size: '{text}'")
    try:
        value = float(number)
    except ValueError:
        raise ValueError(f"invalid size: '{text}'") from None
    if value < 0:
        raise ValueError(f"invalid size: '{text}'")
    return int(number) * _BINARY[unit] if number.isdigit() else int(value * _BINARY[unit])


def parse_duration(text: str) -> int:
    """Nanoseconds of a Go duration (``1h2m3.5s``). Raises ``ValueError`` with Go's text."""
    rest = text[1:] if text[:1] in ("-", "+") else text
    if rest == "0":
        return 0
    if not rest:
        raise ValueError(f'time: invalid duration "{text}"')
    total = 0
    while rest:
        end = 0
        while end < len(rest) and (rest[end].isdigit() or rest[end] == "."):
            end += 1
        number, rest = rest[:end], rest[end:]
        end = 0
        while end < len(rest) and not rest[end].isdigit() and rest[end] != ".":
            end += 1
        unit, rest = rest[:end], rest[end:]
        if not number.strip(".") or number.count(".") > 1:
            raise ValueError(f'time: invalid duration "{text}"')
        if not unit:
            raise ValueError(f'time: missing unit in duration "{text}"')
        if unit not in _DURATIONS:
            raise ValueError(f'time: unknown unit "{unit}" in duration "{text}"')
        whole, _, fraction = number.partition(".")
        scale = _DURATIONS[unit]
        total += int(whole or "0") * scale + (int(fraction) * scale // 10 ** len(fraction) if fraction else 0)
    return -total if text.startswith("-") else total


def _scaled(size: float, step: float, names: Sequence[str]) -> tuple[float, str]:
    place = 0
    while size >= step and place < len(names) - 1:
        size /= step
        place += 1
    return size, names[place]


def _significant(value: float, digits: int) -> str:
    """``%.<digits>g``."""
    return f"{value:.{digits}g}" if value < 10**digits else f"{value:.0f}" if digits > 3 else f"{value:.{digits}g}"


def decimal_size(size: float, precision: int = 4) -> str:
    """``4.26MB``: powers of 1000, significant digits."""
    value, unit = _scaled(size, 1000.0, _DECIMAL_NAMES)
    return f"{value:.{precision}g}{unit}"


def binary_size(size: float) -> str:
    """``15.5GiB``: powers of 1024, four significant digits."""
    value, unit = _scaled(size, 1024.0, _BINARY_NAMES)
    return f"{value:.4g}{unit}"


def human_duration(seconds: float) -> str:
    """``About a minute``, ``3 weeks``: Docker's coarse words for how long."""
    whole = int(seconds)
    if whole < 1:
        return "Less than a second"
    if whole == 1:
        return "1 second"
    if whole < 60:
        return f"{whole} seconds"
    minutes = whole // 60
    if minutes == 1:
        return "About a minute"
    if minutes < 60:
        return f"{minutes} minutes"
    # hours are rounded to the nearest, everything else is cut
    hours = int(seconds / 3600 + 0.5)
    if hours == 1:
        return "About an hour"
    if hours < 48:
        return f"{hours} hours"
    if hours < 24 * 7 * 2:
        return f"{hours // 24} days"
    if hours < 24 * 30 * 2:
        return f"{hours // 24 // 7} weeks"
    if hours < 24 * 365 * 2:
        return f"{hours // 24 // 30} months"
    return f"{int(seconds / 3600) // 24 // 365} years"
