"""One client connection: HTTP/1.1 heads by llhttp, one request at a time, raw bytes after a hijack.

A head is fed to llhttp alone and a body is cut off here, by its Content-Length or its chunks: what follows may be raw.
While a handler runs, what the client sends is kept, so that nothing is lost when it hijacks.
"""

from __future__ import annotations

import array
import asyncio
import contextlib
import fcntl
import json
import select
import socket
import termios
import time
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import unquote

import httptools

from barque.api.chunked import ChunkedDecoder
from barque.api.pipe import HIGH_WATER, Pipe
from barque.api.request import Request, parse_query
from barque.api.response import Hijack, Response

MAX_HEAD = 1 << 20
HEAD_SECONDS = 300.0
"""For a head to arrive whole, as in dockerd; a connection kept between requests may be idle for ever."""
HEAD_TAKEN, HEAD_LOOK = 0.02, 0.0002
"""Seconds a client has to read the head of a hijack before output follows, and between two looks whether it has."""
REASONS = {
    101: "UPGRADED", 200: "OK", 201: "Created", 204: "No Content", 304: "Not Modified", 400: "Bad Request",
    401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 409: "Conflict", 431: "Request Header Fields Too Large",
    500: "Internal Server Error", 501: "Not Implemented", 503: "Service Unavailable",
}  # fmt: skip

