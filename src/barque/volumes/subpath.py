"""A path inside a volume that its own links cannot lead out of."""

from __future__ import annotations

import os

from barque.errors import InvalidArgument, NotFound
from barque.linux.paths import RESOLVE_BENEATH, open_in_root


def resolve_subpath(root: str, subpath: str) -> str:
    """The real path of ``subpath`` below ``root``. Raises InvalidArgument (absolute, leaves the volume), NotFound.

    A container that shares the volume can change it between this look and the mount: who mounts opens the path again
    with the same rule, or takes ``open_subpath``.
    """
    descriptor = open_subpath(root, subpath)
    try:
        return os.readlink(f"/proc/self/fd/{descriptor}")
    finally:
        os.close(descriptor)


def open_subpath(root: str, subpath: str) -> int:
    """An O_PATH descriptor of it, safe to mount from as ``/proc/self/fd/N``."""
    if os.path.isabs(subpath) or ".." in subpath.split("/"):
        raise InvalidArgument(f"invalid subpath {subpath!r}: must be a relative path within the volume")
    top = os.open(root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        return open_in_root(top, subpath or ".", os.O_PATH, resolve=RESOLVE_BENEATH)
    except FileNotFoundError:
        raise NotFound(f"cannot access path {subpath}: no such file or directory") from None
    except OSError as error:
        raise InvalidArgument(f"subpath {subpath!r} leaves the volume: {error.strerror}") from error
    finally:
        os.close(top)
