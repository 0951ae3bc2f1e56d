"""``/images`` and ``/distribution``; names hold slashes."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import aclosing

from barque.api import filter_names, older
from barque.api.backends import Images
from barque.api.errors import message_of
from barque.api.request import Request
from barque.api.response import Response, encode, nothing, reply
from barque.errors import BarqueError, InvalidArgument
from barque.model.requests import Json, Progress

JSON_LINES = {"Content-Type": "application/json"}


async def progress(values: Progress) -> Response:
    """Docker's JSON lines. What fails before the first is a status; after it, a line that says so."""
    iterator = aiter(values)
    try:
        first: Json | None = await anext(iterator)
    except StopAsyncIteration:
        first = None

    async def body() -> AsyncIterator[bytes]:
        async with aclosing(iterator):  # type: ignore[type-var]
            try:
                if first is not None:
                    yield _line(first)
                async for value in iterator:
                    yield _line(value)
            except Exception as error:
                message = message_of(error)
                yield _line({"errorDetail": {"message": message}, "error": message})

    return Response(200, body(), JSON_LINES)


def _line(value: Json) -> bytes:
    return encode(value) + b"\r\n"


def platform_of(request: Request) -> str:
    """Either ``os/arch[/variant]`` or the JSON object newer clients send."""
    word = request.text("platform")
    if not word.startswith("{"):
        return word
    try:
        value = json.loads(word)
    except ValueError:
        raise InvalidArgument(f"invalid platform: {word}") from None
    return "/".join(filter(None, (value.get("os"), value.get("architecture"), value.get("variant"))))


class ImageRoutes:
    def __init__(self, backend: Images) -> None:
        self.backend = backend

    def table(self) -> list[tuple[str, str, object]]:
        return [
            ("GET", "/images/json", self.list),
            ("POST", "/barque/verify", self.verify),
            ("POST", "/images/create", self.create),
            ("POST", "/images/load", self.load),
            ("GET", "/images/get", self.save),
            ("GET", "/images/search", self.search),
            ("POST", "/images/prune", self.prune),
            ("GET", "/images/{name:*}/json", self.inspect),
            ("GET", "/images/{name:*}/history", self.history),
            ("GET", "/images/{name:*}/get", self.save),
            ("POST", "/images/{name:*}/push", self.push),
            ("POST", "/images/{name:*}/tag", self.tag),
            ("DELETE", "/images/{name:*}", self.remove),
            ("GET", "/distribution/{name:*}/json", self.distribution),
        ]

    async def verify(self, request: Request) -> Response:
        """Beyond Docker: every blob is hashed again."""
        return reply({"Problems": await self.backend.verify()})

    async def list(self, request: Request) -> Response:
        filters = request.filters(filter_names.IMAGES)
        if request.text("filter"):
            filters.setdefault("reference", []).append(request.text("filter"))
        found = await self.backend.list(
            request.flag("all"),
            filters,
            request.flag("shared-size"),
            request.flag("digests"),
            request.flag("manifests"),
        )
        return reply(older.image_summaries(found, request.version))

    async def create(self, request: Request) -> Response:
        image = request.text("fromImage")
        if image:
            return await progress(
                await self.backend.pull(image, request.text("tag"), platform_of(request), request.auth())
            )
        source = request.text("fromSrc")
        if not source:
            raise InvalidArgument("fromImage or fromSrc is required")
        return await progress(
            await self.backend.import_(
                request.body.chunks() if source == "-" else source,
                request.text("repo"),
                request.text("tag"),
                request.text("message"),
                request.query.get("changes", []),
                platform_of(request),
            )
        )

    async def load(self, request: Request) -> Response:
        platforms = [platform_of(request)] if request.text("platform") else []
        try:
            values = await self.backend.load(request.body.chunks(), request.flag("quiet", True), platforms)
        except BarqueError as error:  # dockerd says so in the stream, and clients look for it there
            message = message_of(error)
            return Response(200, _line({"errorDetail": {"message": message}, "error": message}), JSON_LINES)
        return await progress(values)

    async def save(self, request: Request) -> Response:
        names = [request.parameters["name"]] if "name" in request.parameters else request.query.get("names", [])
        platforms = [platform_of(request)] if request.text("platform") else []
        chunks = await self.backend.save(names, platforms)
        return Response(200, chunks, {"Content-Type": "application/x-tar"})

    async def search(self, request: Request) -> Response:
        limit = request.number("limit", 25) or 25
        return reply(
            await self.backend.search(request.text("term"), limit, request.filters(filter_names.SEARCH), request.auth())
        )

    async def prune(self, request: Request) -> Response:
        return reply(await self.backend.prune(request.filters(filter_names.IMAGES_PRUNE)))

    async def inspect(self, request: Request) -> Response:
        found = await self.backend.inspect(request.parameters["name"], platform_of(request), request.flag("manifests"))
        return reply(older.image(found, request.version))

    async def history(self, request: Request) -> Response:
        return reply(await self.backend.history(request.parameters["name"], platform_of(request)))

    async def push(self, request: Request) -> Response:
        return await progress(
            await self.backend.push(
                request.parameters["name"], request.text("tag"), platform_of(request), request.auth()
            )
        )

    async def tag(self, request: Request) -> Response:
        await self.backend.tag(request.parameters["name"], request.text("repo"), request.text("tag"))
        return nothing(201)

    async def remove(self, request: Request) -> Response:
        platforms = request.query.get("platforms", [])
        return reply(
            await self.backend.remove(
                request.parameters["name"], request.flag("force"), request.flag("noprune"), platforms
            )
        )

    async def distribution(self, request: Request) -> Response:
        return reply(await self.backend.distribution(request.parameters["name"], request.auth()))
