"""rm -r that a tree's depth cannot stop: no recursion, and never more than two descriptors open."""

from __future__ import annotations

import errno
import os

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def _empty(here: int) -> list[str]:
    """Unlink everything that is no directory; the names of what is one."""
    with os.scandir(here) as found:
        rows = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in found]
    for name, is_directory in rows:
        if not is_directory:
            os.unlink(name, dir_fd=here)
    return [name for name, is_directory in rows if is_directory]


def _identity(descriptor: int) -> tuple[int, int]:
    found = os.fstat(descriptor)
    return found.st_dev, found.st_ino


def _step(here: int, name: str) -> int:
    """``name`` below ``here``, which is closed."""
    there = os.open(name, _DIRECTORY, dir_fd=here)
    os.close(here)
    return there


def remove(directory: int, name: str) -> None:
    """Remove ``name`` below the open ``directory``; links are removed, not followed. Raises OSError."""
    try:
        here = os.open(name, _DIRECTORY, dir_fd=directory)
    except OSError as error:
        if error.errno not in (errno.ENOTDIR, errno.ELOOP):
            raise
        os.unlink(name, dir_fd=directory)
        return
    path: list[str] = []
    above: list[tuple[int, int]] = []
    try:
        pending = [_empty(here)]
        while pending[-1] or path:
            if pending[-1]:
                path.append(pending[-1].pop())
                above.append(_identity(here))
                here = _step(here, path[-1])
                pending.append(_empty(here))
                continue
            pending.pop()
            here = _step(here, "..")
            if _identity(here) != above.pop():  # somebody moved the tree: ".." is no longer where we came from
                raise OSError(errno.ESTALE, os.strerror(errno.ESTALE), name)
            os.rmdir(path.pop(), dir_fd=here)
    finally:
        os.close(here)
    os.rmdir(name, dir_fd=directory)
