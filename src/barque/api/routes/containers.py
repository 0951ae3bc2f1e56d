"""``/containers``: parse, one call, encode."""

from __future__ import annotations

import asyncio
import base64
import json
import re
from collections.abc import AsyncIterator

from barque.api import filter_names, shapes
from barque.api.backends import Containers
from barque.api.request import Request
from barque.api.response import Hijack, Response, encode, nothing, reply
from barque.api.websocket import WebSocketDuplex, accept_key
from barque.errors import InvalidArgument
from barque.model.requests import AttachOptions, Duplex, Json, LogOptions

NAME = re.compile(r"/?[a-zA-Z0-9][a-zA-Z0-9_.-]+")
RAW = "application/vnd.docker.raw-stream"
MULTIPLEXED = "application/vnd.docker.multiplexed-stream"


def stream_type(request: Request, tty: bool) -> str:
    return RAW if tty or request.version < (1, 42) else MULTIPLEXED


async def json_lines(values: AsyncIterator[Json]) -> AsyncIterator[bytes]:
    async for value in values:
        yield encode(value) + b"\n"


class ContainerRoutes:
    def __init__(self, backend: Containers) -> None:
        self.backend = backend

    def table(self) -> list[tuple[str, str, object]]:
        return [
            ("GET", "/containers/json", self.list),
            ("POST", "/containers/create", self.create),
            ("POST", "/containers/prune", self.prune),
            ("GET", "/containers/{name}/json", self.inspect),
            ("GET", "/containers/{name}/top", self.top),
            ("GET", "/containers/{name}/logs", self.logs),
            ("GET", "/containers/{name}/changes", self.changes),
            ("GET", "/containers/{name}/export", self.export),
            ("GET", "/containers/{name}/stats", self.stats),
            ("POST", "/containers/{name}/resize", self.resize),
            ("POST", "/containers/{name}/start", self.start),
            ("POST", "/containers/{name}/stop", self.stop),
            ("POST", "/containers/{name}/restart", self.restart),
            ("POST", "/containers/{name}/kill", self.kill),
            ("POST", "/containers/{name}/update", self.update),
            ("POST", "/containers/{name}/rename", self.rename),
            ("POST", "/containers/{name}/pause", self.pause),
            ("POST", "/containers/{name}/unpause", self.unpause),
            ("POST", "/containers/{name}/attach", self.attach),
            ("GET", "/containers/{name}/attach/ws", self.attach_websocket),
            ("POST", "/containers/{name}/wait", self.wait),
            ("DELETE", "/containers/{name}", self.remove),
            ("DELETE", "/containers/{name:*}", self.remove),
            ("HEAD", "/containers/{name}/archive", self.archive_stat),
            ("GET", "/containers/{name}/archive", self.archive_get),
            ("PUT", "/containers/{name}/archive", self.archive_put),
            ("POST", "/commit", self.commit),
        ]

    async def list(self, request: Request) -> Response:
        limit = request.number("limit", 0) or 0
        return reply(
            await self.backend.list(
                request.flag("all"), limit, request.flag("size"), request.filters(filter_names.CONTAINERS)
            )
        )

    async def create(self, request: Request) -> Response:
        body = await request.json(shapes.CREATE, required=True)
        if not any(key != "HostConfig" and key != "NetworkingConfig" for key in body):
            raise InvalidArgument("config cannot be empty in order to create a container")
        name = request.text("name")
        if name and not NAME.fullmatch(name):
            raise InvalidArgument(f"Invalid container name ({name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed")
        return reply(await self.backend.create(name, body, request.text("platform")), 201)

    async def prune(self, request: Request) -> Response:
        return reply(await self.backend.prune(request.filters(filter_names.PRUNE)))

    async def inspect(self, request: Request) -> Response:
        return reply(await self.backend.inspect(request.parameters["name"], request.flag("size")))

    async def top(self, request: Request) -> Response:
        return reply(await self.backend.top(request.parameters["name"], request.text("ps_args", "-ef")))

    async def logs(self, request: Request) -> Response:
        tail = request.text("tail", "all")
        options = LogOptions(
            request.flag("follow"),
            request.flag("stdout"),
            request.flag("stderr"),
            request.moment("since") or 0.0,
            request.moment("until") or 0.0,
            request.flag("timestamps"),
            int(tail) if tail.isdigit() else -1,
            request.flag("details"),
        )
        if not (options.stdout or options.stderr):
            raise InvalidArgument("Bad parameters: you must choose at least one stream")
        tty, chunks = await self.backend.logs(request.parameters["name"], options)
        return Response(200, chunks, {"Content-Type": stream_type(request, tty)})

    async def changes(self, request: Request) -> Response:
        return reply(await self.backend.changes(request.parameters["name"]))

    async def export(self, request: Request) -> Response:
        chunks = await self.backend.export(request.parameters["name"])
        return Response(200, chunks, {"Content-Type": "application/octet-stream"})

    async def stats(self, request: Request) -> Response:
        samples = await self.backend.stats(
            request.parameters["name"], request.flag("stream", True), request.flag("one-shot")
        )
        return Response(200, json_lines(samples), {"Content-Type": "application/json"})

    async def resize(self, request: Request) -> Response:
        await self.backend.resize(request.parameters["name"], *request.console_size())
        return nothing(200)

    async def start(self, request: Request) -> Response:
        if len(await request.bytes()) > 7:
            raise InvalidArgument(
                "starting container with non-empty request body was deprecated since API v1.22 and removed in v1.24"
            )
        await self.backend.start(request.parameters["name"])
        return nothing()

    async def stop(self, request: Request) -> Response:
        await self.backend.stop(request.parameters["name"], request.text("signal") or None, request.number("t"))
        return nothing()

    async def restart(self, request: Request) -> Response:
        await self.backend.restart(request.parameters["name"], request.text("signal") or None, request.number("t"))
        return nothing()

    async def kill(self, request: Request) -> Response:
        await self.backend.kill(request.parameters["name"], request.text("signal", "SIGKILL"))
        return nothing()

    async def update(self, request: Request) -> Response:
        return reply(await self.backend.update(request.parameters["name"], await request.json(shapes.UPDATE)))

    async def rename(self, request: Request) -> Response:
        if not request.text("name"):
            raise InvalidArgument("Neither old nor new names may be empty")
        await self.backend.rename(request.parameters["name"], request.text("name"))
        return nothing()

    async def pause(self, request: Request) -> Response:
        await self.backend.pause(request.parameters["name"])
        return nothing()

    async def unpause(self, request: Request) -> Response:
        await self.backend.unpause(request.parameters["name"])
        return nothing()

    def _attach_options(self, request: Request, multiplexed: bool) -> AttachOptions:
        return AttachOptions(
            request.flag("stdin"),
            request.flag("stdout"),
            request.flag("stderr"),
            request.flag("stream"),
            request.flag("logs"),
            request.text("detachKeys") or None,
            multiplexed,
        )

    async def attach(self, request: Request) -> Hijack:
        attachment = await self.backend.attach(request.parameters["name"], self._attach_options(request, True))
        return Hijack(attachment.run, stream_type(request, attachment.tty))

    async def attach_websocket(self, request: Request) -> Hijack:
        key = request.headers.get("sec-websocket-key")
        if not key:
            raise InvalidArgument("not a websocket handshake")
        attachment = await self.backend.attach(request.parameters["name"], self._attach_options(request, False))
        head = (
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Accept: {accept_key(key)}\r\n\r\n"
        )

        async def run(connection: Duplex) -> None:
            framed = WebSocketDuplex(connection)
            await attachment.run(framed)
            await framed.write_eof()

        return Hijack(run, head=head.encode())

    async def wait(self, request: Request) -> Response:
        ended = await self.backend.wait(request.parameters["name"], request.text("condition"))

        async def body() -> AsyncIterator[bytes]:
            value = await asyncio.ensure_future(ended)
            yield json.dumps(value).encode() + b"\n"

        return Response(200, body(), {"Content-Type": "application/json"})

    async def remove(self, request: Request) -> Response:
        flags = (request.flag("force"), request.flag("v"), request.flag("link"))
        await self.backend.remove(request.parameters["name"], *flags)
        return nothing()

    @staticmethod
    def _stat_header(found: Json) -> dict[str, str]:
        return {"X-Docker-Container-Path-Stat": base64.b64encode(json.dumps(found).encode()).decode()}

    @staticmethod
    def _path(request: Request) -> str:
        if not request.text("path"):
            raise InvalidArgument("missing parameter: path")
        return request.text("path")

    async def archive_stat(self, request: Request) -> Response:
        found = await self.backend.archive_stat(request.parameters["name"], self._path(request))
        return Response(200, b"", self._stat_header(found))

    async def archive_get(self, request: Request) -> Response:
        found, chunks = await self.backend.archive_get(request.parameters["name"], self._path(request))
        return Response(200, chunks, {"Content-Type": "application/x-tar"} | self._stat_header(found))

    async def archive_put(self, request: Request) -> Response:
        await self.backend.archive_put(
            request.parameters["name"],
            self._path(request),
            request.body.chunks(),
            request.flag("noOverwriteDirNonDir"),
            request.flag("copyUIDGID"),
        )
        return nothing(200)

    async def commit(self, request: Request) -> Response:
        config = await request.json(shapes.CONFIG)
        return reply(
            await self.backend.commit(
                request.text("container"),
                request.text("repo"),
                request.text("tag"),
                request.text("comment"),
                request.text("author"),
                request.flag("pause", True),
                request.query.get("changes", []),
                config,
            ),
            201,
        )
