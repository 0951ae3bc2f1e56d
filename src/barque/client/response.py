"""One HTTP/1.1 answer: the head, parsed, and its body in any of the three framings."""

from __future__ import annotations

from barque.client import codec
from barque.client.errors import CannotConnect

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from barque.client.transport import Connection

_CHUNK = 65536


class Buffered:
    """A connection with the bytes read from it and not used yet."""

    __slots__ = ("buffer", "connection")

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.buffer = b""

    def more(self) -> bool:
        data = self.connection.recv(_CHUNK)
        self.buffer += data
        return bool(data)

    def until(self, mark: bytes) -> bytes:
        while True:
            position = self.buffer.find(mark)
            if position >= 0:
                found = self.buffer[:position]
                self.buffer = self.buffer[position + len(mark) :]
                return found
            if not self.more():
                raise CannotConnect("error during connect: EOF", "EOF")

    def take(self, limit: int) -> bytes:
        """Between 1 and ``limit`` bytes; ``b""`` at the end."""
        if not self.buffer and not self.more():
            return b""
        found = self.buffer[:limit]
        self.buffer = self.buffer[limit:]
        return found


class Response:
    """``status``, ``headers`` (lower-case names) and a body to read once."""

    def __init__(self, source: Buffered, method: str, done: Callable[[bool], None]) -> None:
        self._source = source
        self._done = done
        self._finished = False
        head = source.until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        words = head[0].split(" ", 2)
        if len(words) < 2 or not words[0].startswith("HTTP/1") or not words[1].isdigit():
            raise CannotConnect(f"error during connect: malformed HTTP response {head[0]!r}", "malformed HTTP response")
        self.status = int(words[1])
        self.headers: dict[str, str] = {}
        for line in head[1:]:
            name, _, value = line.partition(":")
            self.headers[name.lower()] = value.strip()
        self._keep = self.headers.get("connection", "").lower() != "close" and words[0] != "HTTP/1.0"
        self._bodyless = method == "HEAD" or self.status in (204, 304) or 100 <= self.status < 200
        if self._bodyless and self.status >= 200:
            self._finish(self._keep)

    def _finish(self, reusable: bool) -> None:
        if not self._finished:
            self._finished = True
            self._done(reusable)

    def take_over(self) -> Buffered:
        """The connection itself, for the raw bytes that follow this head."""
        self._finished = True
        return self._source

    def waiting_on(self) -> int:
        """The descriptor to poll before reading on; -1 when bytes are here already, or none will come."""
        return -1 if self._finished or self._source.buffer else self._source.connection.fileno()

    def close(self) -> None:
        """Give the connection up, whatever of the body is left."""
        self._finish(False)

    def chunks(self) -> Iterator[bytes]:
        """The body as it arrives. Raises ``CannotConnect`` when the connection breaks inside it."""
        if self._finished:
            return
        if self.headers.get("transfer-encoding", "").lower() == "chunked":
            yield from self._chunked()
        elif "content-length" in self.headers:
            left = int(self.headers["content-length"])
            while left:
                data = self._source.take(min(left, _CHUNK))
                if not data:
                    self._finish(False)
                    raise CannotConnect("unexpected EOF", "unexpected EOF")
                left -= len(data)
                if not left:
                    self._finish(self._keep)
                yield data
        else:
            while data := self._source.take(_CHUNK):
                yield data
            self._keep = False
        self._finish(self._keep)

    def _chunked(self) -> Iterator[bytes]:
        source = self._source
        while True:
            try:
                left = int(source.until(b"\r\n").split(b";")[0], 16)
            except (ValueError, CannotConnect):
                self._finish(False)
                raise CannotConnect("unexpected EOF", "unexpected EOF") from None
            if left == 0:
                while source.until(b"\r\n"):
                    pass
                return
            while left:
                data = source.take(min(left, _CHUNK))
                if not data:
                    self._finish(False)
                    raise CannotConnect("unexpected EOF", "unexpected EOF")
                left -= len(data)
                yield data
            source.until(b"\r\n")

    def read(self) -> bytes:
        return b"".join(self.chunks())

    def json(self) -> Any:
        """The body as one JSON value; None when it is empty."""
        body = self.read()
        return codec.loads(body) if body.strip() else None

    def lines(self) -> Iterator[Any]:
        """The body as a stream of JSON values."""
        return codec.values(self.chunks())
