"""The words of fstab options and what mount(2) and mount_setattr(2) call them."""

from __future__ import annotations

import ctypes
import os
import struct
from typing import Any

from barque.linux import libc

MS_RDONLY = 1
MS_NOSUID = 2
MS_NODEV = 4
MS_NOEXEC = 8
MS_SYNCHRONOUS = 16
MS_REMOUNT = 32
MS_MANDLOCK = 64
MS_DIRSYNC = 128
MS_NOATIME = 1024
MS_NODIRATIME = 2048
MS_BIND = 4096
MS_MOVE = 8192
MS_REC = 16384
MS_SILENT = 32768
MS_UNBINDABLE = 1 << 17
MS_PRIVATE = 1 << 18
MS_SLAVE = 1 << 19
MS_SHARED = 1 << 20
MS_RELATIME = 1 << 21
MS_STRICTATIME = 1 << 24
MNT_DETACH = 2

FLAGS: dict[str, tuple[bool, int]] = {
    "async": (True, MS_SYNCHRONOUS),
    "atime": (True, MS_NOATIME),
    "bind": (False, MS_BIND),
    "defaults": (False, 0),
    "dev": (True, MS_NODEV),
    "diratime": (True, MS_NODIRATIME),
    "dirsync": (False, MS_DIRSYNC),
    "exec": (True, MS_NOEXEC),
    "mand": (False, MS_MANDLOCK),
    "noatime": (False, MS_NOATIME),
    "nodev": (False, MS_NODEV),
    "nodiratime": (False, MS_NODIRATIME),
    "noexec": (False, MS_NOEXEC),
    "nomand": (True, MS_MANDLOCK),
    "norelatime": (True, MS_RELATIME),
    "nostrictatime": (True, MS_STRICTATIME),
    "nosuid": (False, MS_NOSUID),
    "rbind": (False, MS_BIND | MS_REC),
    "relatime": (False, MS_RELATIME),
    "remount": (False, MS_REMOUNT),
    "ro": (False, MS_RDONLY),
    "rw": (True, MS_RDONLY),
    "silent": (False, MS_SILENT),
    "strictatime": (False, MS_STRICTATIME),
    "suid": (True, MS_NOSUID),
    "sync": (False, MS_SYNCHRONOUS),
}
"""Word to (clears, flag)."""

PROPAGATION = {
    "private": MS_PRIVATE,
    "rprivate": MS_PRIVATE | MS_REC,
    "shared": MS_SHARED,
    "rshared": MS_SHARED | MS_REC,
    "slave": MS_SLAVE,
    "rslave": MS_SLAVE | MS_REC,
    "unbindable": MS_UNBINDABLE,
    "runbindable": MS_UNBINDABLE | MS_REC,
}

ATTRIBUTES = {"rro": 0x1, "rnosuid": 0x2, "rnodev": 0x4, "rnoexec": 0x8, "rnoatime": 0x10, "rnodiratime": 0x80}
CLEARED = {"rrw": 0x1, "rsuid": 0x2, "rdev": 0x4, "rexec": 0x8, "rdiratime": 0x80}
AT_RECURSIVE = 0x8000
AT_EMPTY_PATH = 0x1000


def set_attributes(descriptor: int, attributes: int, cleared: int = 0, recursive: bool = True) -> None:
    """mount_setattr(2) on the mount at an open path, and on those below it."""
    buffer = ctypes.create_string_buffer(struct.pack("4Q", attributes, cleared, 0, 0), 32)
    flags = AT_EMPTY_PATH | (AT_RECURSIVE if recursive else 0)
    libc.syscall(libc.SYS_MOUNT_SETATTR, "mount_setattr", descriptor, b"", flags, buffer, 32)


def perform(entry: dict[str, Any], root: str) -> None:
    """Make one mount given as data (``type``, ``source``, ``target`` below ``root``, ``options`` in fstab words).

    The pseudo-option ``chdir=`` says where relative names in the options start.
    """
    flags, words, start = 0, [], ""
    for word in entry.get("options") or ():
        clears, flag = FLAGS.get(word, (False, None))
        if word.startswith("chdir="):
            start = word.removeprefix("chdir=")
        elif flag is None:
            words.append(word)
        else:
            flags = flags & ~flag if clears else flags | flag
    target = os.path.join(root, (entry.get("target") or "").lstrip("/")).rstrip("/")
    here = os.getcwd()
    try:
        if start:
            os.chdir(start)
        libc.mount(entry["source"], target, None if flags & MS_BIND else entry["type"], flags, ",".join(words))
    finally:
        os.chdir(here)
