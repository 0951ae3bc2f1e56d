"""openat2(2): paths that cannot leave their root."""

from __future__ import annotations

import ctypes
import os
import struct

from barque.linux import libc

RESOLVE_NO_XDEV = 0x01
RESOLVE_NO_MAGICLINKS = 0x02
RESOLVE_NO_SYMLINKS = 0x04
RESOLVE_BENEATH = 0x08
RESOLVE_IN_ROOT = 0x10


def open_in_root(root: int, path: str, flags: int, mode: int = 0, resolve: int = RESOLVE_IN_ROOT) -> int:
    """A descriptor of ``path`` below the directory ``root``; links and ``..`` are followed inside it only."""
    how = struct.pack("3Q", flags | os.O_CLOEXEC, mode, resolve | RESOLVE_NO_MAGICLINKS)
    buffer = ctypes.create_string_buffer(how, len(how))
    return libc.syscall(libc.SYS_OPENAT2, "openat2", root, os.fsencode(path), buffer, len(how), path=path)
