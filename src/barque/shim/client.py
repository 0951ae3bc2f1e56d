"""One attached client: what waits to be sent to it, and how long it has not taken any."""

from __future__ import annotations

import _socket
import time

from barque.wire.frames import frame

HIGH_WATER = 1 << 20
"""More than this waiting holds the container's output back for a moment."""

STALLED = 10.0
"""Seconds without progress after which a client that holds others up is cut off."""


class Client:
    def __init__(self, connection: _socket.socket, stdin: bool, stdout: bool, stderr: bool, tty: bool) -> None:
        self.connection = connection
        self.stdin = stdin
        self.wanted = {1: stdout, 2: stderr}
        self.tty = tty
        self.waiting = bytearray()
        self.progress = time.monotonic()
        self.input_ended = False
        self.finishing = False

    def offer(self, stream: int, data: bytes) -> None:
        """Queue output if this client wants the stream."""
        if self.wanted.get(stream):
            if not self.waiting:
                self.progress = time.monotonic()
            self.waiting += data if self.tty else frame(stream, data)

    def flush(self) -> bool:
        """Send what the socket takes; False when the client is gone."""
        while self.waiting:
            try:
                sent = self.connection.send(memoryview(self.waiting)[:262144])
            except BlockingIOError:
                return True
            except OSError:
                return False
            del self.waiting[:sent]
            self.progress = time.monotonic()
        return True

    @property
    def full(self) -> bool:
        return len(self.waiting) > HIGH_WATER

    @property
    def stalled(self) -> bool:
        return bool(self.waiting) and time.monotonic() - self.progress > STALLED
