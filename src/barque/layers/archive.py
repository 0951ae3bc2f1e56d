"""Copying in and out of a container's files: inside its root, so that no link of its leads out.

``request`` has either ``pid`` (a running container: its mount namespace and root are entered) or ``mounts`` and
``rootfs`` (a stopped one: mounted in a namespace of our own), or ``root``, a directory: the one a shim keeps open, with
the container's files but without what is mounted in it. Everything that runs after that
was imported before (CVE-2019-14271), and paths are walked inside the root only (CVE-2018-15664).
"""

from __future__ import annotations

import os
import socket
import stat
from typing import Any

from barque.errors import InvalidArgument, NotFound
from barque.layers.compression import Uncompressed
from barque.layers.create import write_tree
from barque.layers.extract import Extractor, clean
from barque.layers.reader import entries
from barque.linux import clone, libc, mounts, paths
from barque.linux.root import Root
from barque.wire import lines

GO_MODES = (
    (stat.S_ISDIR, 1 << 31),
    (stat.S_ISLNK, 1 << 27),
    (stat.S_ISBLK, 1 << 26),
    (stat.S_ISCHR, 1 << 26 | 1 << 21),
    (stat.S_ISFIFO, 1 << 25),
    (stat.S_ISSOCK, 1 << 24),
)


def enter(request: dict[str, Any]) -> None:
    """Make the container's root ours."""
    if request.get("pid"):
        root = os.open(f"/proc/{request['pid']}/root", os.O_PATH | os.O_CLOEXEC)
        namespace = os.open(f"/proc/{request['pid']}/ns/mnt", os.O_RDONLY | os.O_CLOEXEC)
        libc.setns(namespace, clone.CLONE_NEWNS)
        os.fchdir(root)
        os.chroot(".")
        return
    if request.get("root"):
        os.chroot(request["root"])
        os.chdir("/")
        return
    libc.unshare(clone.CLONE_NEWNS)
    libc.mount("", "/", None, mounts.MS_PRIVATE | mounts.MS_REC)
    rootfs, *inside = request["mounts"]
    mounts.perform(rootfs, request["rootfs"])
    top = Root(request["rootfs"])
    for entry in inside:
        _mount_inside(top, entry)
    os.fchdir(top.fd)
    os.chroot(".")


def _mount_inside(root: Root, entry: dict[str, Any]) -> None:
    """A volume, where the container's own links lead inside its root; the mount point is made as a start makes it."""
    is_file = bool(entry.get("source")) and not os.path.isdir(entry["source"])
    point = root.make_file(entry["target"]) if is_file else root.make_directory(entry["target"])
    try:
        mounts.perform({**entry, "target": ""}, f"/proc/self/fd/{point}")
    finally:
        os.close(point)


def _resolve(request: dict[str, Any], follow: bool) -> str:
    """The path inside the root with its parents' links resolved; the last one too when ``follow``."""
    wanted: str = request["path"]
    absolute = os.path.normpath("/" + wanted)
    try:
        if follow or wanted.endswith(("/", "/.")):
            real: str = os.path.realpath(absolute, strict=True)
        else:
            above, name = os.path.split(absolute)
            real = os.path.join(os.path.realpath(above, strict=True), name)
            os.lstat(real)
    except (FileNotFoundError, NotADirectoryError):
        raise NotFound(f"Could not find the file {wanted} in container {request['container']}") from None
    return real


def _stat(real: str, name: str) -> dict[str, Any]:
    found = os.lstat(real)
    mode = stat.S_IMODE(found.st_mode) & 0o777
    for test, bits in GO_MODES:
        if test(found.st_mode):
            mode |= bits
    for bit, go in ((stat.S_ISUID, 1 << 23), (stat.S_ISGID, 1 << 22), (stat.S_ISVTX, 1 << 20)):
        if found.st_mode & bit:
            mode |= go
    target = ""
    if stat.S_ISLNK(found.st_mode):
        link = os.readlink(real)
        target = os.path.normpath(os.path.join(os.path.dirname(real), link))
    return {"name": name, "size": found.st_size, "mode": mode, "mtime": found.st_mtime_ns, "linkTarget": target}


