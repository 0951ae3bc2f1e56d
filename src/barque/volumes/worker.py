"""Copy-up as a supervisor operation: it needs the container's root file system, which only lives in a mount namespace.

``{"op": "copy_up", "rootfs", "mounts": [Mount JSON], "copies": [{"from": path in the container, "to": volume
directory}]}`` -> ``{"copied": [volume directories that got something]}``. The rootfs is mounted in a namespace of the
worker's own and goes with it.
"""

from __future__ import annotations

import os
import socket
from typing import Any

from barque.errors import InvalidArgument
from barque.linux import clone, libc, mounts
from barque.linux.paths import open_in_root
from barque.volumes.copy_up import copy_up
from barque.wire import lines


def serve_copy_up(request: dict[str, Any], connection: socket.socket) -> None:
    """A handler of the supervisor, in a process that ends with it."""
    rootfs = request["rootfs"]
    if not os.path.isdir(rootfs):
        raise InvalidArgument(f"{rootfs} is not a directory")
    libc.unshare(clone.CLONE_NEWNS)
    libc.mount("", "/", None, mounts.MS_PRIVATE | mounts.MS_REC)
    for entry in request.get("mounts") or ():
        mounts.perform(entry, rootfs)
    copied = []
    root = os.open(rootfs, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    for copy in request["copies"]:
        try:
            source = open_in_root(root, copy["from"].lstrip("/") or ".", os.O_PATH | os.O_DIRECTORY)
        except OSError:
            continue
        if copy_up(f"/proc/self/fd/{source}/.", copy["to"]):
            copied.append(copy["to"])
        os.close(source)
    connection.sendall(lines.ok(copied=copied))


HANDLERS = {"copy_up": serve_copy_up}
