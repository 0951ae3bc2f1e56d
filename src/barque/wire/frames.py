"""Docker's multiplexed stream: an 8-byte header (stream number, three zeros, big-endian length) before each piece."""

from __future__ import annotations

import struct

STDIN, STDOUT, STDERR, SYSTEM = 0, 1, 2, 3
_HEADER = struct.Struct(">BxxxI")


def frame(stream: int, data: bytes) -> bytes:
    return _HEADER.pack(stream, len(data)) + data


class Splitter:
    """Bytes in, whole ``(stream, data)`` frames out."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        self._buffer += data
        out = []
        while len(self._buffer) >= 8:
            stream, length = _HEADER.unpack_from(self._buffer)
            if len(self._buffer) < 8 + length:
                break
            out.append((stream, bytes(self._buffer[8 : 8 + length])))
            del self._buffer[: 8 + length]
        return out
