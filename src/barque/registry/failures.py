"""What went wrong at a registry, as error codes (distribution-spec, "Error Codes"), and in Docker's words."""

from __future__ import annotations

import json
from collections.abc import Mapping

from barque.errors import BarqueError, Forbidden, Internal, NotFound, Unauthorized, Unavailable
from barque.model.reference import Reference
from barque.registry.challenge import parse_challenges

_DEFAULTS = {
    "UNAUTHORIZED": "authentication required",
    "DENIED": "requested access to the resource is denied",
    "TOOMANYREQUESTS": "too many requests",
    "MANIFEST_UNKNOWN": "manifest unknown",
    "NAME_UNKNOWN": "repository name not known to registry",
    "BLOB_UNKNOWN": "blob unknown to registry",
}
_BY_STATUS = {401: "UNAUTHORIZED", 403: "DENIED", 429: "TOOMANYREQUESTS"}
_REASONS = {400: "Bad Request", 404: "Not Found", 500: "Internal Server Error", 502: "Bad Gateway"} | {
    503: "Service Unavailable",
    504: "Gateway Timeout",
}


class RegistryError(BarqueError):
    """A registry's answer. ``code`` is upper case as on the wire, or empty when it gave none."""

    def __init__(self, status: int, code: str, message: str) -> None:
        self.status, self.code = status, code
        super().__init__(f"{code.lower().replace('_', ' ')}: {message}" if code else message)


def answer_error(status: int, headers: Mapping[str, str], body: bytes) -> RegistryError:
    """The error in an answer whose status is not a success."""
    if status == 401:
        for challenge in parse_challenges(headers.get("WWW-Authenticate", "")):
            code = {"invalid_token": "UNAUTHORIZED", "insufficient_scope": "DENIED"}.get(challenge.error)
            if code:
                return RegistryError(status, code, _DEFAULTS[code])
    try:
        entry = json.loads(body)["errors"][0]
        code, message = str(entry["code"]), str(entry.get("message") or "")
    except (ValueError, KeyError, IndexError, TypeError, RecursionError):
        code, message = _BY_STATUS.get(status, ""), ""
        if code:
            try:
                message = str(json.loads(body)["details"])
            except (ValueError, KeyError, TypeError, RecursionError):
                pass
    if not code:
        return RegistryError(
            status, "", f"received unexpected HTTP status: {status} {_REASONS.get(status, '')}".rstrip()
        )
    return RegistryError(status, code, message or _DEFAULTS.get(code, code.lower().replace("_", " ")))


def pull_error(error: BarqueError, reference: Reference) -> BarqueError:
    """What pulling ``reference`` says for an error met on the way."""
    if not isinstance(error, RegistryError):
        return error
    name = reference.familiar_name
    if error.code == "DENIED":
        return NotFound(
            f"pull access denied for {name}, repository does not exist or may require 'docker login': {error.message}"
        )
    if error.code == "MANIFEST_UNKNOWN" or (error.status == 404 and not error.code):
        cause = error.message if error.code else "manifest unknown: manifest unknown"
        return NotFound(f"manifest for {reference.familiar} not found: {cause}")
    if error.code == "NAME_UNKNOWN":
        return NotFound(f"repository {name} not found: {error.message}")
    return known_kind(error)


def known_kind(error: RegistryError) -> BarqueError:
    """The same message as the kind that fits the status."""
    kinds: dict[int, type[BarqueError]] = {401: Unauthorized, 403: Forbidden, 404: NotFound, 503: Unavailable}
    return kinds.get(error.status, Internal)(error.message)
