"""The daemon's own log: one line per event on stderr, in dockerd's form (logfmt)."""

from __future__ import annotations

import json
import sys
import time

LEVELS = {"debug": 0, "info": 1, "warn": 2, "error": 3, "fatal": 4}
SHOWN = {"warn": "warning"}


def line(level: str, text: str, at: int) -> str:
    """``at`` in nanoseconds since the epoch."""
    seconds, rest = divmod(at, 1_000_000_000)
    when = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{rest:09d}Z"
    return f'time="{when}" level={SHOWN.get(level, level)} msg={json.dumps(text, ensure_ascii=False)}\n'


class Logger:
    """Called with ``(level, text)``, it writes a line when ``--log-level`` (or ``--debug``) wants it."""

    def __init__(self, level: str, debug: bool) -> None:
        self.wants(level, debug)

    def wants(self, level: str, debug: bool) -> None:
        """From now on."""
        self._least = LEVELS["debug" if debug else level]

    def __call__(self, level: str, text: str) -> None:
        if LEVELS[level] >= self._least:
            sys.stderr.write(line(level, text, time.time_ns()))
            sys.stderr.flush()
