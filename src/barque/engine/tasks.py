"""The daemon's side of the supervisor's and the shims' sockets (contracts in ARCHITECTURE.md)."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import AsyncIterator
from typing import Any

from barque.errors import Unavailable
from barque.wire import lines


class Connection:
    """One request's connection: JSON lines first, raw bytes afterwards where the operation says so."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def line(self) -> dict[str, Any] | None:
        """The next JSON line; None at the end."""
        data = await self.reader.readline()
        return json.loads(data) if data.endswith(b"\n") else None

    async def result(self) -> dict[str, Any]:
        return lines.result(await self.reader.readline())

    async def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """Send a request; its result. Raises the reply's error, Unavailable when there is none; closed then."""
        try:
            self.writer.write(lines.encode(request))
            return await self.result()
        except ConnectionError as error:
            self.close()
            raise Unavailable("the other process went away before it answered") from error
        except BaseException:
            self.close()
            raise

    @property
    def ended(self) -> bool:
        """The other side has closed it."""
        return self.reader.at_eof()

    async def read(self) -> bytes:
        return await self.reader.read(1 << 18)

    async def write(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    def write_eof(self) -> None:
        try:
            self.writer.write_eof()
        except OSError:
            pass

    def close(self) -> None:
        self.writer.close()


async def opened(path: str) -> Connection:
    """Raises Unavailable when nobody listens."""
    try:
        with lines.reachable(path) as name:
            return Connection(*await asyncio.open_unix_connection(name, limit=lines.MAX_LINE))
    except OSError as error:
        raise Unavailable(f"nobody answers at {path}: {error.strerror}") from error


async def connect(path: str, request: dict[str, Any]) -> tuple[Connection, dict[str, Any]]:
    """Ask and keep the connection. Raises the reply's error, Unavailable when nobody answers."""
    connection = await opened(path)
    return connection, await connection.ask(request)


async def ask(path: str, request: dict[str, Any]) -> dict[str, Any]:
    """One question, one answer."""
    connection, result = await connect(path, request)
    connection.close()
    return result


class Tasks:
    """Everything under one exec root. ``ensure`` is awaited when no supervisor answers, and starts one."""

    def __init__(self, exec_root: str, ensure: Any) -> None:
        self.root = os.path.join(exec_root, "tasks")
        self.supervisor = os.path.join(exec_root, "supervisor.sock")
        self.workers = os.path.join(exec_root, "workers.sock")
        self._ensure = ensure
        self._spare: Connection | None = None
        self._sparing: asyncio.Task[None] | None = None
        os.makedirs(self.root, mode=0o711, exist_ok=True)

    def dir(self, container_id: str) -> str:
        return os.path.join(self.root, container_id)

    def rootfs(self, container_id: str) -> str:
        return os.path.join(self.root, container_id, "rootfs")

    def socket(self, container_id: str) -> str:
        return os.path.join(self.root, container_id, "shim.sock")

    async def _asked(self, path: str, request: dict[str, Any]) -> tuple[Connection, dict[str, Any]]:
        """The supervisor, or its workers, started when they have gone."""
        try:
            return await connect(path, request)
        except Unavailable:
            await self._ensure()
            return await connect(path, request)

    async def work(self, request: dict[str, Any]) -> dict[str, Any]:
        """Something for a worker: files copied, a layer applied."""
        connection, result = await self.open_work(request)
        connection.close()
        return result

    async def open_work(self, request: dict[str, Any]) -> tuple[Connection, dict[str, Any]]:
        return await self._asked(self.workers, request)

    async def create(
        self, container_id: str, spec: dict[str, Any], request: dict[str, Any]
    ) -> tuple[dict[str, Any], AsyncIterator[dict[str, Any]]]:
        """Have it made from a runtime-spec: what the supervisor answers, and everything that happens from then on."""
        os.makedirs(self.rootfs(container_id), exist_ok=True)
        with open(os.path.join(self.dir(container_id), "config.json"), "wb") as file:
            file.write(json.dumps(spec, separators=(",", ":")).encode("utf-8", "surrogateescape"))
        task = {"op": "task", "id": container_id, "dir": self.dir(container_id), **request}
        connection = await self._shim()
        return await connection.ask(task), _lines(connection)

    async def _shim(self) -> Connection:
        """A connection to the supervisor, which is a shim that waits for its task."""
        spare, self._spare = self._spare, None
        if spare is not None and not spare.ended:
            return spare
        try:
            return await opened(self.supervisor)
        except Unavailable:
            await self._ensure()
            return await opened(self.supervisor)

    def spare(self) -> None:
        """Have the next shim forked beforehand, unless one waits already."""
        if self._spare is None and (self._sparing is None or self._sparing.done()):
            self._sparing = asyncio.ensure_future(self._have_spare())

    async def _have_spare(self) -> None:
        with contextlib.suppress(Unavailable):
            self._spare = await opened(self.supervisor)

    def close(self) -> None:
        """The shim that waits goes."""
        if self._spare is not None:
            self._spare.close()

    async def reap(self, cgroup: str) -> None:
        """What a killed shim leaves is killed and removed."""
        connection, _ = await self.open_work({"op": "reap", "cgroup": cgroup})
        connection.close()

    async def ask(self, container_id: str, op: str, **arguments: Any) -> dict[str, Any]:
        return await ask(self.socket(container_id), {"op": op, **arguments})

    async def ahead(self, container_id: str) -> Connection | None:
        """A connection for a later ``stream``; None when nobody answers now."""
        with contextlib.suppress(Unavailable):
            return await opened(self.socket(container_id))
        return None

    async def stream(
        self, container_id: str, op: str, way: Connection | None = None, **arguments: Any
    ) -> tuple[Connection, dict[str, Any]]:
        """Ask, and keep the connection, which may have been opened ``ahead``."""
        if way is None or way.ended:
            way = await opened(self.socket(container_id))
        return way, await way.ask({"op": op, **arguments})

    async def events(self, container_id: str) -> tuple[dict[str, Any], AsyncIterator[dict[str, Any]]]:
        """The state now, and everything that happens from now on; the iterator ends with the shim."""
        connection, state = await self.stream(container_id, "events")
        return state, _lines(connection)

    def files(self, container_id: str) -> str:
        """A link to a running container's files as its image and it have them, without what is mounted inside."""
        return os.path.join(self.dir(container_id), "root")

    async def ensure(self) -> None:
        """Start the supervisor and its services when they have gone."""
        await self._ensure()

    def exit_record(self, container_id: str) -> dict[str, Any] | None:
        """exit.json, if the shim has written it."""
        try:
            with open(os.path.join(self.dir(container_id), "exit.json"), encoding="utf-8") as file:
                value: dict[str, Any] = json.load(file)
                return value
        except (OSError, ValueError):
            return None

    def empty(self, container_id: str) -> None:
        """Remove the files of a task that has ended."""
        directory = self.dir(container_id)
        for name in ("config.json", "root", "shim.sock", "shim.pid", "exit.json", "exit.json.new"):
            try:
                os.unlink(os.path.join(directory, name))
            except FileNotFoundError:
                continue

    def forget(self, container_id: str) -> None:
        """Remove the task's directory; the shim has gone or is about to."""
        self.empty(container_id)
        directory = self.dir(container_id)
        for place in (os.path.join(directory, "rootfs"), directory):
            try:
                os.rmdir(place)
            except OSError:
                continue


async def _lines(connection: Connection) -> AsyncIterator[dict[str, Any]]:
    """Until the other side has gone."""
    try:
        while True:
            try:
                event = await connection.line()
            except (OSError, ValueError):
                return
            if event is None:
                return
            yield event
    finally:
        connection.close()
