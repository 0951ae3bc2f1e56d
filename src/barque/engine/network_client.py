"""The daemon's side of ``network.sock``: one connection, many questions under way, answers in order."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from typing import Any

from barque.errors import Unavailable
from barque.wire import lines

CONNECT_SECONDS = 10
ANSWER_SECONDS = 60


class NetworkWorker:
    """Connects on the first question, and again after the worker was restarted."""

    def __init__(self, socket_path: str) -> None:
        self._path = socket_path
        self._writer: asyncio.StreamWriter | None = None
        self._waiting: deque[asyncio.Future[bytes]] = deque()
        self._reading: asyncio.Task[None] | None = None
        self._connecting = asyncio.Lock()

    async def ask(self, op: str, **fields: Any) -> dict[str, Any]:
        """What ``ok`` carries (see ``networks/worker.py``). Raises the error it answers with; Unavailable."""
        async with self._connecting:
            if self._writer is None or self._writer.is_closing():
                await self._connect()
        writer = self._writer
        assert writer is not None
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._waiting.append(answer)
        writer.write(lines.encode({"op": op, **fields}))
        async with asyncio.timeout(ANSWER_SECONDS):
            return lines.result(await answer)

    async def _connect(self) -> None:
        deadline = asyncio.get_running_loop().time() + CONNECT_SECONDS
        while True:
            try:
                reader, writer = await asyncio.open_unix_connection(self._path, limit=lines.MAX_LINE)
                break
            except OSError as error:
                if asyncio.get_running_loop().time() > deadline:
                    raise Unavailable(f"the network worker does not answer: {error.strerror}") from error
                await asyncio.sleep(0.02)
        self._writer = writer
        self._waiting = deque()
        self._reading = asyncio.create_task(self._read(reader, writer, self._waiting))

    async def _read(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, waiting: deque[asyncio.Future[bytes]]
    ) -> None:
        try:
            while line := await reader.readline():
                answer = waiting.popleft()
                if not answer.done():
                    answer.set_result(line)
        except (OSError, ValueError, IndexError):
            pass
        finally:
            writer.close()
            for answer in waiting:
                if not answer.done():
                    answer.set_exception(Unavailable("the network worker went away before it answered"))

    async def close(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._reading
