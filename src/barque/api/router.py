"""Path to handler, versions, and what is answered when there is none."""

from __future__ import annotations

import re
import traceback
from collections.abc import Awaitable, Callable
from typing import Any

from barque.api.errors import message_of, status_of
from barque.api.request import Request
from barque.api.response import Hijack, Response, reply
from barque.errors import BarqueError, InvalidArgument, NotFound, Unavailable, Unsupported

MINIMUM, MAXIMUM = (1, 24), (1, 51)
VERSION = re.compile(r"/v([0-9.]+)(/.*)")
SWARM = re.compile(r"/(swarm|nodes|services|tasks|secrets|configs)(/.*)?")
LATER = re.compile(r"/(build|session|grpc|plugins|images/.+/attestations|containers/[^/]+/checkpoints|debug)(/.*)?")
NO_SWARM = (
    'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm '
    "and try again."
)

Handle = Callable[[Request], Awaitable[Response | Hijack]]
Log = Callable[[str, str], None]
"""Level (``debug``, ``error``) and what happened."""


def text(version: tuple[int, int]) -> str:
    return f"{version[0]}.{version[1]}"


def compile_path(path: str) -> re.Pattern[str]:
    """``{name}`` is one part, ``{name:*}`` any number of them."""
    pattern = re.sub(r"\{(\w+):\*\}", r"(?P<\1>.+)", path)
    return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", pattern))


class Router:
    def __init__(self, table: list[tuple[str, str, Any]], log: Log = lambda _level, _text: None) -> None:
        self._log = log
        self._fixed: dict[tuple[str, str], Handle] = {}
        self._patterns: list[tuple[str, re.Pattern[str], Handle]] = []
        for method, path, handle in table:
            if "{" in path:
                self._patterns.append((method, compile_path(path), handle))
            else:
                self._fixed[method, path] = handle

    async def handle(self, request: Request) -> Response | Hijack:
        """Every failure becomes a status with a message here."""
        self._log("debug", f"Calling {request.method} {request.path}")
        try:
            if request.method == "OPTIONS":
                return Response(200)
            return await self._find(request)(request)
        except Exception as error:
            status = status_of(error)
            if status == 304:
                return Response(304)
            message = message_of(error)
            trace = "" if isinstance(error, BarqueError) else "\n" + "".join(traceback.format_exception(error))
            level = "error" if status >= 500 else "debug"
            self._log(level, f"Handler for {request.method} {request.path} returned error: {message}{trace}")
            return reply({"message": message}, status)

    def _find(self, request: Request) -> Handle:
        path = self._unversioned(request)
        found = self._fixed.get((request.method, path))
        if found is not None:
            return found
        for method, pattern, handle in self._patterns:
            if method == request.method and (match := pattern.fullmatch(path)):
                request.parameters = match.groupdict()
                return handle
        if SWARM.fullmatch(path):
            raise Unavailable(NO_SWARM)
        if LATER.fullmatch(path):
            raise Unsupported(f"{request.method} {path} is not offered by this engine")
        raise NotFound("page not found")

    @staticmethod
    def _unversioned(request: Request) -> str:
        match = VERSION.fullmatch(request.path)
        if match is None:
            request.version = MAXIMUM
            return request.path
        major, _, minor = match[1].partition(".")
        if not (major.isdigit() and minor.isdigit()):
            raise NotFound("page not found")
        request.version = (int(major), int(minor))
        if request.version < MINIMUM:
            raise InvalidArgument(
                f"client version {match[1]} is too old. Minimum supported API version is {text(MINIMUM)}, please "
                "upgrade your client to a newer version"
            )
        if request.version > MAXIMUM:
            raise InvalidArgument(
                f"client version {match[1]} is too new. Maximum supported API version is {text(MAXIMUM)}"
            )
        return match[2]
