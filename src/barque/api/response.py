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
    head: bytes = b""
    """Sent as it is instead of the usual head (websockets)."""


def encode(value: Any) -> bytes:
    """Bytes that came from file names go out as they were; other lone surrogates become ``?``."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace")


def reply(value: Any, status: int = 200) -> Response:
    """A JSON body."""
    return Response(status, encode(value) + b"\n", {"Content-Type": "application/json"})


def nothing(status: int = 204) -> Response:
    return Response(status)
