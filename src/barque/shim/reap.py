"""What a killed shim leaves: its container's control group; its mounts went with its namespace."""

from __future__ import annotations

import contextlib
import socket
from typing import Any

from barque.cgroups import Cgroup
from barque.wire import lines


def reap(request: dict[str, Any], connection: socket.socket) -> None:
    """Kill everything in ``cgroup`` and remove it; the supervisor's ``reap`` handler."""
    group = Cgroup.open(request["cgroup"])
    with contextlib.suppress(OSError):
        group.kill()
    group.delete()
    connection.sendall(lines.ok())
