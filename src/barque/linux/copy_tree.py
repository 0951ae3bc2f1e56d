"""cp -a of a tree: owner, mode, times, hard links, xattrs and special files, by the kernel's own copying."""

from __future__ import annotations

import contextlib
import os
import stat

CHUNK = 1 << 30


def copy_tree(source: str, target: str) -> None:
    """What is in the directory ``source`` into the directory ``target``, which takes its owner, mode and times too.

    Device nodes and sockets are made again where the kernel allows it. Raises OSError.
    """
    _directory(source, target, {})


def _directory(source: str, target: str, links: dict[tuple[int, int], str]) -> None:
    for entry in sorted(os.listdir(source)):
        _entry(os.path.join(source, entry), os.path.join(target, entry), links)
    _facts(source, target)


def _entry(source: str, target: str, links: dict[tuple[int, int], str]) -> None:
    status = os.lstat(source)
    identity = (status.st_dev, status.st_ino)
    if stat.S_ISDIR(status.st_mode):
        os.mkdir(target)
        _directory(source, target, links)
        return
    if status.st_nlink > 1 and identity in links:
        os.link(links[identity], target, follow_symlinks=False)
        return
    links[identity] = target
    if stat.S_ISLNK(status.st_mode):
        os.symlink(os.readlink(source), target)
    elif stat.S_ISREG(status.st_mode):
        _content(source, target)
    else:
        os.mknod(target, status.st_mode, status.st_rdev)
    _facts(source, target)


def _content(source: str, target: str) -> None:
    here = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        there = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            while os.sendfile(there, here, None, CHUNK):  # from where the file stands (Linux)
                pass
        finally:
            os.close(there)
    finally:
        os.close(here)


def _facts(source: str, target: str) -> None:
    """Owner first: chown(2) clears the setuid bits that chmod(2) then sets."""
    status = os.lstat(source)
    os.chown(target, status.st_uid, status.st_gid, follow_symlinks=False)
    if not stat.S_ISLNK(status.st_mode):
        os.chmod(target, stat.S_IMODE(status.st_mode))
    for name in os.listxattr(source, follow_symlinks=False):
        with contextlib.suppress(OSError):
            os.setxattr(target, name, os.getxattr(source, name, follow_symlinks=False), follow_symlinks=False)
    os.utime(target, ns=(status.st_atime_ns, status.st_mtime_ns), follow_symlinks=False)
