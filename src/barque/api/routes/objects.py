"""``/networks``, ``/volumes`` and the system's own paths."""

from __future__ import annotations

from barque.api import filter_names, older, shapes
from barque.api.backends import Networks, System, Volumes
from barque.api.request import Request, auth_of
from barque.api.response import Response, nothing, reply
from barque.api.routes.containers import json_lines
from barque.errors import NotFound, Unavailable


class NetworkRoutes:
    def __init__(self, backend: Networks) -> None:
        self.backend = backend

    def table(self) -> list[tuple[str, str, object]]:
        return [
            ("GET", "/networks", self.list),
            ("GET", "/networks/", self.list),
            ("POST", "/networks/create", self.create),
            ("POST", "/networks/prune", self.prune),
            ("GET", "/networks/{name}", self.inspect),
            ("DELETE", "/networks/{name}", self.remove),
            ("POST", "/networks/{name}/connect", self.connect),
            ("POST", "/networks/{name}/disconnect", self.disconnect),
        ]

    async def list(self, request: Request) -> Response:
        return reply(await self.backend.list(request.filters(filter_names.NETWORKS)))

    async def create(self, request: Request) -> Response:
        return reply(await self.backend.create(await request.json(shapes.NETWORK, required=True)), 201)

    async def prune(self, request: Request) -> Response:
        return reply(await self.backend.prune(request.filters(filter_names.PRUNE)))

    async def inspect(self, request: Request) -> Response:
        name = request.parameters["name"]
        return reply(await self.backend.inspect(name, request.flag("verbose"), request.text("scope")))

    async def remove(self, request: Request) -> Response:
        await self.backend.remove(request.parameters["name"])
        return nothing()

    async def connect(self, request: Request) -> Response:
        await self.backend.connect(request.parameters["name"], await request.json(shapes.CONNECT, required=True))
        return nothing(200)

    async def disconnect(self, request: Request) -> Response:
        await self.backend.disconnect(request.parameters["name"], await request.json(shapes.DISCONNECT, required=True))
        return nothing(200)


class VolumeRoutes:
    def __init__(self, backend: Volumes) -> None:
        self.backend = backend

    def table(self) -> list[tuple[str, str, object]]:
        return [
            ("GET", "/volumes", self.list),
            ("POST", "/volumes/create", self.create),
            ("POST", "/volumes/prune", self.prune),
            ("GET", "/volumes/{name}", self.inspect),
            ("PUT", "/volumes/{name}", self.update),
            ("DELETE", "/volumes/{name}", self.remove),
        ]

    async def list(self, request: Request) -> Response:
        return reply(await self.backend.list(request.filters(filter_names.VOLUMES)))

    async def create(self, request: Request) -> Response:
        return reply(await self.backend.create(await request.json(shapes.VOLUME)), 201)

    async def prune(self, request: Request) -> Response:
        filters = request.filters(filter_names.VOLUMES_PRUNE)
        if request.version < (1, 42):
            # named volumes were spared only later
            filters["all"] = ["true"]
        return reply(await self.backend.prune(filters))

    async def inspect(self, request: Request) -> Response:
        return reply(await self.backend.inspect(request.parameters["name"]))

    async def remove(self, request: Request) -> Response:
        await self.backend.remove(request.parameters["name"], request.flag("force"))
        return nothing()

    async def update(self, request: Request) -> Response:
        raise Unavailable("volume update only valid for cluster volumes, but swarm is unavailable")


class SystemRoutes:
    def __init__(self, backend: System, maximum: str, minimum: str) -> None:
        self.backend, self.maximum, self.minimum = backend, maximum, minimum

    def table(self) -> list[tuple[str, str, object]]:
        return [
            ("GET", "/_ping", self.ping),
            ("HEAD", "/_ping", self.ping),
            ("GET", "/info", self.info),
            ("GET", "/version", self.version),
            ("POST", "/auth", self.auth),
            ("GET", "/system/df", self.disk_usage),
            ("GET", "/events", self.events),
            ("GET", "/plugins", self.plugins),
            ("POST", "/build/prune", self.no_build_cache),
            ("GET", "/plugins/{name:*}/json", self.no_plugin),
        ]

    async def no_build_cache(self, request: Request) -> Response:
        """There is none as long as nothing is built here; ``docker system prune`` asks all the same."""
        return reply({"CachesDeleted": None, "SpaceReclaimed": 0})

    async def plugins(self, request: Request) -> Response:
        return reply([])

    async def no_plugin(self, request: Request) -> Response:
        raise NotFound(f"plugin {request.parameters['name']!r} not found")

    async def ping(self, request: Request) -> Response:
        headers = {
            "Builder-Version": "1",
            "Swarm": "inactive",
            "Cache-Control": "no-cache, no-store, must-revalidate",
            "Pragma": "no-cache",
            "Content-Type": "text/plain; charset=utf-8",
        }
        if request.method == "HEAD":
            return Response(200, b"", headers | {"Content-Length": "0"})
        return Response(200, b"OK", headers)

    async def info(self, request: Request) -> Response:
        return reply(await self.backend.info())

    async def version(self, request: Request) -> Response:
        body = await self.backend.version()
        spoken = {"ApiVersion": self.maximum, "MinAPIVersion": self.minimum}
        for component in body.get("Components") or ():
            if component.get("Name") == "Engine":
                component["Details"] = {**spoken, **(component.get("Details") or {}), **spoken}
        return reply(body | spoken)

    async def auth(self, request: Request) -> Response:
        return reply(await self.backend.auth(auth_of(await request.json(required=True))))

    async def disk_usage(self, request: Request) -> Response:
        found = await self.backend.disk_usage(request.query.get("type", []))
        return reply(older.disk_usage(found, request.version))

    async def events(self, request: Request) -> Response:
        found = await self.backend.events(
            request.moment("since"), request.moment("until"), request.filters(filter_names.EVENTS)
        )
        return Response(200, json_lines(found), {"Content-Type": "application/json"})
