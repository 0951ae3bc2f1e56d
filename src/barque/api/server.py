"""Listening sockets of the Engine API."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import socket
import ssl

from barque.api.backends import Backends
from barque.api.connection import Connection
from barque.api.router import MAXIMUM, MINIMUM, Log, Router, text
from barque.api.routes.containers import ContainerRoutes
from barque.api.routes.execs import ExecRoutes
from barque.api.routes.images import ImageRoutes
from barque.api.routes.objects import NetworkRoutes, SystemRoutes, VolumeRoutes
from barque.api.tls import TlsLayer


class Server:
    """One for all listeners; ``close`` ends them and their connections."""

    def __init__(self, backends: Backends, version: str = "28.5.2", log: Log = lambda _level, _text: None) -> None:
        """``log`` takes a line per request and per failure, with a traceback where the failure has no meaning."""
        routes = (
            ContainerRoutes(backends.containers),
            ExecRoutes(backends.execs),
            ImageRoutes(backends.images),
            NetworkRoutes(backends.networks),
            VolumeRoutes(backends.volumes),
            SystemRoutes(backends.system, text(MAXIMUM), text(MINIMUM)),
        )
        self._router = Router([entry for each in routes for entry in each.table()], log)
        self._headers = (
            f"Api-Version: {text(MAXIMUM)}\r\nDocker-Experimental: false\r\nOstype: linux\r\n"
            f"Server: Docker/{version} (linux)\r\n"
        ).encode()
        self._servers: list[asyncio.AbstractServer] = []
        self._connections: set[Connection] = set()
        self._paths: list[str] = []

    def _protocol(self) -> Connection:
        return Connection(self._router.handle, lambda: self._headers, self._connections)

    async def listen_unix(self, path: str, mode: int = 0o660, group: str | None = None) -> None:
        """Bind; a socket file that nobody serves is replaced. Raises OSError."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(path)
        os.chmod(path, mode)
        if group:
            with contextlib.suppress(LookupError, PermissionError):
                shutil.chown(path, group=group)
        loop = asyncio.get_running_loop()
        self._servers.append(await loop.create_unix_server(self._protocol, sock=listener, backlog=1024))
        self._paths.append(path)

    async def listen_tcp(self, host: str, port: int, ssl_context: ssl.SSLContext | None = None) -> int:
        """Port 0 takes a free one. With a context every connection is TLS. Raises OSError."""

        def protocol() -> asyncio.Protocol:
            return TlsLayer(ssl_context, self._protocol()) if ssl_context is not None else self._protocol()

        server = await asyncio.get_running_loop().create_server(protocol, host, port)
        self._servers.append(server)
        return int(server.sockets[0].getsockname()[1])

    async def close(self, grace: float = 5.0) -> None:
        """Streams end at once; requests that are being answered have ``grace`` seconds."""
        for server in self._servers:
            server.close()
        tasks = {task for connection in list(self._connections) if (task := connection.close()) is not None}
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=grace)
            for task in late:
                task.cancel()
        for path in self._paths:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)
