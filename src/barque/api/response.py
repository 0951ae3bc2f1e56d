"""What a handler answers with."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from barque.model.requests import Duplex


@dataclass
class Response:
    """``body`` bytes are sent with their length, an iterator in chunks as they come."""

    status: int = 200
    body: bytes | AsyncIterator[bytes] = b""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Hijack:
    """Leave HTTP: the head is sent, then ``run`` has the raw connection."""

    run: Callable[[Duplex], Awaitable[None]]
    content_type: str = "application/vnd.docker.raw-stream"


def reply(value: Any, status: int = 200) -> Response:
    """A JSON body."""
    data = json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogateescape") + b"\n"
    return Response(status, data, {"Content-Type": "application/json"})


def nothing(status: int = 204) -> Response:
    return Response(status)
