"""An engine that is nothing but answers, behind a real ``Server``."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import tempfile
from collections.abc import AsyncIterator, Awaitable
from pathlib import Path
from typing import Any

from barque.api import Backends, Server
from barque.errors import Conflict, NotFound
from barque.model.requests import AttachOptions, Duplex, Json, LogOptions
from barque.wire.frames import frame


class Echo:
    """Sends back what comes, and ``end`` once the client has closed its side."""

    def __init__(self, tty: bool) -> None:
        self.tty = tty

    async def run(self, connection: Duplex) -> None:
        while data := await connection.read():
            await connection.write(data if self.tty else frame(1, data))
        await connection.write(b"end" if self.tty else frame(1, b"end"))


class Containers:
    def __init__(self) -> None:
        self.calls: list[tuple[str, Any]] = []
        self.exited: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        self.following = asyncio.Event()
        self.stopped_following = asyncio.Event()
        self.put = 0
        self.put_cancelled = asyncio.Event()
        self.put_started = asyncio.Event()

    async def list(self, all: bool, limit: int, size: bool, filters: Any) -> list[Json]:
        self.calls.append(("list", (all, limit, size, dict(filters))))
        return []

    async def create(self, name: str, config: Json, platform: str) -> Json:
        self.calls.append(("create", (name, config)))
        return {"Id": "c" * 64, "Warnings": []}

    async def inspect(self, name: str, size: bool) -> Json:
        if name == "absent":
            raise NotFound(f"No such container: {name}")
        return {"Id": "c" * 64, "Name": "/c", "Config": {"Tty": False}, "State": {"Running": True}}

    async def start(self, name: str) -> None:
        self.calls.append(("start", name))
        if not self.exited.done():
            self.exited.set_result({"StatusCode": 3})

    async def wait(self, name: str, condition: str) -> Awaitable[Json]:
        return asyncio.shield(self.exited)

    async def attach(self, name: str, options: AttachOptions) -> Echo:
        if name == "absent":
            raise NotFound(f"No such container: {name}")
        return Echo(name == "tty" or not options.multiplexed)

    async def logs(self, name: str, options: LogOptions) -> tuple[bool, AsyncIterator[bytes]]:
        return False, self._lines(options)

    async def _lines(self, options: LogOptions) -> AsyncIterator[bytes]:
        yield frame(1, b"first\n")
        if options.follow:
            self.following.set()
            try:
                await asyncio.get_running_loop().create_future()
            finally:
                self.stopped_following.set()

    async def export(self, name: str) -> AsyncIterator[bytes]:
        return self._broken()

    async def _broken(self) -> AsyncIterator[bytes]:
        yield b"part"
        raise OSError("the disk is gone")

    async def archive_put(self, name: str, path: str, tar: AsyncIterator[bytes], *flags: bool) -> None:
        self.put_started.set()
        try:
            async for chunk in tar:
                self.put += len(chunk)
        except asyncio.CancelledError:
            self.put_cancelled.set()
            raise

    async def archive_get(self, name: str, path: str) -> tuple[Json, AsyncIterator[bytes]]:
        return {"name": "f"}, self._much()

    async def _much(self) -> AsyncIterator[bytes]:
        while True:
            self.put += 1 << 16
            yield bytes(1 << 16)

    async def archive_stat(self, name: str, path: str) -> Json:
        return {"name": "f", "size": 1}

    async def resize(self, name: str, rows: int, columns: int) -> None: ...
    async def remove(self, name: str, *flags: bool) -> None: ...


class Execs:
    async def create(self, container: str, config: Json) -> Json:
        return {"Id": "e" * 64}

    async def start(self, exec_id: str, detach: bool, tty: bool, size: Any) -> Echo | None:
        if exec_id == "running":
            raise Conflict("exec is running")
        return None if detach else Echo(tty)


class Images:
    async def pull(self, image: str, tag: str, platform: str, auth: Any) -> AsyncIterator[Json]:
        return self._pull(image)

    async def _pull(self, image: str) -> AsyncIterator[Json]:
        if image == "absent":
            raise NotFound("pull access denied for absent")
        yield {"status": "Pulling"}
        raise OSError("connection reset")


class System:
    async def version(self) -> Json:
        return {"Version": "28.5.2", "Os": "linux", "Arch": "amd64", "Components": [{"Name": "Engine", "Version": "9"}]}

    async def info(self) -> Json:
        return {"ID": "x", "OSType": "linux"}


class Served:
    def __init__(self, server: Server, containers: Containers, path: Path, port: int) -> None:
        self.server, self.containers, self.path, self.port = server, containers, path, port

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_unix_connection(self.path)

    async def exchange(self, data: bytes) -> bytes:
        """All that comes back for these bytes and a closed sending side."""
        reader, writer = await self.connect()
        writer.write(data)
        writer.write_eof()
        try:
            return await asyncio.wait_for(reader.read(), 10)
        finally:
            writer.close()


@contextlib.asynccontextmanager
async def served(tls: ssl.SSLContext | None = None) -> AsyncIterator[Served]:
    with tempfile.TemporaryDirectory() as directory:
        path, containers = Path(directory) / "s", Containers()
        absent: Any = None
        parts: Any = (containers, Execs(), Images(), absent, absent, System())
        server = Server(Backends(*parts))
        await server.listen_unix(str(path))
        port = await server.listen_tcp("127.0.0.1", 0, tls)
        try:
            yield Served(server, containers, path, port)
        finally:
            await server.close()
