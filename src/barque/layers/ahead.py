"""Reading ahead in a thread: inflating and hashing go on while the files before are written."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

DEPTH = 8
"""Blocks that may wait."""


class Ahead:
    """``next`` gives what ``fill`` returns, in order, b"" at the end for ever; what it raises is raised there.

    One thread of its own, which ends at the end of the data, at an error, or with ``close``.
    """

    def __init__(self, fill: Callable[[], bytes]) -> None:
        self._fill = fill
        self._blocks: queue.SimpleQueue[bytes | BaseException] = queue.SimpleQueue()
        self._room = threading.Semaphore(DEPTH)
        self._closed = False
        self._end: BaseException | None = None
        self._over = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        data: bytes | BaseException = b"more"
        while data and not isinstance(data, BaseException):
            self._room.acquire()
            if self._closed:
                return
            try:
                data = self._fill()
            except BaseException as error:
                data = error
            self._blocks.put(data)

    def next(self) -> bytes:
        if self._end is not None:
            raise self._end
        if self._over:
            return b""
        data = self._blocks.get()
        self._room.release()
        if isinstance(data, BaseException):
            self._end = data
            raise data
        self._over = not data
        return data

    def close(self) -> None:
        self._closed = True
        self._room.release()
        self._thread.join()
