"""Which snapshotter a data root can have."""

from __future__ import annotations

import os

from barque.errors import InvalidArgument
from barque.snapshots.overlay import OverlaySnapshotter
from barque.snapshots.snapshotter import Snapshotter
from barque.snapshots.vfs import VfsSnapshotter
from barque.state import Database

CANNOT_BE_UPPER = {"overlay", "nfs", "nfs4", "fuse", "ecryptfs", "vfat"}


def file_system_of(path: str, mountinfo: str) -> str:
    """The type of the mount that holds ``path`` (proc(5), mountinfo)."""
    best, kind = "", ""
    for line in mountinfo.splitlines():
        before, _, after = line.partition(" - ")
        point = before.split()[4]
        if (path + "/").startswith(point.rstrip("/") + "/") and len(point) >= len(best):
            best, kind = point, after.split()[0]
    return kind


def choose(driver: str, db: Database, root: str) -> Snapshotter:
    """``overlay2``, ``vfs``, or empty for the best that works here. Raises InvalidArgument for an unknown name."""
    if driver == "vfs":
        return VfsSnapshotter(db, root)
    if driver in ("overlay2", "overlay"):
        return OverlaySnapshotter(db, root)
    if driver:
        raise InvalidArgument(f"error initializing graphdriver: driver not supported: {driver}")
    os.makedirs(root, exist_ok=True)
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
        kind = file_system_of(os.path.realpath(root), file.read())
    with open("/proc/filesystems", encoding="utf-8") as file:
        known = "overlay" in file.read()
    if kind in CANNOT_BE_UPPER or not known:
        return VfsSnapshotter(db, root)
    return OverlaySnapshotter(db, root)
