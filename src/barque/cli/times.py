"""Times: RFC 3339 as the daemon sends them, and the forms ``--since`` takes."""

from __future__ import annotations

import time

from barque.cli.units import parse_duration

_DAYS_BEFORE = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334)


def _days(year: int, month: int, day: int) -> int:
    before = year - 1
    days = before * 365 + before // 4 - before // 100 + before // 400 + _DAYS_BEFORE[month - 1] + day
    if month > 2 and (year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)):
        days += 1
    return days - 719163


def _zone(text: str) -> int | None:
    """Seconds east of UTC; None when the text names none."""
    if text in ("Z", "z"):
        return 0
    if text[:1] in ("+", "-") and len(text) == 6:
        seconds = int(text[1:3]) * 3600 + int(text[4:6]) * 60
        return -seconds if text[0] == "-" else seconds
    if text:
        raise ValueError(text)
    return None


def parse(text: str) -> int:
    """Nanoseconds since 1970 of an RFC 3339 time, or part of one (then local). Raises ``ValueError``."""
    date, _, clock = text.partition("T")
    year, month, day = (int(part) for part in date.split("-"))
    mark = next((place for place, character in enumerate(clock) if character in "Zz+-"), len(clock))
    zone = _zone(clock[mark:])
    parts = clock[:mark].split(":") if clock[:mark] else []
    seconds, _, fraction = (parts[2] if len(parts) > 2 else "0").partition(".")
    hour = int(parts[0]) if parts else 0
    minute = int(parts[1]) if len(parts) > 1 else 0
    if not (1 <= month <= 12 and 1 <= day <= 31 and hour < 25 and minute < 60):
        raise ValueError(text)
    total = _days(year, month, day) * 86400 + hour * 3600 + minute * 60 + int(seconds)
    if zone is None:
        zone = time.localtime(total).tm_gmtoff
    return (total - zone) * 10**9 + int(fraction.ljust(9, "0")[:9] or "0")


def seconds(text: str) -> float:
    """``parse`` in seconds; 0 for an empty or unset time."""
    if not text or text.startswith("0001-"):
        return 0.0
    return parse(text) / 1e9


def stamp(text: str) -> str:
    """A ``--since``/``--until`` value as the API wants it: ``seconds.nanoseconds``. Raises ``ValueError``."""
    if not text or text.replace(".", "", 1).lstrip("-").isdigit():
        return text
    try:
        moment = time.time_ns() - parse_duration(text)
    except ValueError:
        try:
            moment = parse(text)
        except (ValueError, IndexError):
            raise ValueError(f'failed to parse value as time or duration: "{text}"') from None
    return f"{moment // 10**9}.{moment % 10**9:09d}"


def local(moment: float) -> str:
    """``2024-01-31 10:00:00 +0100 CET``."""
    return time.strftime("%Y-%m-%d %H:%M:%S %z %Z", time.localtime(moment))
