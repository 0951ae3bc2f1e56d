"""The values that cross from the edge into the engine: options of attach and logs, credentials, a raw connection."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

Json = dict[str, Any]
Records = list[Json]
Strings = list[str]
Filters = Mapping[str, list[str]]
"""Filter name to its values, already parsed from either wire form (map of lists, map of sets)."""

Progress = AsyncIterator[Json]
"""Docker's JSON lines (``status``, ``id``, ``progressDetail``, ``stream``, ``aux``, ``errorDetail`` are made by the
edge when the iterator raises)."""


class Duplex(Protocol):
    """A raw connection after a hijack: bytes both ways, each direction closed by itself."""

    async def read(self) -> bytes:
        """The next bytes the client sent; ``b""`` when it closed its sending side or went away."""

    async def write(self, data: bytes) -> None:
        """Send, waiting while the client is slow. Raises ``ConnectionError`` when it is gone."""

    async def write_eof(self) -> None:
        """No more bytes from our side."""


@dataclass(frozen=True, slots=True)
class AttachOptions:
    stdin: bool = False
    stdout: bool = False
    stderr: bool = False
    stream: bool = False
    logs: bool = False
    detach_keys: str | None = None
    multiplexed: bool = True
    """False for websocket attach: bytes without the 8-byte headers even without a terminal."""


@dataclass(frozen=True, slots=True)
class LogOptions:
    follow: bool = False
    stdout: bool = False
    stderr: bool = False
    since: float = 0.0
    until: float = 0.0
    timestamps: bool = False
    tail: int = -1
    details: bool = False


@dataclass(frozen=True, slots=True)
class RegistryAuth:
    """Decoded ``X-Registry-Auth``."""

    username: str = ""
    password: str = ""
    identity_token: str = ""
    server_address: str = ""
