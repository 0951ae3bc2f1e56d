"""Output into the json-file log, with rotation as Docker names the files: ``x.log``, ``x.log.1``, ``x.log.2.gz``."""

from __future__ import annotations

import contextlib
import os
import time
import zlib

from barque.wire import json_log

PARTIAL = 16 * 1024
"""Docker's limit for one piece of a line, bytes."""

NAMES = {1: "stdout", 2: "stderr"}
_SAFE = bytes(b for b in range(0x20, 0x7F) if b not in b'"\\<>&') + b"\n"
"""Bytes that stand in a JSON string as they are, and the newline."""


class Writer:
    """Appends; a line is on disk when ``write`` returns, but for the unfinished end of a line."""

    def __init__(
        self, path: str, max_size: int = 0, max_file: int = 1, compress: bool = False, attrs: str = ""
    ) -> None:
        self.path = path
        self.max_size = max_size
        self.max_file = max(1, max_file)
        self.compress = compress
        self.attrs = attrs
        self.pending: dict[int, bytes] = {}
        self.fd = -1
        self.size = 0
        self._open()

    def _open(self) -> None:
        self.fd = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o640)
        self.size = os.fstat(self.fd).st_size

    def write(self, stream: int, data: bytes) -> None:
        """Output of a stream (1 or 2). Whole lines are written at once; a long one in pieces of 16 KiB."""
        data = self.pending.pop(stream, b"") + data
        end = data.rfind(b"\n") + 1
        whole, rest = data[:end], data[end:]
        if len(rest) >= PARTIAL:
            cut = len(rest) - len(rest) % PARTIAL
            whole, rest = whole + rest[:cut], rest[cut:]
        if rest:
            self.pending[stream] = rest
        if whole:
            self._append(self._encode(stream, whole))

    def flush(self) -> None:
        """The unfinished ends, as partial pieces."""
        for stream, data in self.pending.items():
            self._append(self._encode(stream, data))
        self.pending.clear()

    def _encode(self, stream: int, data: bytes) -> bytes:
        at = json_log.timestamp(time.time_ns())
        name = NAMES[stream]
        if data.endswith(b"\n") and not data.translate(None, _SAFE) and not _has_long_line(data):
            # every line becomes an object by one replacement in C
            middle = f',"attrs":{self.attrs}' if self.attrs else ""
            after = f'\\n","stream":"{name}"{middle},"time":"{at}"}}\n'.encode()
            before = b'{"log":"'
            return before + data[:-1].replace(b"\n", after + before) + after
        out = []
        for line in data.splitlines(keepends=True) if b"\r" not in data else _lines(data):
            for start in range(0, len(line), PARTIAL):
                out.append(json_log.encode(line[start : start + PARTIAL], name, at, self.attrs))
        return b"".join(out)

    def _append(self, data: bytes) -> None:
        if self.max_size and self.size and self.size + len(data) > self.max_size:
            self._rotate()
        view = memoryview(data)
        while view:
            try:
                written = os.write(self.fd, view)
            except OSError:
                return  # a full disk loses log lines, never the container
            view = view[written:]
            self.size += written

    def _rotate(self) -> None:
        os.close(self.fd)
        suffix = ".gz" if self.compress else ""
        with contextlib.suppress(OSError):
            if self.max_file == 1:
                os.truncate(self.path, 0)
            else:
                for number in range(self.max_file - 1, 1, -1):
                    with contextlib.suppress(FileNotFoundError):
                        os.replace(f"{self.path}.{number - 1}{suffix}", f"{self.path}.{number}{suffix}")
                os.replace(self.path, f"{self.path}.1")
                if self.compress:
                    _compress(f"{self.path}.1")
        self._open()

    def close(self) -> None:
        self.flush()
        os.close(self.fd)


def _compress(path: str) -> None:
    """``path`` becomes ``path.gz``."""
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)  # 31: with gzip's header and trailer
    with open(path, "rb") as source, open(f"{path}.gz", "wb") as target:
        while data := source.read(1 << 20):
            target.write(packer.compress(data))
        target.write(packer.flush())
    os.unlink(path)


def _lines(data: bytes) -> list[bytes]:
    """Split after newlines only: a carriage return is no line's end here."""
    parts = data.split(b"\n")
    return [part + b"\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])


def _has_long_line(data: bytes) -> bool:
    if len(data) <= PARTIAL:
        return False
    start = 0
    while (end := data.find(b"\n", start)) >= 0:
        if end - start >= PARTIAL:
            return True
        # jump: a line that ends within the next window cannot be too long
        near = data.rfind(b"\n", start, start + PARTIAL)
        start = (near if near > start else end) + 1
    return False