def _name(request: dict[str, Any]) -> str:
    return os.path.basename(os.path.normpath("/" + request["path"])) or "/"


def stat_path(request: dict[str, Any], connection: socket.socket) -> None:
    """``{"name", "size", "mode" (Go), "mtime" (ns), "linkTarget"}``."""
    enter(request)
    connection.sendall(lines.ok(**_stat(_resolve(request, False), _name(request))))


def tar(request: dict[str, Any], connection: socket.socket) -> None:
    """The stat as ``ok``, then the tar to the end of the stream. Without ``path``: the whole root."""
    enter(request)
    if not request.get("path"):
        connection.sendall(lines.ok())
        write_tree("/", connection.sendall)
        return
    real = _resolve(request, False)
    name = _name(request)
    connection.sendall(lines.ok(**_stat(real, name)))
    if request["path"].endswith("/.") and os.path.isdir(real):
        name = "."
    write_tree("/", connection.sendall, real.lstrip("/") or ".", name if name != "/" else ".")


class _Received:
    """The bytes that follow on a connection, for the reader of a tar."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def read(self, count: int) -> bytes:
        return self._connection.recv(count)


def untar(request: dict[str, Any], connection: socket.socket) -> None:
    """``ok`` when the target can take it, then the client's tar to its end, then the second ``ok``."""
    enter(request)
    real = _resolve(request, True)
    if not os.path.isdir(real):
        raise InvalidArgument("extraction point is not a directory")
    if os.statvfs(real).f_flag & os.ST_RDONLY:
        raise InvalidArgument("container rootfs is marked read-only")
    connection.sendall(lines.ok())
    stream = Uncompressed(_Received(connection))  # type: ignore[arg-type]
    extractor = Extractor("/")
    prefix = real.strip("/")
    try:
        for entry in entries(stream):
            path = clean(entry.name)
            full = "/".join(filter(None, (prefix, path)))
            if not path:
                continue
            if request.get("no_overwrite"):
                _same_kind(extractor, full, entry.kind == b"5")
            if entry.kind == b"1":
                entry.link = "/".join(filter(None, (prefix, clean(entry.link))))
            entry.name = full
            extractor.make(entry, full, stream)
    finally:
        extractor.close()
    stream.finish()
    connection.sendall(lines.ok())


def _same_kind(extractor: Extractor, path: str, directory: bool) -> None:
    try:
        descriptor = paths.open_in_root(extractor.root, path, os.O_PATH | os.O_NOFOLLOW)
    except FileNotFoundError:
        return
    is_directory = stat.S_ISDIR(os.fstat(descriptor).st_mode)
    os.close(descriptor)
    if is_directory and not directory:
        raise InvalidArgument(f'cannot overwrite directory "/{path}" with non-directory')
    if directory and not is_directory:
        raise InvalidArgument(f'cannot overwrite non-directory "/{path}" with directory')


def changes(request: dict[str, Any], connection: socket.socket) -> None:
    """What the upper directory ``upper`` adds (1), changes (0) and deletes (2) over ``lower`` (top first)."""
    rows: list[dict[str, Any]] = []
    _changes(request["upper"], request["lower"], "", rows)
    connection.sendall(lines.ok(changes=rows))


def _below(lower: list[str], path: str) -> os.stat_result | None:
    for root in lower:
        try:
            found = os.lstat(os.path.join(root, path))
        except (FileNotFoundError, NotADirectoryError):
            continue
        return None if stat.S_ISCHR(found.st_mode) and found.st_rdev == 0 else found
    return None


def _changes(upper: str, lower: list[str], relative: str, rows: list[dict[str, Any]]) -> None:
    with os.scandir(os.path.join(upper, relative)) as entries_:
        names = sorted(entry.name for entry in entries_)
    for name in names:
        path = f"{relative}/{name}" if relative else name
        found = os.lstat(os.path.join(upper, path))
        before = _below(lower, path)
        if stat.S_ISCHR(found.st_mode) and found.st_rdev == 0:
            rows.append({"Path": f"/{path}", "Kind": 2})
            continue
        rows.append({"Path": f"/{path}", "Kind": 0 if before is not None else 1})
        if stat.S_ISDIR(found.st_mode):
            _changes(upper, lower, path, rows)
