"""Stacked file systems by key, as containerd's snapshotters know them.

A snapshot is *active* (writable, made by ``prepare``) or *committed* (read-only, named by ``commit``); each
stands on at most one committed parent. Nothing is mounted here: ``mounts`` gives the values, the shim acts on them.

    snapshots.prepare("extract-1", parent=None, labels={})
    # ... fill snapshots.layer_dir("extract-1") ...
    snapshots.commit("sha256:<chain id>", "extract-1")
    snapshots.prepare(container_id, parent="sha256:<chain id>", labels={})
    snapshots.mounts(container_id)        # [Mount("overlay", ...)]
    snapshots.remove(container_id)
"""

from barque.snapshots.choose import choose
from barque.snapshots.overlay import OverlaySnapshotter
from barque.snapshots.snapshotter import Snapshotter
from barque.snapshots.vfs import VfsSnapshotter

__all__ = ["OverlaySnapshotter", "Snapshotter", "VfsSnapshotter", "choose"]
