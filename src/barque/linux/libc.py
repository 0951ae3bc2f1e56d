"""The C library's syscall wrappers that Python has not: one thin layer, errno checked in one place, no policy.

Every function raises OSError with the call's name and the path. Calls that fork go through ``PyDLL``, which keeps the
GIL, so that the child owns it.
"""

from __future__ import annotations

import ctypes
import os
from typing import Any

_libc = ctypes.CDLL(None, use_errno=True)
_held = ctypes.PyDLL(None, use_errno=True)

_libc.mount.argtypes = (ctypes.c_char_p, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_ulong, ctypes.c_char_p)
_libc.umount2.argtypes = (ctypes.c_char_p, ctypes.c_int)
_libc.unshare.argtypes = (ctypes.c_int,)
_libc.setns.argtypes = (ctypes.c_int, ctypes.c_int)
_libc.sethostname.argtypes = (ctypes.c_char_p, ctypes.c_size_t)
_libc.setdomainname.argtypes = (ctypes.c_char_p, ctypes.c_size_t)
_libc.prctl.argtypes = (ctypes.c_int,) + (ctypes.c_ulong,) * 4
_held.syscall.restype = ctypes.c_long

# asm-generic numbers, the same on x86_64 and aarch64 for everything after 424
SYS_CLONE3 = 435
SYS_OPENAT2 = 437
SYS_OPEN_TREE = 428
SYS_MOVE_MOUNT = 429
SYS_MOUNT_SETATTR = 442
SYS_CLOSE_RANGE = 436
_MACHINE = os.uname().machine
SYS_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}.get(_MACHINE, 155)
SYS_CAPSET = {"x86_64": 126, "aarch64": 91}.get(_MACHINE, 126)
SYS_SECCOMP = {"x86_64": 317, "aarch64": 277}.get(_MACHINE, 317)
SYS_BPF = {"x86_64": 321, "aarch64": 280}.get(_MACHINE, 321)
SYS_KEYCTL = {"x86_64": 250, "aarch64": 219}.get(_MACHINE, 250)


def trim() -> None:
    """Give memory that is free back to the kernel (malloc_trim(3)); nothing where there is no such call."""
    call = getattr(_libc, "malloc_trim", None)
    if call is not None:
        call(0)


def _checked(result: int, call: str, path: str | bytes | None = None) -> int:
    if result < 0:
        number = ctypes.get_errno()
        where = os.fsdecode(path) if path is not None else None
        raise OSError(number, f"{call}: {os.strerror(number)}", where)
    return result


def syscall(number: int, name: str, *arguments: Any, path: str | None = None) -> int:
    """A raw syscall(2). Integers are passed as C longs, bytes and buffers by address."""
    return _checked(_held.syscall(*words(number, *arguments)), name, path)


def mount(source: str, target: str, kind: str | None, flags: int = 0, data: str | None = None) -> None:
    """mount(2)."""
    result = _libc.mount(
        os.fsencode(source),
        os.fsencode(target),
        kind.encode() if kind else None,
        flags,
        os.fsencode(data) if data else None,
    )
    _checked(result, "mount", target)


def umount(target: str, flags: int = 0) -> None:
    """umount2(2)."""
    _checked(_libc.umount2(os.fsencode(target), flags), "umount", target)


raw_prctl = _libc.prctl
"""prctl(2) that says -1 and leaves errno: for lists of calls that one place goes through."""

raw_setns = _libc.setns
raw_syscall = _held.syscall


def words(*arguments: Any) -> tuple[Any, ...]:
    """Arguments of ``raw_syscall``: integers as C longs, bytes and buffers by address."""
    return tuple(ctypes.c_long(a) if isinstance(a, int) else a for a in arguments)


def unshare(flags: int) -> None:
    """unshare(2)."""
    _checked(_libc.unshare(flags), "unshare")


def setns(descriptor: int, kind: int) -> None:
    """setns(2); ``descriptor`` is a namespace file or a pidfd."""
    _checked(_libc.setns(descriptor, kind), "setns")


def sethostname(name: str) -> None:
    _checked(_libc.sethostname(name.encode(), len(name.encode())), "sethostname", name)


def setdomainname(name: str) -> None:
    _checked(_libc.setdomainname(name.encode(), len(name.encode())), "setdomainname", name)


def prctl(option: int, a: int = 0, b: int = 0, c: int = 0, d: int = 0) -> int:
    """prctl(2)."""
    return _checked(_libc.prctl(option, a, b, c, d), "prctl")


def pivot_root(new: str, old: str) -> None:
    """pivot_root(2)."""
    syscall(SYS_PIVOT_ROOT, "pivot_root", os.fsencode(new), os.fsencode(old), path=new)
