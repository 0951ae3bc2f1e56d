"""A kind of failure to an HTTP status, in one place."""

from __future__ import annotations

from barque.errors import BarqueError

STATUS = {
    "invalid": 400,
    "start_failed": 400,
    "unauthorized": 401,
    "forbidden": 403,
    "not_found": 404,
    "conflict": 409,
    "not_modified": 304,
    "unsupported": 501,
    "unavailable": 503,
}


def status_of(error: BaseException) -> int:
    return STATUS.get(error.kind, 500) if isinstance(error, BarqueError) else 500


def message_of(error: BaseException) -> str:
    if isinstance(error, BarqueError):
        return error.message
    return str(error) or type(error).__name__
