"""Layers as directories that overlayfs stacks (kernel: filesystems/overlayfs.rst)."""

from __future__ import annotations

import os

from barque.model import Mount
from barque.snapshots.snapshotter import Snapshotter


class OverlaySnapshotter(Snapshotter):
    """``<root>/<number>/fs`` is the layer, ``work`` overlayfs' own.

    The mount's lower directories are named relative to the root (option ``chdir``), so that 127 layers fit into the
    page that mount(2) takes.
    """

    driver = "overlay2"

    def _make(self, number: int, parent: str | None) -> None:
        directory = self.directory(number)
        os.mkdir(directory, 0o711)
        layer = os.path.join(directory, "fs")
        os.mkdir(layer, 0o755)
        os.mkdir(os.path.join(directory, "work"), 0o711)
        if parent is not None:
            below = os.stat(self.layer_dir(parent))
            os.chown(layer, below.st_uid, below.st_gid)
            os.chmod(layer, below.st_mode & 0o7777)

    def layer_dir(self, key: str) -> str:
        return os.path.join(self.directory(self.stat(key).number), "fs")

    def mounts(self, key: str, above: str = "") -> list[Mount]:
        top, *below = self.chain(key)
        if not below:
            return [Mount("none", self.layer_dir(key), "", ("bind", "ro" if top.committed else "rw"))]
        lower = ":".join(f"{info.number}/fs" for info in ([top, *below] if top.committed else below))
        options = [f"chdir={self.root}", f"lowerdir={lower}"]
        if not top.committed:
            options[-1] = f"lowerdir={above}:{lower}" if above else options[-1]
            options += [f"upperdir={top.number}/fs", f"workdir={top.number}/work"]
        return [Mount("overlay", "overlay", "", tuple(options))]
