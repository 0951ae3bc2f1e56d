from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from barque.api.request import Request
from barque.api.response import Hijack, Response, reply
from barque.api.router import Router
from barque.errors import BarqueError, Conflict, NotModified, StartError, Unauthorized


class Empty:
    async def chunks(self) -> AsyncIterator[bytes]:
        for nothing in ():
            yield nothing


async def echo(request: Request) -> Response:
    return reply({"version": list(request.version), **request.parameters})


def answer(router: Router, method: str, path: str) -> tuple[int, Any]:
    found: Response | Hijack = asyncio.run(router.handle(Request(method, path, {}, {}, Empty())))
    assert isinstance(found, Response)
    assert isinstance(found.body, bytes)
    return found.status, json.loads(found.body or b"null")


@pytest.fixture
def router() -> Router:
    return Router(
        [
            ("GET", "/info", echo),
            ("GET", "/images/json", echo),
            ("GET", "/images/{name:*}/json", echo),
            ("POST", "/images/{name:*}/push", echo),
            ("DELETE", "/images/{name:*}", echo),
            ("GET", "/containers/{name}/json", echo),
        ]
    )


@pytest.mark.parametrize(("prefix", "version"), [("", [1, 51]), ("/v1.24", [1, 24]), ("/v1.51", [1, 51])])
def test_every_path_with_and_without_a_version(router: Router, prefix: str, version: list[int]) -> None:
    assert answer(router, "GET", prefix + "/info") == (200, {"version": version})


def test_names_with_slashes(router: Router) -> None:
    assert answer(router, "GET", "/images/r.example:5000/a/b@sha256:0/json")[1]["name"] == "r.example:5000/a/b@sha256:0"
    assert answer(router, "POST", "/v1.41/images/a/push/push")[1]["name"] == "a/push"
    assert answer(router, "DELETE", "/images/a/b")[1]["name"] == "a/b"
    assert "name" not in answer(router, "GET", "/images/json")[1]
    assert answer(router, "GET", "/containers/a/b/json")[0] == 404


@pytest.mark.parametrize(
    ("path", "message"),
    [
        (
            "/v1.23/info",
            "client version 1.23 is too old. Minimum supported API version is 1.24, please upgrade your client to a "
            "newer version",
        ),
        ("/v1.99/info", "client version 1.99 is too new. Maximum supported API version is 1.51"),
        ("/v2.0/info", "client version 2.0 is too new. Maximum supported API version is 1.51"),
    ],
)
def test_versions_out_of_range(router: Router, path: str, message: str) -> None:
    assert answer(router, "GET", path) == (400, {"message": message})


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/nope"), ("GET", "/"), ("PUT", "/info"), ("GET", "/v1/info"), ("GET", "/v1.2.3/info")]
)
def test_unknown_paths_and_methods(router: Router, method: str, path: str) -> None:
    assert answer(router, method, path) == (404, {"message": "page not found"})


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/build"),
        ("POST", "/build/prune"),
        ("POST", "/build/cancel"),
        ("POST", "/v1.41/session"),
        ("POST", "/grpc"),
        ("POST", "/plugins/pull"),
        ("POST", "/plugins/a/enable"),
        ("GET", "/images/a/b:1/attestations"),
        ("GET", "/containers/a/checkpoints"),
        ("DELETE", "/containers/a/checkpoints/b"),
    ],
)
def test_what_is_documented_but_not_served(router: Router, method: str, path: str) -> None:
    status, body = answer(router, method, path)
    assert status == 501
    assert path.removeprefix("/v1.41") in body["message"]


@pytest.mark.parametrize("path", ["/swarm", "/nodes", "/services/x", "/tasks/x/logs", "/secrets/create", "/configs"])
def test_swarm_answers_as_a_node_outside_one(router: Router, path: str) -> None:
    status, body = answer(router, "GET", path)
    assert status == 503
    assert body["message"].startswith("This node is not a swarm manager. Use ")


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Conflict("c"), 409),
        (StartError("s"), 400),
        (Unauthorized("u"), 401),
        (BarqueError("b"), 500),
        (OSError(5, "e"), 500),
        (ConnectionRefusedError(111, "Connection refused"), 500),
        (ZeroDivisionError("z"), 500),
    ],
)
def test_kinds_become_statuses(error: Exception, status: int) -> None:
    async def fail(_: Request) -> Response:
        raise error

    assert answer(Router([("GET", "/x", fail)]), "GET", "/x") == (status, {"message": str(error)})


def test_not_modified_has_no_body() -> None:
    async def fail(_: Request) -> Response:
        raise NotModified("")

    assert answer(Router([("GET", "/x", fail)]), "GET", "/x") == (304, None)


def test_the_log_has_requests_and_failures() -> None:
    async def fail(_: Request) -> Response:
        raise ZeroDivisionError("z")

    lines: list[str] = []
    log = lambda level, text: lines.append(f"{level} {text}")  # noqa: E731
    answer(Router([("GET", "/x", fail)], log), "GET", "/x")
    answer(Router([], log), "GET", "/y")
    assert lines[0] == "debug Calling GET /x"
    assert lines[1].startswith("error Handler for GET /x returned error: z\nTraceback")
    assert lines[2:] == ["debug Calling GET /y", "debug Handler for GET /y returned error: page not found"]


def test_a_message_with_half_a_surrogate_pair() -> None:
    async def fail(_: Request) -> Response:
        raise Conflict("\ud800 \udcff")

    found = asyncio.run(Router([("GET", "/x", fail)]).handle(Request("GET", "/x", {}, {}, Empty())))
    assert isinstance(found, Response)
    assert found.body == b'{"message":"? ?"}\n'
