"""The devices of /dev: the specification's defaults, the ones asked for, and the usual links."""

from __future__ import annotations

import errno
import os
import stat
from typing import Any

from barque.linux import libc, mounts

DEFAULT = (
    ("/dev/null", 1, 3),
    ("/dev/zero", 1, 5),
    ("/dev/full", 1, 7),
    ("/dev/random", 1, 8),
    ("/dev/urandom", 1, 9),
    ("/dev/tty", 5, 0),
)
LINKS = (
    ("/proc/self/fd", "fd"),
    ("/proc/self/fd/0", "stdin"),
    ("/proc/self/fd/1", "stdout"),
    ("/proc/self/fd/2", "stderr"),
)
KINDS = {"c": stat.S_IFCHR, "u": stat.S_IFCHR, "b": stat.S_IFBLK, "p": stat.S_IFIFO}


ALWAYS = (
    ("c", None, None, "m"),
    ("b", None, None, "m"),
    ("c", 1, 3, "rwm"),
    ("c", 1, 5, "rwm"),
    ("c", 1, 7, "rwm"),
    ("c", 1, 8, "rwm"),
    ("c", 1, 9, "rwm"),
    ("c", 5, 0, "rwm"),
    ("c", 5, 1, "rwm"),
    ("c", 5, 2, "rwm"),
    ("c", 136, None, "rwm"),
)


def resources(spec: dict[str, Any]) -> dict[str, Any]:
    """``linux.resources`` with what every container may use: its default devices, its terminals, and mknod of any."""
    given = (spec.get("linux") or {}).get("resources") or {}
    rules = given.get("devices") or []
    if not rules:
        return given
    always = [{"allow": True, "type": t, "major": a, "minor": b, "access": w} for t, a, b, w in ALWAYS]
    return {**given, "devices": [*rules, *always]}


def wanted(spec: dict[str, Any]) -> list[dict[str, Any]]:
    """Default devices first, then ``linux.devices``; a path named twice is made as asked last."""
    merged: dict[str, dict[str, Any]] = {
        path: {"path": path, "type": "c", "major": major, "minor": minor, "fileMode": 0o666}
        for path, major, minor in DEFAULT
    }
    for device in (spec.get("linux") or {}).get("devices") or ():
        merged[device["path"]] = device
    return list(merged.values())


def make(device: dict[str, Any], directory: int, name: str) -> None:
    """mknod(2) inside the root; where that is not allowed (a user namespace) the host's node is bound instead.

    The caller's umask is 0.
    """
    mode = KINDS[device["type"]] | int(device.get("fileMode") or 0o666)
    try:
        os.mknod(name, mode, os.makedev(device.get("major", 0), device.get("minor", 0)), dir_fd=directory)
    except FileExistsError:
        return
    except OSError as error:
        if error.errno != errno.EPERM:
            raise
        _bind(device["path"], directory, name)
        return
    if device.get("uid") or device.get("gid"):
        os.chown(name, device.get("uid") or 0, device.get("gid") or 0, dir_fd=directory)


def _bind(source: str, directory: int, name: str) -> None:
    target = os.open(name, os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666, dir_fd=directory)
    try:
        libc.mount(source, f"/proc/self/fd/{target}", None, mounts.MS_BIND)
    finally:
        os.close(target)


def links(dev: int) -> None:
    """/dev/fd, /dev/stdin ... and /dev/ptmx, in the open directory ``dev``."""
    for target, name in (*LINKS, ("pts/ptmx", "ptmx")):
        try:
            os.symlink(target, name, dir_fd=dev)
        except FileExistsError:
            continue
    if os.path.exists("/proc/kcore"):
        try:
            os.symlink("/proc/kcore", "core", dir_fd=dev)
        except FileExistsError:
            pass
