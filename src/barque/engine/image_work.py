"""Blocking image work in threads of its own, its progress as an async stream that ends the work when it is closed."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from barque.images import Cancelled, Report
from barque.model.requests import Json, Progress

T = TypeVar("T")
_END = object()
PIECE = 1 << 20


class ImageThreads:
    """Threads for image work, apart from the loop's own: long pulls do not keep short calls waiting."""

    def __init__(self, size: int = 32) -> None:
        self._pool = ThreadPoolExecutor(size, "images")

    async def call(self, work: Callable[[], T]) -> T:
        """The result of blocking ``work``."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    async def progress(self, work: Callable[[Report], object]) -> Progress:
        """``work(report)`` under way: returns once there is a first line, so that an error before it is raised here.

        Closing the stream makes ``report`` raise ``Cancelled`` in the thread.
        """
        loop = asyncio.get_running_loop()
        lines: asyncio.Queue[object] = asyncio.Queue()
        gone = threading.Event()

        def put(item: object) -> None:
            try:
                loop.call_soon_threadsafe(lines.put_nowait, item)
            except RuntimeError:
                gone.set()  # the loop has ended

        def report(line: Json) -> None:
            if gone.is_set():
                raise Cancelled
            put(line)

        def run() -> None:
            try:
                work(report)
            except BaseException as error:
                put(error)
            else:
                put(_END)

        self._pool.submit(run)
        try:
            first = await lines.get()
        except BaseException:
            gone.set()
            raise
        if isinstance(first, BaseException):
            raise first
        return _stream(first, lines, gone)

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)


async def _stream(first: object, lines: asyncio.Queue[object], gone: threading.Event) -> AsyncIterator[Json]:
    item = first
    try:
        while item is not _END:
            if isinstance(item, BaseException):
                raise item
            assert isinstance(item, dict)
            yield item
            item = await lines.get()
    finally:
        gone.set()


def blocking(chunks: AsyncIterator[bytes], loop: asyncio.AbstractEventLoop) -> Iterator[bytes]:
    """An async stream of the loop, read from another thread."""
    while True:
        future = asyncio.run_coroutine_threadsafe(_next(chunks), loop)
        chunk = future.result()
        if chunk is None:
            return
        yield chunk


async def _next(chunks: AsyncIterator[bytes]) -> bytes | None:
    """About a megabyte at a time: crossing between threads costs more than a small chunk is worth."""
    parts: list[bytes] = []
    size = 0
    while size < PIECE and (chunk := await anext(chunks, None)) is not None:
        parts.append(chunk)
        size += len(chunk)
    return b"".join(parts) if parts else None
