"""Status to kind: the other end of the mapping in the daemon's edge."""

from __future__ import annotations

from barque import errors

_BY_STATUS: dict[int, type[errors.BarqueError]] = {
    304: errors.NotModified,
    400: errors.InvalidArgument,
    401: errors.Unauthorized,
    403: errors.Forbidden,
    404: errors.NotFound,
    409: errors.Conflict,
    501: errors.Unsupported,
    503: errors.Unavailable,
}


class CannotConnect(errors.Unavailable):
    """Nobody answers at the endpoint, or the connection broke before an answer."""

    def __init__(self, message: str, reason: str = "") -> None:
        super().__init__(message)
        self.reason = reason


def from_status(status: int, message: str) -> errors.BarqueError:
    """The exception for an error status and the daemon's ``message``; an unknown status is ``Internal``."""
    return _BY_STATUS.get(status, errors.Internal)(message)