Handler = Callable[[Request], Awaitable[Response | Hijack]]


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
        self._streaming = False
        self._last = False
        self._timer: asyncio.TimerHandle | None = None
        self._reset()

    def _reset(self) -> None:
        self._parser = httptools.HttpRequestParser(self)
        self._url = b""
        self._headers: dict[str, str] = {}
        self._head = bytearray()
        self._decoder: ChunkedDecoder | None = None
        self._body: Pipe | None = None
        self._complete = False
        self._sliced = 0

    # asyncio.Protocol

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        transport.set_write_buffer_limits(high=HIGH_WATER)
        self._connections.add(self)
        self._expect_head()

    def _expect_head(self) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(HEAD_SECONDS, self._transport.abort)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def connection_lost(self, _: Exception | None) -> None:
        self._lost = True
        self._stop_timer()
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
        """A half-close ends what is read and no more; a client that is gone ends its stream as well."""
        self._eof = True
        if self._raw is not None:
            self._raw.end()
            return True
        if self._task is None:
            return False
        if not self._complete or (self._streaming and self._gone()):
            self._task.cancel()
            return False
        return True

    def _gone(self) -> bool:
        """A closed Unix socket hangs up; over TCP nothing tells it from a half-close, so that counts as gone."""
        peer = self._transport.get_extra_info("socket")
        if peer is None or peer.family != socket.AF_UNIX:
            return True
        poller = select.poll()
        poller.register(peer.fileno(), 0)
        return any(events & select.POLLHUP for _, events in poller.poll(0))

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
            if self._body is None:
                self._parse_head(data)
            else:
                self._take_body(data)
        except (httptools.HttpParserError, ValueError):
            self._refuse(400, "malformed HTTP request")

    def _parse_head(self, data: bytes) -> None:
        searched = max(0, len(self._head) - 3)
        self._head += data
        end = self._head.find(b"\r\n\r\n", searched) + 4
        if end < 4 or end > MAX_HEAD:
            if len(self._head) > MAX_HEAD:
                self._refuse(431, "request header too large")
            else:
                self._expect_head()
            return
        self._stop_timer()
        head, rest = bytes(self._head[:end]), bytes(self._head[end:])
        self._head.clear()
        with contextlib.suppress(httptools.HttpParserUpgrade):
            self._parser.feed_data(head)
        if self._body is None:
            self._refuse(400, "malformed HTTP request")
            return
        coding, length = self._headers.get("transfer-encoding", ""), self._headers.get("content-length", "0")
        if coding:
            if coding.lower() != "chunked":
                self._refuse(501, f"transfer encoding {coding} is not supported")
                return
            self._decoder = ChunkedDecoder()
        elif not (length.isascii() and length.isdigit()):
            raise ValueError(length)
        else:
            self._sliced = int(length)
        self._take_body(rest)

    def _take_body(self, data: bytes) -> None:
        assert self._body is not None
        if self._decoder is None:
            taken, rest = data[: self._sliced], data[self._sliced :]
            self._sliced -= len(taken)
            complete = self._sliced == 0
        else:
            taken = self._decoder.feed(data) if data else b""
            complete, rest = self._decoder.done, self._decoder.rest
        if taken:
            self._body.feed(taken)
        if complete:
            self._complete = True
            self._body.end()
            self._pending += rest

    def _refuse(self, status: int, message: str) -> None:
        if self._task is not None:
            self._task.cancel()
        self._complete = True
        body = json.dumps({"message": message}).encode() + b"\n"
        head = f"HTTP/1.1 {status} {REASONS[status]}\r\n".encode() + self._common()
        kind = f"Content-Type: application/json\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
        self._transport.write(head + kind.encode() + body)
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
        )
        if self._headers.get("expect", "").lower() == "100-continue":
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        keep, old = self._parser.should_keep_alive(), self._parser.get_http_version() == "1.0"
        self._task = asyncio.get_running_loop().create_task(self._serve(request, keep, old))

    # Answering

    async def _serve(self, request: Request, keep: bool, old: bool) -> None:
        try:
            answer = await self._handle(request)
            if isinstance(answer, Hijack):
                duplex = self._take_over(answer.head or self._hijack_head(request, answer))
                await self._head_taken()
                await answer.run(duplex)
                await duplex.write_eof()
                self._transport.close()
                return
            keep = await self._answer(request, answer, keep and not self._last, old)
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
        if self._eof and not self._complete:
            # the rest of this request will never come
            if self._task is not None:
                self._task.cancel()
            self._transport.close()

    async def _answer(self, request: Request, answer: Response, keep: bool, old: bool) -> bool:
        """Send it; whether the connection may be used again. ``old`` is HTTP/1.0, which knows no chunks."""
        chunked = not old and not isinstance(answer.body, bytes)
        keep = keep and (chunked or isinstance(answer.body, bytes))
        head = [f"HTTP/1.1 {answer.status} {REASONS.get(answer.status, 'Status')}\r\n".encode(), self._common()]
        head += [f"{name}: {value}\r\n".encode() for name, value in answer.headers.items()]
        if not keep:
            head.append(b"Connection: close\r\n")
        elif old:
            head.append(b"Connection: keep-alive\r\n")
        if isinstance(answer.body, bytes):
            bodyless = answer.status in (204, 304)
            if not bodyless and "Content-Length" not in answer.headers:
                head.append(f"Content-Length: {len(answer.body)}\r\n".encode())
            body = b"" if bodyless or request.method == "HEAD" else answer.body
            await self.write(b"".join(head) + b"\r\n" + body)
            return keep
        self._streaming = True
        try:
            if self._eof and self._gone():
                raise ConnectionResetError("the client has gone")
            await self.write(b"".join(head) + (b"Transfer-Encoding: chunked\r\n\r\n" if chunked else b"\r\n"))
            async for chunk in answer.body:
                if chunk:
                    await self.write(b"%x\r\n" % len(chunk) + chunk + b"\r\n" if chunked else chunk)
        except (ConnectionError, asyncio.CancelledError):
            raise
        except Exception:
            # the status has gone out: a stream that breaks off is the only way left to say so
            return False
        finally:
            self._streaming = False
            closing = getattr(answer.body, "aclose", None)
            if closing is not None:
                with contextlib.suppress(Exception):
                    await closing()
        if chunked:
            await self.write(b"0\r\n\r\n")
        return keep

    def _hijack_head(self, request: Request, answer: Hijack) -> bytes:
        if request.headers.get("upgrade"):
            line = b"HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n"
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

    async def _head_taken(self) -> None:
        """Give the client a moment to read the head before output follows it: one that reads the head through a buffer
        of its own and then turns to the bare socket, as docker-py does, loses what has come along with it."""
        listening = self._transport.get_extra_info("socket")
        if listening is None or listening.family != socket.AF_UNIX:
            return
        unread = array.array("i", [0])
        deadline = time.monotonic() + HEAD_TAKEN
        while time.monotonic() < deadline:
            try:
                fcntl.ioctl(listening.fileno(), termios.TIOCOUTQ, unread)
            except OSError:
                return
            if not unread[0]:
                return
            await asyncio.sleep(HEAD_LOOK)

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

    def close(self) -> asyncio.Task[None] | None:
        """At once when nothing or a stream is going on; otherwise after the answer, whose task is given."""
        self._last = True
        if self._task is None or self._raw is not None or self._streaming:
            self._transport.close()
        return self._task
