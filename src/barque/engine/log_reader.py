"""Reading a log: over rotated files, from the end for ``tail``, and on as it grows."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator
from typing import NamedTuple

from barque.wire import json_log

BLOCK = 1 << 16


class Entry(NamedTuple):
    """One piece of a line; ``data`` ends with a newline unless it is partial."""

    data: bytes
    stream: str
    time: str
    attrs: dict[str, str]

    @property
    def seconds(self) -> float:
        return json_log.seconds_of(self.time)


def _entry(line: bytes) -> Entry | None:
    value = json_log.decode(line)
    if value is None:
        return None
    text = value["log"].encode("utf-8", "surrogatepass")
    return Entry(text, value.get("stream", "stdout"), value.get("time", ""), value.get("attrs") or {})


def files(path: str) -> list[str]:
    """The log's files that exist, oldest first."""
    found = [path] if os.path.exists(path) else []
    number = 1
    while True:
        older = next((name for name in (f"{path}.{number}", f"{path}.{number}.gz") if os.path.exists(name)), None)
        if older is None:
            return found[::-1]
        found.append(older)
        number += 1


def _lines_backwards(path: str) -> Iterator[bytes]:
    if path.endswith(".gz"):
        with gzip.open(path) as packed:
            yield from reversed(packed.read().splitlines(keepends=True))
        return
    with open(path, "rb") as file:
        position = file.seek(0, os.SEEK_END)
        rest = b""
        while position > 0:
            size = min(BLOCK, position)
            position -= size
            file.seek(position)
            parts = (file.read(size) + rest).splitlines(keepends=True)
            rest = parts.pop(0) if position else b""
            yield from reversed(parts)


def _lines(path: str) -> Iterator[bytes]:
    with gzip.open(path) if path.endswith(".gz") else open(path, "rb") as file:
        yield from file


def read(path: str, since: float = 0, until: float = 0, tail: int = -1) -> list[Entry] | Iterator[Entry]:
    """Entries in order, of both streams; ``tail`` counts the last ones (-1: all)."""
    if tail < 0:
        return _read_all(path, since, until)
    kept: list[Entry] = []
    if tail == 0:
        return kept
    for name in reversed(files(path)):
        for line in _lines_backwards(name):
            entry = _entry(line)
            if entry is None or (until and entry.seconds > until):
                continue
            if since and entry.seconds < since:
                return kept[::-1]
            kept.append(entry)
            if len(kept) >= tail:
                return kept[::-1]
    return kept[::-1]


def _read_all(path: str, since: float, until: float) -> Iterator[Entry]:
    for name in files(path):
        for line in _lines(name):
            entry = _entry(line)
            if entry is None or (since and entry.seconds < since):
                continue
            if until and entry.seconds > until:
                return
            yield entry


class Follower:
    """What is appended after a moment: ``more`` gives what is new, over rotation, and never half a line."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.file = open(path, "rb")  # noqa: SIM115 - closed by close()
        self.file.seek(0, os.SEEK_END)
        self.rest = b""

    def from_start(self) -> None:
        self.file.seek(0)

    def more(self) -> list[Entry]:
        """New whole entries."""
        found = self._drain()
        try:
            now = os.stat(self.path)
        except FileNotFoundError:
            return found
        ours = os.fstat(self.file.fileno())
        if now.st_ino != ours.st_ino:
            self.file.close()
            self.file = open(self.path, "rb")  # noqa: SIM115
            self.rest = b""
            found += self._drain()
        elif now.st_size < self.file.tell():
            self.file.seek(0)
        return found

    def _drain(self) -> list[Entry]:
        data = self.rest + self.file.read()
        end = data.rfind(b"\n") + 1
        self.rest = data[end:]
        return [entry for line in data[:end].splitlines(keepends=True) if (entry := _entry(line)) is not None]

    def close(self) -> None:
        self.file.close()
