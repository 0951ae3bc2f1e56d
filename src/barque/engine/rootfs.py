"""A container's root file system: its snapshot, and below it what an engine mounts upon, as Docker's init layer.

The files and directories that hosts, resolv.conf, /proc and their like are mounted on must be there, and must not look
like something the container wrote.
"""

from __future__ import annotations

import os
import stat

from barque.model import Mount
from barque.snapshots import Snapshotter

DIRECTORIES = ("dev", "dev/pts", "dev/shm", "etc", "proc", "sys")
FILES = (".dockerenv", "dev/console", "etc/hostname", "etc/hosts", "etc/resolv.conf")


class Rootfs:
    """One per daemon; the layer is ``<data root>/points``, the same for all containers."""

    def __init__(self, snapshots: Snapshotter, data_root: str) -> None:
        self._snapshots = snapshots
        self._points = os.path.join(data_root, "points")
        self._ordinary: dict[str, bool] = {}
        for name in DIRECTORIES:
            os.makedirs(os.path.join(self._points, name), 0o755, exist_ok=True)
        for name in FILES:
            os.close(os.open(os.path.join(self._points, name), os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o755))

    def mounts(self, container_id: str) -> list[Mount]:
        parent = self._snapshots.stat(container_id).parent
        ordinary = parent is not None and self._is_ordinary(parent)
        return self._snapshots.mounts(container_id, self._points if ordinary else "")

    def _is_ordinary(self, key: str) -> bool:
        """Whether an image has directories, or nothing, where the layer has some: it must not hide a link."""
        if key not in self._ordinary:
            layers = [self._snapshots.layer_dir(info.key) for info in self._snapshots.chain(key)]
            found = [_first(layers, name) for name in DIRECTORIES]
            self._ordinary[key] = all(mode is None or stat.S_ISDIR(mode) for mode in found)
        return self._ordinary[key]


def _first(layers: list[str], name: str) -> int | None:
    """The mode of ``name`` in the topmost layer that has it."""
    for layer in layers:
        try:
            return os.lstat(os.path.join(layer, name)).st_mode
        except (FileNotFoundError, NotADirectoryError):
            continue
    return None
