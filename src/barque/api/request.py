"""A request as handlers see it: checked query values, a body read once, the raw connection on demand."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import parse_qsl

from barque.api.bodies import named
from barque.errors import InvalidArgument
from barque.model.requests import Json, RegistryAuth

MAX_JSON = 16 << 20
NUMBER = re.compile(r"[+-]?[0-9]{1,18}")
MOMENT = re.compile(r"[+-]?[0-9]{1,18}(\.[0-9]{0,18})?")
FALSE = ("", "0", "no", "false", "none")


class Body(Protocol):
    def chunks(self) -> AsyncIterator[bytes]: ...


@dataclass
class Request:
    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: Body
    version: tuple[int, int] = (1, 51)
    parameters: dict[str, str] = field(default_factory=dict)

    def text(self, name: str, default: str = "") -> str:
        values = self.query.get(name)
        return values[0] if values else default

    def flag(self, name: str, default: bool = False) -> bool:
        """Docker's booleans: everything but a few words is true."""
        values = self.query.get(name)
        return default if not values else values[0].strip().lower() not in FALSE

    def number(self, name: str, default: int | None = None) -> int | None:
        word = self.text(name)
        if not word:
            return default
        if not NUMBER.fullmatch(word):
            raise InvalidArgument(f'strconv.Atoi: parsing "{word}": invalid syntax')
        return int(word)

    def console_size(self) -> tuple[int, int]:
        """``h`` and ``w``, both required. Raises InvalidArgument."""
        sizes = []
        for name, word in (("h", "height"), ("w", "width")):
            value = self.text(name)
            if not (value.isascii() and value.isdigit()):
                reason = f'strconv.ParseUint: parsing "{value}": invalid syntax'
                raise InvalidArgument(f'invalid resize {word} "{value}": {reason}')
            if int(value[:11]) >= 1 << 32:
                reason = f'strconv.ParseUint: parsing "{value}": value out of range'
                raise InvalidArgument(f'invalid resize {word} "{value}": {reason}')
            sizes.append(int(value))
        return sizes[0], sizes[1]

    def moment(self, name: str) -> float | None:
        """Unix seconds with a fraction; None when not given."""
        word = self.text(name)
        if not word:
            return None
        if not MOMENT.fullmatch(word):
            raise InvalidArgument(f'invalid value for "{name}": {word}')
        return float(word)

    def filters(self, known: frozenset[str]) -> dict[str, list[str]]:
        """From either wire form: a map of lists, or of maps to booleans. Raises InvalidArgument."""
        word = self.text("filters")
        if not word:
            return {}
        try:
            value = decode(word)
            out = {}
            for name, given in value.items():
                names = [key for key, on in given.items() if on] if isinstance(given, dict) else given
                if not isinstance(names, list) or not all(isinstance(n, str) for n in names):
                    raise ValueError
                out[str(name)] = names
        except (ValueError, AttributeError):
            raise InvalidArgument(f"invalid filter: {word}") from None
        if unknown := out.keys() - known:
            raise InvalidArgument(f"invalid filter '{min(unknown)}'")
        return out

    async def bytes(self, limit: int = MAX_JSON) -> bytes:
        parts, size = [], 0
        async for chunk in self.body.chunks():
            size += len(chunk)
            if size > limit:
                raise InvalidArgument("http: request body too large")
            parts.append(chunk)
        return b"".join(parts)

    async def json(self, shape: Json | None = None, required: bool = False) -> Json:
        """An object. ``shape`` gives the canonical names of its keys, nested: Go matches them in any case.

        Raises InvalidArgument for what is no JSON object, or empty when it is required.
        """
        data = await self.bytes()
        if not data.strip():
            if required:
                raise InvalidArgument("invalid JSON: got EOF while reading request body")
            return {}
        kind = self.headers.get("content-type", "application/json").partition(";")[0].strip()
        if kind and kind != "application/json":
            raise InvalidArgument(f"unsupported Content-Type header ({kind}): must be 'application/json'")
        try:
            value = decode(data)
        except (ValueError, RecursionError) as error:
            raise InvalidArgument(f"invalid JSON: {error}") from None
        if value is None and not required:
            return {}
        if not isinstance(value, dict):
            raise InvalidArgument("invalid JSON: cannot unmarshal into an object")
        return named(value, shape) if shape else value

    def auth(self) -> RegistryAuth | None:
        """Decoded X-Registry-Auth; a broken one counts as none, as dockerd has it."""
        word = self.headers.get("x-registry-auth", "")
        if not word:
            return None
        try:
            value = json.loads(base64.urlsafe_b64decode(word + "=" * (-len(word) % 4)))
        except ValueError:
            return None
        return auth_of(value) if isinstance(value, dict) and value else None


def auth_of(value: Json) -> RegistryAuth:
    return RegistryAuth(
        str(value.get("username") or ""),
        str(value.get("password") or ""),
        str(value.get("identitytoken") or ""),
        str(value.get("serveraddress") or ""),
    )


def decode(data: str | bytes) -> Any:
    """JSON; escapes that are half a surrogate pair become U+FFFD, as in Go. Raises ValueError."""
    value = json.loads(data)
    if "\\ud" in (data if isinstance(data, str) else data.decode("latin-1")).lower():
        whole = json.dumps(value, ensure_ascii=False).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        value = json.loads(whole)
    return value


def parse_query(text: str) -> dict[str, list[str]]:
    out: dict[str, list[str]] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        out.setdefault(name, []).append(value)
    return out
