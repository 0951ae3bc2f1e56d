"""A bare HTTP/1.1 client over a unix socket: as little of the measuring side as possible in the figures."""

from __future__ import annotations

import json
import socket
from typing import Any


class Api:
    """One kept-alive connection to an engine."""

    def __init__(self, path: str, version: str = "v1.41") -> None:
        self.path = path
        self.prefix = f"/{version}"
        self._socket: socket.socket | None = None
        self._buffer = b""

    def __call__(self, method: str, path: str, body: Any = None, timeout: float = 120) -> Any:
        """The decoded answer. Raises RuntimeError with the engine's words on a status of 400 and more."""
        data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        kind = "application/x-tar" if isinstance(body, bytes) else "application/json"
        head = f"{method} {self.prefix}{path} HTTP/1.1\r\nHost: e\r\nContent-Type: {kind}\r\n"
        head += f"Content-Length: {len(data)}\r\n\r\n"
        if self._socket is None:
            self._socket = socket.socket(socket.AF_UNIX)
            self._socket.connect(self.path)
            self._buffer = b""
        self._socket.settimeout(timeout)
        self._socket.sendall(head.encode() + data)
        status, payload, last = self._answer()
        if last:
            self.close()
        if status >= 400:
            raise RuntimeError(f"{method} {path}: {status} {payload[:300]!r}")
        try:
            return json.loads(payload) if payload else None
        except ValueError:
            return payload

    def _fill(self) -> None:
        assert self._socket is not None
        chunk = self._socket.recv(262144)
        if not chunk:
            self._socket.close()
            self._socket = None
            raise ConnectionError("the engine closed the connection")
        self._buffer += chunk

    def _line(self) -> bytes:
        while b"\r\n" not in self._buffer:
            self._fill()
        line, self._buffer = self._buffer.split(b"\r\n", 1)
        return line

    def _exactly(self, count: int) -> bytes:
        while len(self._buffer) < count:
            self._fill()
        data, self._buffer = self._buffer[:count], self._buffer[count:]
        return data

    def _answer(self) -> tuple[int, bytes, bool]:
        status = int(self._line().split()[1])
        headers = {}
        while line := self._line():
            name, _, value = line.partition(b":")
            headers[name.strip().lower()] = value.strip().lower()
        last = headers.get(b"connection") == b"close"
        if status in (204, 304):
            return status, b"", last
        if headers.get(b"transfer-encoding") == b"chunked":
            body = b""
            while size := int(self._line().split(b";")[0], 16):
                body += self._exactly(size)
                self._line()
            self._line()
            return status, body, last
        return status, self._exactly(int(headers.get(b"content-length", b"0"))), last

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None
