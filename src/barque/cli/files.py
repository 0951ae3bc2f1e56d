"""Archives from the daemon to a file or stdout, and from a file or stdin to the daemon."""

from __future__ import annotations

import os

from barque.cli.failure import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from barque.cli.session import Session
    from barque.client.response import Response

_PIECE = 1 << 18


def check_output(path: str, doing: str) -> None:
    """Refuse a terminal, and a path that cannot be a file. Raises ``Failure``."""
    if not path:
        if os.isatty(1):
            raise Failure("cowardly refusing to save to a terminal. Use the -o flag or redirect")
        return
    folder = os.path.dirname(os.path.abspath(path))
    if not os.path.isdir(folder):
        reason = f"stat {os.path.dirname(path)}: no such file or directory"
        raise Failure(f"{doing}: invalid output path: {reason}")
    if os.path.isdir(path):
        raise Failure(f'{doing}: invalid output path: "{path}" must be a regular file')


def save(response: Response, path: str, session: Session) -> None:
    """The body to ``path``, complete or not at all; to stdout without one."""
    if not path:
        for chunk in response.chunks():
            session.out(chunk)
        return
    if os.path.exists(path) and not os.path.isfile(path):
        with open(path, "wb", buffering=0) as device:
            for chunk in response.chunks():
                device.write(chunk)
        return
    temporary = os.path.join(os.path.dirname(os.path.abspath(path)), f".tmp-{os.path.basename(path)}{os.getpid()}")
    try:
        with open(temporary, "wb") as file:
            for chunk in response.chunks():
                file.write(chunk)
        os.replace(temporary, path)
    except BaseException:
        if os.path.exists(temporary):
            os.unlink(temporary)
        raise


def pieces(descriptor: int) -> Iterator[bytes]:
    """Everything readable from ``descriptor``."""
    while data := os.read(descriptor, _PIECE):
        yield data
