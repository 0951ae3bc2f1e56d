"""``/exec``."""

from __future__ import annotations

from barque.api import shapes
from barque.api.backends import Execs
from barque.api.request import Request
from barque.api.response import Hijack, Response, nothing, reply
from barque.api.routes.containers import stream_type


class ExecRoutes:
    def __init__(self, backend: Execs) -> None:
        self.backend = backend

    def table(self) -> list[tuple[str, str, object]]:
        return [
            ("POST", "/containers/{name}/exec", self.create),
            ("POST", "/exec/{name}/start", self.start),
            ("POST", "/exec/{name}/resize", self.resize),
            ("GET", "/exec/{name}/json", self.inspect),
        ]

    async def create(self, request: Request) -> Response:
        body = await request.json(shapes.EXEC, required=True)
        return reply(await self.backend.create(request.parameters["name"], body), 201)

    async def start(self, request: Request) -> Response | Hijack:
        body = await request.json(shapes.EXEC_START)
        size = body.get("ConsoleSize")
        console = (int(size[0]), int(size[1])) if isinstance(size, list) and len(size) == 2 else None
        tty = bool(body.get("Tty"))
        attachment = await self.backend.start(request.parameters["name"], bool(body.get("Detach")), tty, console)
        if attachment is None:
            return nothing(200)
        return Hijack(attachment.run, stream_type(request, attachment.tty))

    async def resize(self, request: Request) -> Response:
        await self.backend.resize(request.parameters["name"], *request.console_size())
        return nothing(200)

    async def inspect(self, request: Request) -> Response:
        return reply(await self.backend.inspect(request.parameters["name"]))
