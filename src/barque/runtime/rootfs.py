"""The file system a container sees: mounts, devices, the new root, and what is hidden or read-only."""

from __future__ import annotations

import os
import stat
from typing import Any

from barque.errors import StartError
from barque.linux import files, libc, mounts
from barque.linux.root import Root
from barque.runtime import devices, mounting

PROPAGATION_DEFAULT = mounts.MS_SLAVE | mounts.MS_REC


def build(spec: dict[str, Any], setup: dict[str, Any]) -> Root:
    """Everything up to the pivot, in the mount namespace of the caller; ``setup`` as in ``init.run``."""
    rootfs: str = setup["rootfs"]
    wanted = (spec.get("linux") or {}).get("rootfsPropagation") or ""
    libc.mount("", "/", None, mounts.PROPAGATION.get(wanted, PROPAGATION_DEFAULT))
    _parent_private(rootfs)
    libc.mount(rootfs, rootfs, None, mounts.MS_BIND | mounts.MS_REC)
    if wanted not in ("shared", "rshared"):
        libc.mount("", rootfs, None, mounts.MS_PRIVATE | mounts.MS_REC)
    root = Root(rootfs)
    for planned in setup["mounts"]:
        mounting.perform(root, planned, setup["new_cgroup"])
    if not any(planned.target.rstrip("/") == "/dev" and planned.flags & mounts.MS_BIND for planned in setup["mounts"]):
        _fill_dev(root, setup["devices"])
    return root


def _parent_private(rootfs: str) -> None:
    """pivot_root(2) refuses a root that stands on a shared mount."""
    path = rootfs
    while True:
        try:
            libc.mount("", path, None, mounts.MS_PRIVATE)
            return
        except OSError:  # not a mount point: the mount is further up
            if path == "/":
                raise
            path = os.path.dirname(path)


def _fill_dev(root: Root, wanted: list[dict[str, Any]]) -> None:
    opened: dict[str, int] = {"/dev": root.make_directory("/dev")}
    for device in wanted:
        parent, name = os.path.split(device["path"])
        if parent not in opened:
            opened[parent] = root.make_directory(parent)
        devices.make(device, opened[parent], name)
    devices.links(opened["/dev"])
    for descriptor in opened.values():
        os.close(descriptor)


def bind_console(slave: int) -> None:
    """The terminal's slave as /dev/console."""
    try:
        os.close(os.open("/dev/console", os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666))
    except FileExistsError:
        pass
    libc.mount(f"/proc/self/fd/{slave}", "/dev/console", None, mounts.MS_BIND)


def pivot(root: Root) -> None:
    """pivot_root(2) onto the root itself, then let go of the old one: no directory for it is needed."""
    old = os.open("/", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    os.chdir(root.path)
    libc.pivot_root(".", ".")
    os.fchdir(old)  # "." is the new root until then, and its shared mounts are to stay shared
    os.close(old)
    libc.mount("", ".", None, mounts.MS_SLAVE | mounts.MS_REC)
    libc.umount(".", mounts.MNT_DETACH)
    os.chdir("/")


def _is_null(path: str) -> bool:
    """A /dev/null that an image has put there itself would show what it should hide (CVE-2025-31133)."""
    found = os.lstat(path)
    return stat.S_ISCHR(found.st_mode) and found.st_rdev == os.makedev(1, 3)


def _hide(path: str) -> None:
    try:
        target = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return
    try:
        where = f"/proc/self/fd/{target}"
        if os.path.isdir(where):
            libc.mount("tmpfs", where, "tmpfs", mounts.MS_RDONLY, "size=0k,nr_inodes=2")
        else:
            if not _is_null("/dev/null"):
                raise StartError("/dev/null of the container is not the null device")
            libc.mount("/dev/null", where, None, mounts.MS_BIND)
    finally:
        os.close(target)


def _freeze(path: str) -> None:
    try:
        target = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return
    try:
        libc.mount(f"/proc/self/fd/{target}", f"/proc/self/fd/{target}", None, mounts.MS_BIND | mounts.MS_REC)
    finally:
        os.close(target)
    fresh = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        mounts.set_attributes(fresh, mounts.ATTRIBUTES["rro"], recursive=False)
    finally:
        os.close(fresh)


def finish(spec: dict[str, Any]) -> None:
    """Inside the new root: sysctls, masked and read-only paths, a read-only root."""
    linux = spec.get("linux") or {}
    for name, value in (linux.get("sysctl") or {}).items():
        files.write("/proc/sys/" + name.replace(".", "/"), str(value))
    for path in linux.get("readonlyPaths") or ():
        _freeze(path)
    for path in linux.get("maskedPaths") or ():
        _hide(path)
    if (spec.get("root") or {}).get("readonly"):
        libc.mount("", "/", None, mounts.MS_BIND | mounts.MS_REMOUNT | mounts.MS_RDONLY)
    wanted = linux.get("rootfsPropagation")
    if wanted:
        libc.mount("", "/", None, mounts.PROPAGATION[wanted] & ~mounts.MS_REC)  # what is mounted in it has its own
