"""One exception class per kind of failure.

A room raises the kind it means, with a message in Docker's words that names what the user named. The HTTP edge
maps a kind to a status in one place (``api/errors.py``) and the client maps it back.

    raise NotFound(f"No such container: {name}")
"""

from __future__ import annotations


class BarqueError(Exception):
    """Any failure with a meaning. ``kind`` is the word that crosses process boundaries in error replies."""

    kind = "internal"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def __str__(self) -> str:
        return self.message


class InvalidArgument(BarqueError):
    """The caller's input is wrong (400)."""

    kind = "invalid"


class Unauthorized(BarqueError):
    """Credentials are missing or wrong (401)."""

    kind = "unauthorized"


class Forbidden(BarqueError):
    """The operation is not allowed on this object (403)."""

    kind = "forbidden"


class NotFound(BarqueError):
    """The named object does not exist (404)."""

    kind = "not_found"


class Conflict(BarqueError):
    """The object's state does not allow it, or the name is taken (409)."""

    kind = "conflict"


class NotModified(BarqueError):
    """The object is already in the wanted state (304)."""

    kind = "not_modified"


class Unsupported(BarqueError):
    """Known to the API, not offered by this engine (501)."""

    kind = "unsupported"


class Unavailable(BarqueError):
    """A part that is needed cannot answer now (503)."""

    kind = "unavailable"


class StartError(BarqueError):
    """A container's program could not be set up or started; the message is in runc's words, from which Docker's
    clients read their exit codes."""

    kind = "start_failed"


class Internal(BarqueError):
    """Everything else (500)."""


KINDS: dict[str, type[BarqueError]] = {
    cls.kind: cls
    for cls in (
        InvalidArgument,
        Unauthorized,
        Forbidden,
        NotFound,
        Conflict,
        NotModified,
        Unsupported,
        Unavailable,
        StartError,
    )
} | {"internal": Internal}


def from_kind(kind: str, message: str) -> BarqueError:
    """The exception for a kind word received from another process; unknown words become ``Internal``."""
    return KINDS.get(kind, Internal)(message)
