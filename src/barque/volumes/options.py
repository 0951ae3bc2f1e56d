"""The ``local`` driver's options: what to mount on the volume's directory while it is used."""

from __future__ import annotations

import re
import socket

from barque.errors import InvalidArgument
from barque.model.mount import Mount

NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]+")
OPTIONS = {"type", "device", "o", "size"}


def check_name(name: str) -> None:
    """Raises InvalidArgument in Docker's words."""
    if len(name) == 1:
        raise InvalidArgument("volume name is too short, names should be at least two alphanumeric characters")
    if not NAME.fullmatch(name):
        raise InvalidArgument(
            f'"{name}" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are '
            "allowed. If you intended to pass a host directory, use absolute path"
        )


def check_options(options: dict[str, str]) -> None:
    """Raises InvalidArgument: unknown words, or a mount that is only half described."""
    for key in sorted(options):
        if key not in OPTIONS:
            raise InvalidArgument(f'invalid option: "{key}"')
    if options and set(options) != {"size"}:
        for key in ("device", "type"):
            if not options.get(key) and not (key == "type" and options.get("o")):
                raise InvalidArgument(f'missing required option: "{key}"')


def mount_of(options: dict[str, str], path: str) -> Mount | None:
    """The mount(2) that the options describe, on ``path``; None when the volume is a plain directory.

    An NFS server named in ``addr=`` is resolved here, for the kernel takes addresses only. Raises InvalidArgument.
    """
    if not options.get("device"):
        return None
    kind = options.get("type", "none")
    words = [word for word in options.get("o", "").split(",") if word]
    if kind.startswith("nfs"):
        words = [f"addr={_resolve(word[5:])}" if word.startswith("addr=") else word for word in words]
    return Mount(kind, options["device"], path, tuple(words))


def _resolve(server: str) -> str:
    try:
        return str(socket.getaddrinfo(server, None, type=socket.SOCK_STREAM)[0][4][0])
    except OSError as error:
        raise InvalidArgument(f"error resolving passed in network volume address: {error}") from error
