"""One client connection: HTTP/1.1 heads by llhttp, one request at a time, raw bytes after a hijack.

A head is fed to llhttp alone and a body is sliced here by its Content-Length: what follows them may be raw. While a
handler runs, what the client sends is kept, so that nothing is lost when it hijacks.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from urllib.parse import unquote

import httptools

from barque.api.request import Request, parse_query
from barque.api.response import Hijack, Response

HIGH_WATER = 1 << 20
MAX_HEAD = 1 << 20
REASONS = {
    101: "UPGRADED", 200: "OK", 201: "Created", 204: "No Content", 304: "Not Modified", 400: "Bad Request",
    401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 409: "Conflict", 431: "Request Header Fields Too Large",
    500: "Internal Server Error", 501: "Not Implemented", 503: "Service Unavailable",
}  # fmt: skip

Handler = Callable[[Request], Awaitable[Response | Hijack]]


class Pipe:
    """Bytes from the protocol to a reader, with a mark where the sender is asked to wait."""

    def __init__(self, pause: Callable[[], None], resume: Callable[[], None]) -> None:
        self._parts: deque[bytes] = deque()
        self._size = 0
        self._ended = False
        self._waiter: asyncio.Future[None] | None = None
        self._pause, self._resume = pause, resume

    def feed(self, data: bytes) -> None:
        self._parts.append(data)
        self._size += len(data)
        if self._size > HIGH_WATER:
            self._pause()
        self._wake()

    def end(self) -> None:
        self._ended = True
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def read(self) -> bytes:
        while not self._parts:
            if self._ended:
                return b""
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        data = b"".join(self._parts)
        self._parts.clear()
        self._size = 0
        self._resume()
        return data

    async def chunks(self) -> AsyncIterator[bytes]:
        while data := await self.read():
            yield data


class Connection(asyncio.Protocol):
    """Also the ``Duplex`` of a hijacked connection."""

    def __init__(self, handle: Handler, headers: Callable[[], bytes], connections: set[Connection]) -> None:
        self._handle, self._common, self._connections = handle, headers, connections
        self._transport: Any = None
        self._task: asyncio.Task[None] | None = None
        self._raw: Pipe | None = None
        self._pending = bytearray()
        self._eof = False
        self._can_write = asyncio.Event()
        self._can_write.set()
        self._lost = False
        self._reset()

    def _reset(self) -> None:
        self._parser = httptools.HttpRequestParser(self)
        self._url = b""
        self._headers: dict[str, str] = {}
        self._head = bytearray()
        self._chunked = False
        self._body: Pipe | None = None
        self._complete = False
        self._sliced = 0

    # asyncio.Protocol

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        transport.set_write_buffer_limits(high=HIGH_WATER)
        self._connections.add(self)

    def connection_lost(self, _: Exception | None) -> None:
        self._lost = True
        self._connections.discard(self)
        self._can_write.set()
        if self._body is not None:
            self._body.end()
        if self._raw is not None:
            self._raw.end()
        elif self._task is not None:
            self._task.cancel()

    def pause_writing(self) -> None:
        self._can_write.clear()

    def resume_writing(self) -> None:
        self._can_write.set()

    def _pause(self) -> None:
        with contextlib.suppress(RuntimeError, AttributeError):
            self._transport.pause_reading()

    def _resume(self) -> None:
        with contextlib.suppress(RuntimeError, AttributeError):
            self._transport.resume_reading()

    def eof_received(self) -> bool:
        self._eof = True
        if self._raw is not None:
            self._raw.end()
            return True
        if self._task is None:
            return False
        if self._body is not None and not self._complete:
            self._task.cancel()
            return False
        return True

    def data_received(self, data: bytes) -> None:
        if self._raw is not None:
            self._raw.feed(data)
        elif self._complete:
            self._pending += data
            if len(self._pending) > HIGH_WATER:
                self._pause()
        else:
            self._parse(data)

    def _parse(self, data: bytes) -> None:
        """A head is fed whole and alone, so that llhttp never takes raw bytes behind it for a next request."""
        try:
            if self._chunked:
                self._parser.feed_data(data)
            elif self._body is not None:
                self._slice(data)
            else:
                self._parse_head(data)
        except httptools.HttpParserError:
            self._refuse(400, "malformed HTTP request")

    def _parse_head(self, data: bytes) -> None:
        self._head += data
        end = self._head.find(b"\r\n\r\n") + 4
        if end < 4 or end > MAX_HEAD:
            if len(self._head) > MAX_HEAD:
                self._refuse(431, "request header too large")
            return
        head, rest = bytes(self._head[:end]), bytes(self._head[end:])
        self._head.clear()
        with contextlib.suppress(httptools.HttpParserUpgrade):
            self._parser.feed_data(head)
        if self._body is None:
            self._refuse(400, "malformed HTTP request")
        elif self._headers.get("transfer-encoding", "").lower() == "chunked":
            self._chunked = True
            if rest:
                self._parser.feed_data(rest)
        else:
            length = self._headers.get("content-length", "0")
            self._sliced = int(length) if length.isdigit() else 0
            self._slice(rest)

    def _slice(self, data: bytes) -> None:
        taken, rest = data[: self._sliced], data[self._sliced :]
        self._sliced -= len(taken)
        assert self._body is not None
        if taken:
            self._body.feed(taken)
        if self._sliced == 0:
            self._complete = True
            self._body.end()
            self._pending += rest

    def _refuse(self, status: int, message: str) -> None:
        if self._task is not None:
            self._task.cancel()
        body = f'{{"message":"{message}"}}\n'.encode()
        head = f"HTTP/1.1 {status} {REASONS[status]}\r\nContent-Type: application/json\r\nConnection: close\r\n"
        self._transport.write(head.encode() + f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
        self._transport.close()

    # httptools callbacks

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        self._body = Pipe(self._pause, self._resume)
        target, _, query = self._url.decode("latin-1").partition("?")
        request = Request(
            self._parser.get_method().decode(),
            unquote(target),
            parse_query(query),
            self._headers,
            self._body,
            self._take_over,
        )
        if self._headers.get("expect", "").lower() == "100-continue":
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        keep = self._parser.should_keep_alive()
        self._task = asyncio.get_running_loop().create_task(self._serve(request, keep))

    def on_body(self, data: bytes) -> None:
        if self._body is not None and self._chunked:
            self._body.feed(data)

    def on_message_complete(self) -> None:
        if self._chunked and self._body is not None:
            self._complete = True
            self._body.end()

    # Answering

    async def _serve(self, request: Request, keep: bool) -> None:
        try:
            answer = await self._handle(request)
            if isinstance(answer, Hijack):
                duplex = self._take_over(self._hijack_head(request, answer))
                await answer.run(duplex)
                await duplex.write_eof()
                self._transport.close()
                return
            keep = await self._answer(request, answer) and keep
        except (ConnectionError, asyncio.CancelledError):
            keep = False
        except Exception:
            self._transport.close()
            raise
        if not keep or self._lost or (self._eof and not self._pending):
            self._transport.close()
            return
        await self._next(request)

    async def _next(self, request: Request) -> None:
        """Skip what the handler left of the body, then parse what came meanwhile."""
        async for _ in request.body.chunks():
            pass
        self._task = None
        rest = bytes(self._pending)
        self._pending.clear()
        self._reset()
        self._resume()
        if rest:
            self._parse(rest)

    async def _answer(self, request: Request, answer: Response) -> bool:
        """Send it; whether the connection may be used again."""
        head = [f"HTTP/1.1 {answer.status} {REASONS.get(answer.status, 'Status')}\r\n".encode(), self._common()]
        head += [f"{name}: {value}\r\n".encode() for name, value in answer.headers.items()]
        if isinstance(answer.body, bytes):
            bodyless = answer.status in (204, 304)
            if not bodyless and "Content-Length" not in answer.headers:
                head.append(f"Content-Length: {len(answer.body)}\r\n".encode())
            body = b"" if bodyless or request.method == "HEAD" else answer.body
            await self.write(b"".join(head) + b"\r\n" + body)
            return True
        await self.write(b"".join(head) + b"Transfer-Encoding: chunked\r\n\r\n")
        try:
            async for chunk in answer.body:
                if chunk:
                    await self.write(b"%x\r\n" % len(chunk) + chunk + b"\r\n")
        except (ConnectionError, asyncio.CancelledError):
            raise
        except Exception:
            # the status has gone out: a stream that breaks off is the only way left to say so
            return False
        finally:
            closing = getattr(answer.body, "aclose", None)
            if closing is not None:
                with contextlib.suppress(Exception):
                    await closing()
        await self.write(b"0\r\n\r\n")
        return True

    def _hijack_head(self, request: Request, answer: Hijack) -> bytes:
        upgrade = request.headers.get("upgrade")
        if upgrade:
            line = b"HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: " + upgrade.encode("latin-1") + b"\r\n"
        else:
            line = b"HTTP/1.1 200 OK\r\n"
        return line + self._common() + f"Content-Type: {answer.content_type}\r\n\r\n".encode()

    def _take_over(self, head: bytes) -> Connection:
        """From here on bytes are raw; those that came early are not lost."""
        self._raw = Pipe(self._pause, self._resume)
        if self._pending:
            self._raw.feed(bytes(self._pending))
            self._pending.clear()
        if self._eof:
            self._raw.end()
        self._complete = True
        self._transport.write(head)
        self._resume()
        return self

    # Duplex

    async def read(self) -> bytes:
        assert self._raw is not None
        return await self._raw.read()

    async def write(self, data: bytes) -> None:
        if self._lost:
            raise ConnectionResetError("the client has gone")
        self._transport.write(data)
        if not self._can_write.is_set():
            await self._can_write.wait()
            if self._lost:
                raise ConnectionResetError("the client has gone")

    async def write_eof(self) -> None:
        if not self._lost and self._transport.can_write_eof():
            with contextlib.suppress(OSError, RuntimeError):
                self._transport.write_eof()

    def close(self) -> None:
        self._transport.close()
