"""Docker's image filters: ``dangling``, ``label``, ``label!``, ``before``, ``since``, ``until``, ``reference``."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime

from barque.errors import InvalidArgument
from barque.images.image import Image
from barque.model.reference import Reference

Filters = Mapping[str, list[str]]
LIST_FILTERS = frozenset({"dangling", "label", "label!", "before", "since", "until", "reference"})
PRUNE_FILTERS = frozenset({"dangling", "label", "label!", "until"})

_TRUE, _FALSE = {"1", "true", "t", "True", "TRUE", "T"}, {"0", "false", "f", "False", "FALSE", "F"}
_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_DURATION = re.compile(r"(?:\d+(?:\.\d*)?(?:ns|us|µs|ms|s|m|h))+")
_DURATION_PART = re.compile(r"(\d+(?:\.\d*)?)(ns|us|µs|ms|s|m|h)")
_DATE = re.compile(r"\d{4}-\d\d-\d\d(?:T\d\d(?::\d\d(?::\d\d(?:\.\d+)?)?)?)?(?:Z|[+-]\d\d:\d\d)?")


def check_names(filters: Filters, allowed: frozenset[str]) -> None:
    """Raises ``InvalidArgument`` (``invalid filter 'x'``) for a filter this operation does not know."""
    for name in filters:
        if name not in allowed:
            raise InvalidArgument(f"invalid filter '{name}'")


def flag(filters: Filters, name: str, default: bool | None = None) -> bool | None:
    """The value of a boolean filter. Raises ``InvalidArgument`` (``invalid filter 'dangling=[x]'``)."""
    values = filters.get(name) or []
    if not values:
        return default
    wants, refuses = any(v in _TRUE for v in values), any(v in _FALSE for v in values)
    if wants == refuses:
        raise InvalidArgument(f"invalid filter '{name}=[{' '.join(values)}]'")
    return wants


def moment(text: str, now: float | None = None) -> float:
    """Seconds since the epoch of ``10m`` ago, a Unix time or (part of) an RFC 3339 date. Raises ``InvalidArgument``."""
    if _DURATION.fullmatch(text):
        ago = sum(float(number) * _UNITS[unit] for number, unit in _DURATION_PART.findall(text))
        return (time.time() if now is None else now) - ago
    if re.fullmatch(r"\d+(\.\d*)?", text):
        return float(text)
    if _DATE.fullmatch(text):
        if re.fullmatch(r".*T\d\d", text):
            text += ":00"
        try:
            when = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text))
        except ValueError:
            raise InvalidArgument(f'failed to parse value as time or duration: "{text}"') from None
        return when.timestamp() if when.tzinfo else when.replace(tzinfo=UTC).timestamp()
    raise InvalidArgument(f'failed to parse value as time or duration: "{text}"')


def until(filters: Filters) -> float | None:
    """The ``until`` filter as seconds since the epoch. Raises ``InvalidArgument`` when given twice."""
    values = filters.get("until") or []
    if len(values) > 1:
        raise InvalidArgument("more than one until filter specified")
    return moment(values[0]) if values else None


def labels_match(filters: Filters, labels: Mapping[str, str]) -> bool:
    """All ``label`` filters (``k`` or ``k=v``) hold, and no ``label!`` filter does."""
    return all(_has(labels, want) for want in filters.get("label") or []) and not any(
        _has(labels, refuse) for refuse in filters.get("label!") or []
    )


def _has(labels: Mapping[str, str], want: str) -> bool:
    key, equals, value = want.partition("=")
    return key in labels and (not equals or labels[key] == value)


def reference_matches(pattern: str, familiar: str) -> bool:
    """Go's ``path.Match`` of a pattern against the familiar reference or the familiar name alone."""
    try:
        expression = re.compile(_go_pattern(pattern), re.DOTALL)
    except (re.error, IndexError):
        raise InvalidArgument(f"syntax error in pattern: {pattern}") from None
    name = Reference.parse(familiar).familiar_name
    return bool(expression.fullmatch(familiar) or expression.fullmatch(name))


def _go_pattern(pattern: str) -> str:
    out, at = "", 0
    while at < len(pattern):
        char = pattern[at]
        at += 1
        if char == "*":
            out += "[^/]*"
        elif char == "?":
            out += "[^/]"
        elif char == "\\":
            out += re.escape(pattern[at])
            at += 1
        elif char == "[":
            end = pattern.index("]", at + 1) if "]" in pattern[at + 1 :] else -1
            if end < 0:
                raise InvalidArgument(f"syntax error in pattern: {pattern}")
            out += "[" + pattern[at:end].replace("\\", "\\\\") + "]"
            at = end + 1
        else:
            out += re.escape(char)
    return out


def created(image: Image) -> float:
    """Seconds since the epoch of an image's ``created``; 0 when it says nothing usable."""
    return epoch(image.config.get("created"))


def epoch(text: object) -> float:
    """RFC 3339 text (nanoseconds allowed) to seconds since the epoch; 0 for anything else."""
    if not isinstance(text, str):
        return 0.0
    try:
        when = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text))
        return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return 0.0
