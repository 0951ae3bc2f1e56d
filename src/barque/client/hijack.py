"""A connection after the 101 (or the old 200): bytes both ways, each direction closed by itself."""

from __future__ import annotations

import _socket

TYPE_CHECKING = False
if TYPE_CHECKING:
    from barque.client.response import Buffered

MULTIPLEXED = "application/vnd.docker.multiplexed-stream"


class Hijacked:
    """``media_type`` tells multiplexed frames from raw bytes where the daemon says it (API 1.42)."""

    def __init__(self, source: Buffered, media_type: str) -> None:
        self._connection = source.connection
        self._early = source.buffer
        self.media_type = media_type

    def fileno(self) -> int:
        return self._connection.fileno()

    def setblocking(self, flag: bool) -> None:
        self._connection.setblocking(flag)

    @property
    def pending(self) -> bool:
        """Bytes that came with the head wait to be read: a poll would not see them."""
        return bool(self._early)

    def recv(self, size: int = 65536) -> bytes:
        """The next bytes, ``b""`` at the end. A reset by the daemon is an end."""
        if self._early:
            data, self._early = self._early, b""
            return data
        try:
            return self._connection.recv(size)
        except ConnectionResetError:
            return b""

    def send(self, data: bytes | memoryview) -> int:
        return self._connection.send(data)

    def close_write(self) -> None:
        """No more bytes from us; the daemon closes the program's stdin."""
        try:
            self._connection.shutdown(_socket.SHUT_WR)
        except OSError:
            pass

    def close(self) -> None:
        self._connection.close()
