"""The chunked transfer coding (RFC 9112, section 7.1), decoded here so that what follows a body is never parsed."""

from __future__ import annotations

import re

MAX_LINE = 16 << 10
SIZE = re.compile(rb"[0-9A-Fa-f]{1,15}")


class ChunkedDecoder:
    """``feed`` gives body bytes; once ``done``, ``rest`` is what came behind the body."""

    def __init__(self) -> None:
        self.done = False
        self.rest = b""
        self._buffer = bytearray()
        self._left = 0
        self._data_ended = False
        self._in_trailers = False

    def feed(self, data: bytes) -> bytes:
        """Raises ValueError for what is no chunked coding."""
        self._buffer += data
        out: list[bytes] = []
        while not self.done and (self._take_data(out) if self._left else self._take_line()):
            pass
        return b"".join(out)

    def _take_data(self, out: list[bytes]) -> bool:
        taken = bytes(self._buffer[: self._left])
        del self._buffer[: len(taken)]
        self._left -= len(taken)
        self._data_ended = self._left == 0
        out.append(taken)
        return bool(taken)

    def _take_line(self) -> bool:
        end = self._buffer.find(b"\r\n")
        if end > MAX_LINE or (end < 0 and len(self._buffer) > MAX_LINE):
            raise ValueError("line too long")
        if end < 0:
            return False
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 2]
        if self._data_ended:
            if line:
                raise ValueError("a chunk is longer than it says")
            self._data_ended = False
        elif self._in_trailers:
            if not line:
                self.done, self.rest = True, bytes(self._buffer)
        else:
            self._start_chunk(line)
        return True

    def _start_chunk(self, line: bytes) -> None:
        size = line.partition(b";")[0].strip()
        if not SIZE.fullmatch(size):
            raise ValueError("malformed chunk size")
        self._left = int(size, 16)
        self._in_trailers = self._left == 0
