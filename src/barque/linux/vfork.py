"""A child that shares our memory until its execve: clone3(2) with CLONE_VM and CLONE_VFORK.

A fork copies the page tables, then every page that either side writes to, and its execve throws all of that away: two
milliseconds for a Python process. A child without memory of its own costs none of this, but it may not run Python, or
anything that uses the stack. It needs a list of system calls and someone to go through it; that someone is the one
piece of machine code here, some twenty instructions that touch registers and the list, nothing else.

Only for x86_64 and for processes with one thread; everybody else forks (``available``).
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # signal.pthread_sigmask without its detour through enums
import ctypes
import mmap
import os
import platform
import struct
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from barque.linux.clone import CLONE_INTO_CGROUP, CLONE_PIDFD

CLONE_VM = 0x100
CLONE_VFORK = 0x4000
CLONE_CLEAR_SIGHAND = 0x100000000
SIGCHLD = 17
EVERY_SIGNAL = [number for number in range(1, 65) if number not in (32, 33)]
"""But for the two that the C library keeps to itself."""
RT_SIGPROCMASK = 14
SIG_SETMASK = 2

CODE = bytes.fromhex(
    "4989d0"  # mov r8, rdx           entry(clone_args, size, list): keep the list
    "b8b3010000"  # mov eax, 435      clone3
    "0f05"  # syscall
    "4885c0"  # test rax, rax
    "7401"  # jz child
    "c3"  # ret                       the parent, with the pid or -errno
    "4c89c3"  # child: mov rbx, r8
    "488b03"  # next: mov rax, [rbx]       number
    "488b7b08"  # mov rdi, [rbx + 8]       six arguments
    "488b7310"  # mov rsi, [rbx + 16]
    "488b5318"  # mov rdx, [rbx + 24]
    "4c8b5320"  # mov r10, [rbx + 32]
    "4c8b4328"  # mov r8, [rbx + 40]
    "4c8b4b30"  # mov r9, [rbx + 48]
    "0f05"  # syscall
    "48894338"  # mov [rbx + 56], rax      its result, for the parent to read
    "4883c340"  # add rbx, 64
    "4885c0"  # test rax, rax
    "79d6"  # jns next
    "bf7f000000"  # mov edi, 127           one has failed
    "b83c000000"  # mov eax, 60            exit
    "0f05"  # syscall
)

ROW = struct.Struct("8q")
"""A system call's number, six arguments, and its result."""
NOT_DONE = 1 << 62


class Call(NamedTuple):
    """A system call: number and arguments, and what has to stay in memory while an argument points there."""

    number: int
    arguments: tuple[int, ...]
    kept: object = None


class Outcome(NamedTuple):
    """``failed``: index of the call that failed or was never come to, None when the last one, execve, succeeded;
    ``errno`` is 0 for one that was never come to (the child was killed)."""

    pid: int
    pidfd: int
    failed: int | None
    errno: int


def available() -> bool:
    """Whether this machine can."""
    return _entry() is not None


@lru_cache(maxsize=1)
def _entry() -> Callable[[int, int, int], int] | None:
    if platform.machine() != "x86_64" or ctypes.sizeof(ctypes.c_void_p) != 8:
        return None
    try:
        page = mmap.mmap(-1, mmap.PAGESIZE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, mmap.PROT_READ | mmap.PROT_WRITE)
        page.write(CODE)
        place = ctypes.addressof(ctypes.c_char.from_buffer(page))
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.mprotect(ctypes.c_void_p(place), ctypes.c_size_t(mmap.PAGESIZE), mmap.PROT_READ | mmap.PROT_EXEC) != 0:
            return None  # a policy that lets nobody execute what was written
    except OSError:
        return None
    entry = ctypes.PYFUNCTYPE(ctypes.c_long, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p)(place)
    return lambda *arguments: entry(*arguments) if page else -1  # the page lives as long as who calls it


def run(calls: list[Call], cgroup: int | None = None) -> Outcome:
    """A child that does the calls in order, the last of which is an execve, and exits with 127 where one fails.

    It starts with default dispositions for the signals we handle, and none blocked. We sleep meanwhile. ``cgroup`` is a
    directory of cgroup v2 it is born in. Raises OSError when there is no child.
    """
    entry = _entry()
    assert entry is not None
    mask = ctypes.create_string_buffer(8)
    rows = [Call(RT_SIGPROCMASK, (SIG_SETMASK, ctypes.addressof(mask), 0, 8)), *calls]
    packed = b"".join(ROW.pack(c.number, *c.arguments, *(0,) * (6 - len(c.arguments)), NOT_DONE) for c in rows)
    table = ctypes.create_string_buffer(packed, len(packed))
    pidfd = ctypes.c_int(-1)
    flags = CLONE_VM | CLONE_VFORK | CLONE_CLEAR_SIGHAND | CLONE_PIDFD | (0 if cgroup is None else CLONE_INTO_CGROUP)
    words = struct.pack("11Q", flags, ctypes.addressof(pidfd), 0, 0, SIGCHLD, 0, 0, 0, 0, 0, cgroup or 0)
    arguments = ctypes.create_string_buffer(words, len(words))
    before = _signal.pthread_sigmask(SIG_SETMASK, EVERY_SIGNAL)  # a handler of ours must not run on a shared stack
    try:
        pid = entry(ctypes.addressof(arguments), len(words), ctypes.addressof(table))
    finally:
        _signal.pthread_sigmask(SIG_SETMASK, before)
    if pid < 0:
        raise OSError(-pid, os.strerror(-pid))
    failed, errno = _outcome(table.raw, len(calls))
    return Outcome(pid, pidfd.value, failed, errno)


def _outcome(table: bytes, count: int) -> tuple[int | None, int]:
    results = [row[-1] for row in ROW.iter_unpack(table)][1:]
    for index, result in enumerate(results):
        if result < 0:
            return index, -result
        if result == NOT_DONE:
            return (None, 0) if index == count - 1 else (index, 0)
    return None, 0
