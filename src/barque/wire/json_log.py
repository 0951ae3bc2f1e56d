"""Docker's json-file format: one object per line with ``log``, ``stream``, ``attrs`` (when set) and ``time``.

A piece without a newline at its end is partial: the line was longer than 16 KiB.
"""

from __future__ import annotations

import json
import re
import time
from typing import Any

_ESCAPED = re.compile(r"[<>&\u2028\u2029]")
_quote = json.encoder.encode_basestring


def timestamp(nanoseconds: int) -> str:
    """RFC 3339 with nanoseconds, UTC, trailing zeros cut as Go does."""
    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    fraction = f".{rest:09d}".rstrip("0").rstrip(".")
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + fraction + "Z"


def encode(data: bytes, stream: str, at: str, attrs: str = "") -> bytes:
    """One log line; ``attrs`` is an already encoded JSON object or empty."""
    text = data.decode("utf-8", "replace")
    quoted = _quote(text)
    if _ESCAPED.search(quoted):
        quoted = _ESCAPED.sub(lambda m: f"\\u{ord(m.group()):04x}", quoted)
    middle = f',"attrs":{attrs}' if attrs else ""
    return f'{{"log":{quoted},"stream":"{stream}"{middle},"time":"{at}"}}\n'.encode()


def decode(line: bytes) -> dict[str, Any] | None:
    """The object of a line; None for a line that a crash cut short."""
    try:
        value = json.loads(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) and "log" in value else None


def seconds_of(text: str) -> float:
    """Unix seconds of an RFC 3339 time as ``timestamp`` writes it."""
    whole, _, fraction = text.rstrip("Z").partition(".")
    base = calendar_seconds(whole)
    return base + (float(f"0.{fraction}") if fraction else 0.0)


def calendar_seconds(text: str) -> int:
    """Unix seconds of ``2006-01-02T15:04:05`` in UTC."""
    year, month, day = int(text[:4]), int(text[5:7]), int(text[8:10])
    hour, minute, second = int(text[11:13]), int(text[14:16]), int(text[17:19])
    before = year - (month <= 2)
    # days since 0000-03-01 in the Gregorian calendar, which is 719468 days before 1970-01-01
    days = before * 365 + before // 4 - before // 100 + before // 400
    days += (153 * ((month + 9) % 12) + 2) // 5 + day - 1 - 719468
    return days * 86400 + hour * 3600 + minute * 60 + second
