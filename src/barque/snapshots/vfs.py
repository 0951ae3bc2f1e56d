"""Layers as full copies: slow, but for any file system."""

from __future__ import annotations

import os
import subprocess

from barque.errors import Internal
from barque.model import Mount
from barque.snapshots.snapshotter import Snapshotter


class VfsSnapshotter(Snapshotter):
    """``<root>/<number>/fs`` holds everything: the parent's files, copied, and what came on top."""

    driver = "vfs"

    def _make(self, number: int, parent: str | None) -> None:
        directory = self.directory(number)
        os.mkdir(directory, 0o711)
        layer = os.path.join(directory, "fs")
        os.mkdir(layer, 0o755)
        if parent is not None:
            # cp keeps hard links, attributes and sparse files, and shares blocks where the file system can
            command = ["cp", "-a", "--reflink=auto", f"{self.layer_dir(parent)}/.", layer]
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode:
                raise Internal(f"copying the layer below failed: {done.stderr.strip()[:300]}")

    def layer_dir(self, key: str) -> str:
        return os.path.join(self.directory(self.stat(key).number), "fs")

    def mounts(self, key: str, above: str = "") -> list[Mount]:
        return [Mount("none", self.layer_dir(key), "", ("bind", "ro" if self.stat(key).committed else "rw"))]
