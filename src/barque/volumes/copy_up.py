"""The first container that uses an empty volume finds in it what its image has at that place."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat


def copy_up(source: str, target: str) -> bool:
    """Copy the tree at ``source`` into the empty directory ``target``, with owner, mode, times, links and xattrs.

    False, and nothing done, when ``target`` has something in it or ``source`` is no directory. Device nodes and sockets
    are made again where the kernel allows it. Run it where the root file system is mounted. Raises OSError.
    """
    if not os.path.isdir(source) or os.path.islink(source) or os.listdir(target):
        return False
    links: dict[tuple[int, int], str] = {}
    _copy_directory(source, target, links)
    return True


def _copy_directory(source: str, target: str, links: dict[tuple[int, int], str]) -> None:
    for entry in sorted(os.listdir(source)):
        _copy_entry(os.path.join(source, entry), os.path.join(target, entry), links)
    _copy_facts(source, target)


def _copy_entry(source: str, target: str, links: dict[tuple[int, int], str]) -> None:
    status = os.lstat(source)
    identity = (status.st_dev, status.st_ino)
    if stat.S_ISDIR(status.st_mode):
        os.mkdir(target)
        _copy_directory(source, target, links)
        return
    if status.st_nlink > 1 and identity in links:
        os.link(links[identity], target, follow_symlinks=False)
        return
    links[identity] = target
    if stat.S_ISLNK(status.st_mode):
        os.symlink(os.readlink(source), target)
    elif stat.S_ISREG(status.st_mode):
        shutil.copyfile(source, target)
    else:
        os.mknod(target, status.st_mode, status.st_rdev)
    _copy_facts(source, target)


def _copy_facts(source: str, target: str) -> None:
    """Owner first: chown(2) clears the setuid bits that chmod(2) then sets."""
    status = os.lstat(source)
    os.chown(target, status.st_uid, status.st_gid, follow_symlinks=False)
    if not stat.S_ISLNK(status.st_mode):
        os.chmod(target, stat.S_IMODE(status.st_mode))
    for name in os.listxattr(source, follow_symlinks=False):
        with contextlib.suppress(OSError):
            os.setxattr(target, name, os.getxattr(source, name, follow_symlinks=False), follow_symlinks=False)
    os.utime(target, ns=(status.st_atime_ns, status.st_mtime_ns), follow_symlinks=False)
