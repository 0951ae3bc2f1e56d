"""From a connection to the supervisor to a running shim.

A container that says nothing and is asked nothing should cost next to nothing, and a page that a forked Python touches
is a page it has for itself. So the shim leaves the making of the container to a child, the maker, takes from it the
finished descriptors, and sleeps in epoll before it has run anything that would touch more. The first event wakes it
up, and only then is there a ``Shim``.
"""

from __future__ import annotations

import _socket
import marshal
import os
import select
import struct
from typing import Any

from barque.linux import libc
from barque.shim import making
from barque.shim.logs import opened
from barque.shim.shim import Shim
from barque.shim.stdio import kept
from barque.shim.task import Task

MESSAGE = 65536
CONTROL = 512
PR_SET_CHILD_SUBREAPER = 36


def run(connection: int, pair: tuple[_socket.socket, _socket.socket], handle: making.Handle) -> None:
    """Have the container made, be its shim until it has ended (contract in ARCHITECTURE.md).

    What runs here before the sleep is chosen by the memory it touches: calls into C, nothing of ours, no JSON.
    """
    ours, theirs = pair
    maker = os.fork()
    if maker == 0:
        making.run(connection, theirs, handle)
    theirs.close()
    message, control, _, _ = ours.recvmsg(MESSAGE, CONTROL, _socket.MSG_CMSG_CLOEXEC)
    if message == making.ADOPT:
        libc.prctl(PR_SET_CHILD_SUBREAPER, 1)
        ours.send(making.ADOPT)
        message, control, _, _ = ours.recvmsg(MESSAGE, CONTROL, _socket.MSG_CMSG_CLOEXEC)
    ours.close()
    if not message:
        return
    pid, started_at, present = making.FACTS.unpack_from(message)
    passed = iter(struct.unpack(f"{len(control[0][2]) // 4}i", control[0][2]))
    listener, root, line, given, out, err = [next(passed) if present & 1 << n else -1 for n in range(making.ENDS)]
    os.dup2(root, making.ROOT, False)
    os.close(root)
    pidfd = os.pidfd_open(pid)
    sleeping = select.epoll()
    gone = os.pidfd_open(maker)
    for descriptor in (listener, pidfd, out, err, gone):
        if descriptor >= 0:
            sleeping.register(descriptor, select.EPOLLIN)
    if sleeping.poll() == [(gone, select.EPOLLIN)]:
        sleeping.unregister(gone)
        os.close(gone)
        os.waitpid(maker, 0)
        gone = -1
        sleeping.poll()
    sleeping.close()
    request: dict[str, Any] = marshal.loads(message[making.FACTS.size :])
    Shim(
        Task(request, pid, pidfd, line, started_at),
        kept(bool(request.get("tty")), given, (out, err)),
        bool(request.get("stdin_once")),
        opened(request.get("log")),
        listener,
        _socket.socket(fileno=connection),
        gone,
    ).run()
