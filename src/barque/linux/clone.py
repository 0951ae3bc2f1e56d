"""clone3(2): a child in new namespaces, with a pidfd, and straight into a cgroup v2 when asked."""

from __future__ import annotations

import ctypes
import os
import signal
import struct

from barque.linux import libc

CLONE_PIDFD = 0x1000
CLONE_PARENT = 0x8000
CLONE_NEWTIME = 0x80
CLONE_NEWNS = 0x20000
CLONE_NEWCGROUP = 0x02000000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000
CLONE_INTO_CGROUP = 0x200000000


def clone(flags: int, parent: bool = False, cgroup: int | None = None) -> tuple[int, int]:
    """Fork with ``flags``: ``(pid, pidfd)`` in the parent, ``(0, -1)`` in the child.

    ``parent`` makes the child a sibling (CLONE_PARENT); ``cgroup`` is a directory of cgroup v2 it is born in. Only for
    single-threaded processes: no atfork handler runs.
    """
    pidfd = ctypes.c_int(-1)
    exit_signal = 0 if parent else signal.SIGCHLD
    flags |= CLONE_PIDFD | (CLONE_PARENT if parent else 0) | (0 if cgroup is None else CLONE_INTO_CGROUP)
    arguments = struct.pack("11Q", flags, ctypes.addressof(pidfd), 0, 0, exit_signal, 0, 0, 0, 0, 0, cgroup or 0)
    buffer = ctypes.create_string_buffer(arguments, len(arguments))
    pid = libc.syscall(libc.SYS_CLONE3, "clone3", buffer, len(arguments))
    if pid == 0:
        return 0, -1
    os.set_inheritable(pidfd.value, False)
    return pid, pidfd.value
