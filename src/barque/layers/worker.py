"""What runs in a process of its own, forked by the supervisor and locked into the directory it works on."""

from __future__ import annotations

import os
import socket
from typing import Any

from barque.errors import InvalidArgument
from barque.layers import archive
from barque.layers.apply import apply as apply_layer
from barque.layers.create import write_layer
from barque.linux import clone, libc, mounts
from barque.wire import lines


def apply(request: dict[str, Any]) -> dict[str, Any]:
    """Extract ``blob`` into ``target``; ``{"diff_id", "size"}``. Raises InvalidArgument when ``diff_id`` is not met."""
    with open(request["blob"], "rb") as blob:
        found, size = apply_layer(blob, request["target"], request.get("driver") != "vfs")
    if request.get("diff_id") and found != request["diff_id"]:
        raise InvalidArgument(f"layer verification failed: the content is {found}, not {request['diff_id']}")
    return {"diff_id": found, "size": size}


def _lock_into(directory: str) -> None:
    """Nothing of the host is to be seen from here on: not by a link in a layer, nor by one a container makes now."""
    libc.unshare(clone.CLONE_NEWNS)
    libc.mount("", "/", None, mounts.MS_PRIVATE | mounts.MS_REC)
    libc.mount(directory, directory, None, mounts.MS_BIND)
    os.chdir(directory)
    libc.pivot_root(".", ".")
    libc.umount(".", mounts.MNT_DETACH)
    os.chdir("/")


def _locked_apply(request: dict[str, Any], connection: socket.socket) -> None:
    """The same with nothing but the target in sight."""
    blob = os.open(request["blob"], os.O_RDONLY | os.O_CLOEXEC)
    _lock_into(request["target"])
    with open(blob, "rb") as file:
        found, size = apply_layer(file, "/", request.get("driver") != "vfs")
    if request.get("diff_id") and found != request["diff_id"]:
        raise InvalidArgument(f"layer verification failed: the content is {found}, not {request['diff_id']}")
    connection.sendall(lines.ok(diff_id=found, size=size))


def _layer(request: dict[str, Any], connection: socket.socket) -> None:
    """The overlay upper directory ``source`` as a layer tar over the connection."""
    _lock_into(request["source"])
    connection.sendall(lines.ok())
    write_layer("/", connection.sendall)


HANDLERS = {
    "apply": _locked_apply,
    "layer": _layer,
    "tar": archive.tar,
    "untar": archive.untar,
    "stat": archive.stat_path,
    "changes": archive.changes,
}
"""Operation to its handler, for the supervisor."""
