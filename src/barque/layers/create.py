"""Tars from directories: a layer from an overlay's upper directory, or a tree as it is."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import tarfile
from collections.abc import Callable, Iterator
from typing import IO

from barque.layers.apply import OPAQUE, OPAQUE_XATTR, WHITEOUT

Write = Callable[[bytes], object]
BLOCK = 1 << 20


def _header(name: str, found: os.stat_result, link: str, xattrs: dict[str, bytes]) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.mode, info.uid, info.gid = stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid
    info.mtime = int(found.st_mtime)
    info.linkname = link
    info.pax_headers = {f"SCHILY.xattr.{k}": v.decode("utf-8", "surrogateescape") for k, v in xattrs.items()}
    return info


def _send(write: Write, info: tarfile.TarInfo) -> None:
    write(info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape"))


def _xattrs(path: str) -> dict[str, bytes]:
    out = {}
    with contextlib.suppress(OSError):
        for key in os.listxattr(path, follow_symlinks=False):
            if key == "security.capability" or key.startswith("user."):
                out[key] = os.getxattr(path, key, follow_symlinks=False)
    return out


def _walk(root: str, relative: str = "") -> Iterator[str]:
    """Everything below, sorted, a directory before what is in it; without recursion, whatever the depth."""
    pending = [_below(root, relative)]
    while pending:
        if not pending[-1]:
            pending.pop()
            continue
        path, is_directory = pending[-1].pop()
        yield path
        if is_directory:
            pending.append(_below(root, path))


def _below(root: str, relative: str) -> list[tuple[str, bool]]:
    """Paths in reverse order, and whether each is a directory; nothing for one that has just gone."""
    try:
        with os.scandir(os.path.join(root, relative) if relative else root) as found:
            rows = sorted(((e.name, e.is_dir(follow_symlinks=False)) for e in found), reverse=True)
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [(f"{relative}/{name}" if relative else name, is_directory) for name, is_directory in rows]


def _entry(root: str, path: str, name: str, write: Write, seen: dict[tuple[int, int], str]) -> None:
    full = os.path.join(root, path)
    try:
        found = os.lstat(full)
    except (FileNotFoundError, NotADirectoryError):  # a running container took it away
        return
    kind = stat.S_IFMT(found.st_mode)
    if kind == stat.S_IFSOCK:
        return
    info = _header(name, found, "", _xattrs(full))
    if kind == stat.S_IFREG and found.st_nlink > 1:
        first = seen.setdefault((found.st_dev, found.st_ino), name)
        if first != name:
            info.type, info.linkname = tarfile.LNKTYPE, first
            _send(write, info)
            return
    if kind == stat.S_IFREG:
        _file(full, info, write)
        return
    if kind == stat.S_IFDIR:
        info.type = tarfile.DIRTYPE
        info.name = name.rstrip("/") + "/"
    elif kind == stat.S_IFLNK:
        info.type, info.linkname = tarfile.SYMTYPE, os.readlink(full)
    elif kind == stat.S_IFIFO:
        info.type = tarfile.FIFOTYPE
    else:
        info.type = tarfile.CHRTYPE if kind == stat.S_IFCHR else tarfile.BLKTYPE
        info.devmajor, info.devminor = os.major(found.st_rdev), os.minor(found.st_rdev)
    _send(write, info)


def _file(path: str, info: tarfile.TarInfo, write: Write) -> None:
    """The header only once the file is open, and is one: it may have gone, or become a link, since it was looked at."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENXIO):
            return
        raise
    with open(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            return
        info.size = found.st_size
        _send(write, info)
        _content(file, found.st_size, write)


def _content(file: IO[bytes], size: int, write: Write) -> None:
    left = size
    while left:
        data = file.read(min(BLOCK, left))
        if not data:  # it shrank while we read: the header's promise is kept with zeros
            data = b"\0" * min(BLOCK, left)
        write(data)
        left -= len(data)
    if size % 512:
        write(b"\0" * (512 - size % 512))


def end(write: Write) -> None:
    """Two zero blocks close an archive."""
    write(b"\0" * 1024)


def write_layer(upper: str, write: Write) -> None:
    """The upper directory of an overlay as a layer: devices 0/0 become ``.wh.`` names, opaque directories say so."""
    seen: dict[tuple[int, int], str] = {}
    for path in _walk(upper):
        full = os.path.join(upper, path)
        try:
            found = os.lstat(full)
        except (FileNotFoundError, NotADirectoryError):
            continue
        if stat.S_ISCHR(found.st_mode) and found.st_rdev == 0:
            above, _, name = path.rpartition("/")
            _send(write, _header(f"{above}/{WHITEOUT}{name}" if above else WHITEOUT + name, found, "", {}))
            continue
        _entry(upper, path, path, write, seen)
        if stat.S_ISDIR(found.st_mode):
            with contextlib.suppress(OSError):
                if os.getxattr(full, OPAQUE_XATTR, follow_symlinks=False) == b"y":
                    _send(write, _header(f"{path}/{OPAQUE}", found, "", {}))
    end(write)


def write_tree(root: str, write: Write, start: str = "", name: str = "") -> None:
    """``start`` below ``root`` and everything in it; entries are named from ``name`` on. Without ``start``: the whole
    root, as export gives it."""
    seen: dict[tuple[int, int], str] = {}
    if start:
        _entry(root, start, name, write, seen)
        if not stat.S_ISDIR(os.lstat(os.path.join(root, start)).st_mode):
            end(write)
            return
    for path in _walk(root, start):
        below = path.removeprefix(start).lstrip("/")
        _entry(root, path, os.path.join(name, below) if name else below, write, seen)
    end(write)
