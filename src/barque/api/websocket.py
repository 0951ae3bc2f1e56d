"""The framing of RFC 6455, as much as attach needs: binary and text frames, ping, close."""

from __future__ import annotations

import base64
import hashlib
import struct

from barque.model.requests import Duplex

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
MAX_FRAME = 16 << 20
BINARY, CLOSE, PING, PONG = 2, 8, 9, 10


def accept_key(key: str) -> str:
    """Sec-WebSocket-Accept for a client's key (section 4.2.2)."""
    return base64.b64encode(hashlib.sha1((key + GUID).encode()).digest()).decode()


def frame(kind: int, data: bytes) -> bytes:
    """One final, unmasked frame."""
    length = len(data)
    if length < 126:
        return bytes((0x80 | kind, length)) + data
    if length < 1 << 16:
        return bytes((0x80 | kind, 126)) + struct.pack(">H", length) + data
    return bytes((0x80 | kind, 127)) + struct.pack(">Q", length) + data


def unmask(data: bytes, mask: bytes) -> bytes:
    """One operation on a large number is much faster than a loop over the bytes."""
    key = (mask * (len(data) // 4 + 1))[: len(data)]
    return (int.from_bytes(data, "big") ^ int.from_bytes(key, "big")).to_bytes(len(data), "big")


def unframe(buffer: bytearray) -> tuple[int, bytes] | None:
    """Take one frame from the front of the buffer; None while it is not whole."""
    if len(buffer) < 2:
        return None
    kind, length, at = buffer[0] & 0x0F, buffer[1] & 0x7F, 2
    masked = buffer[1] & 0x80
    if length >= 126:
        size = 2 if length == 126 else 8
        if len(buffer) < 2 + size:
            return None
        length, at = int.from_bytes(buffer[2 : 2 + size], "big"), 2 + size
    if length > MAX_FRAME:
        raise ConnectionError("a websocket frame is too large")
    end = at + (4 if masked else 0) + length
    if len(buffer) < end:
        return None
    data = bytes(buffer[end - length : end])
    if masked:
        data = unmask(data, bytes(buffer[at : at + 4]))
    del buffer[:end]
    return kind, data


class WebSocketDuplex:
    """A raw connection seen through frames."""

    def __init__(self, inner: Duplex) -> None:
        self._inner = inner
        self._buffer = bytearray()

    async def read(self) -> bytes:
        while True:
            while (found := unframe(self._buffer)) is not None:
                kind, data = found
                if kind == CLOSE:
                    return b""
                if kind == PING:
                    await self._inner.write(frame(PONG, data))
                elif kind != PONG and data:
                    return data
            more = await self._inner.read()
            if not more:
                return b""
            self._buffer += more

    async def write(self, data: bytes) -> None:
        await self._inner.write(frame(BINARY, data))

    async def write_eof(self) -> None:
        await self._inner.write(frame(CLOSE, struct.pack(">H", 1000)))
        await self._inner.write_eof()
