"""A program that no container can write to through /proc/<pid>/exe (CVE-2019-5736).

What is forked from a program and enters a container shows the program's file there, until it executes something else.
Seen through a read-only mount of its own, which is in nobody's mount namespace, the file cannot be opened for writing.
"""

from __future__ import annotations

import os
import sys

from barque.linux import libc, mounts

AT_FDCWD = -100
OPEN_TREE_CLONE = 1


def is_sealed() -> bool:
    return bool(os.statvfs("/proc/self/exe").f_flag & os.ST_RDONLY)


def seal() -> None:
    """Execute the running interpreter again, with its own arguments, from a read-only mount; nothing when it is one.

    Raises OSError where the kernel does not let us (open_tree(2), mount_setattr(2): Linux 5.12, CAP_SYS_ADMIN).
    """
    if is_sealed():
        return
    path = os.readlink("/proc/self/exe")
    tree = libc.syscall(libc.SYS_OPEN_TREE, "open_tree", AT_FDCWD, os.fsencode(path), OPEN_TREE_CLONE | os.O_CLOEXEC)
    mounts.set_attributes(tree, mounts.ATTRIBUTES["rro"], recursive=False)
    os.execve(f"/proc/self/fd/{tree}", sys.orig_argv, os.environ)
