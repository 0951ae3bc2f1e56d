"""The steps of a new process as system calls, for a child that cannot run Python (``linux.vfork``).

The plan is the same list; here each of its calls is spelled as the kernel sees it. A step that is none system call (a
terminal to be opened, a file to be looked up) has no spelling, and its process is forked instead.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # as in signals.steps
import ctypes
import os
import resource
import signal
import struct
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from barque.linux import libc
from barque.linux.vfork import Call
from barque.runtime.steps import Step

F_SETFD = 2
SIGNAL_SET = 8
"""Bytes of the kernel's sigset_t."""


def spelled(steps: Iterable[Step]) -> list[Call] | None:
    """One system call per step, for x86_64; None when one of them has no spelling."""
    calls = []
    for call, arguments, _ in steps:
        spell = _BY_IDENTITY.get(id(call))
        if spell is None:
            return None
        calls.append(spell(*arguments))
    return calls


def _numbers(number: int) -> Callable[..., Call]:
    return lambda *arguments: Call(number, arguments)


def _path(number: int) -> Callable[[str], Call]:
    def spell(path: str) -> Call:
        text = ctypes.create_string_buffer(os.fsencode(path))
        return Call(number, (ctypes.addressof(text),), text)

    return spell


def _write(descriptor: int, data: bytes) -> Call:
    text = ctypes.create_string_buffer(data, len(data))
    return Call(1, (descriptor, ctypes.addressof(text), len(data)), text)


def _default(number: int, _: object) -> Call:
    action = ctypes.create_string_buffer(32)  # struct sigaction of the kernel, all zero: SIG_DFL
    return Call(13, (number, ctypes.addressof(action), 0, SIGNAL_SET), action)


def _mask(how: int, signals: Iterable[int]) -> Call:
    bits = sum(1 << number - 1 for number in signals)
    mask = ctypes.create_string_buffer(struct.pack("Q", bits), SIGNAL_SET)
    return Call(14, (int(how), ctypes.addressof(mask), 0, SIGNAL_SET), mask)


def _inheritable(descriptor: int, _: bool) -> Call:
    return Call(72, (descriptor, F_SETFD, 0))


def _groups(groups: Sequence[int]) -> Call:
    numbers = (ctypes.c_uint32 * len(groups))(*groups)
    return Call(116, (len(groups), ctypes.addressof(numbers)), numbers)


def _limit(kind: int, values: tuple[int, int]) -> Call:
    pair = (ctypes.c_int64 * 2)(*values)
    return Call(302, (0, kind, ctypes.addressof(pair), 0), pair)


def _any(*words: Any) -> Call:
    """Arguments of syscall(2) as ``libc.words`` makes them: C longs, buffers, and references to structures."""
    numbers = [_word(word) for word in words]
    return Call(numbers[0], tuple(numbers[1:]), words)


def _word(word: Any) -> int:
    if isinstance(word, ctypes.c_long):
        return word.value
    return ctypes.addressof(word if isinstance(word, ctypes.Array) else word._obj)


def _execve(program: str, arguments: Sequence[str], pairs: dict[str, str]) -> Call:
    path = ctypes.create_string_buffer(os.fsencode(program))
    lists = [[os.fsencode(word) for word in words] for words in (arguments, [f"{k}={v}" for k, v in pairs.items()])]
    vectors = [(ctypes.c_char_p * (len(words) + 1))(*words, None) for words in lists]
    return Call(59, (ctypes.addressof(path), *map(ctypes.addressof, vectors)), (path, vectors))


SPELLINGS: list[tuple[Callable[..., Any], Callable[..., Call]]] = [
    (os.write, _write),
    (_signal.signal, _default),
    (signal.pthread_sigmask, _mask),
    (os.dup2, _numbers(33)),
    (os.set_inheritable, _inheritable),
    (os.setsid, _numbers(112)),
    (os.chdir, _path(80)),
    (os.fchdir, _numbers(81)),
    (os.chroot, _path(161)),
    (os.umask, _numbers(95)),
    (os.setgroups, _groups),
    (os.setresuid, _numbers(117)),
    (os.setresgid, _numbers(119)),
    (resource.setrlimit, _limit),
    (libc.raw_prctl, _numbers(157)),
    (libc.raw_setns, _numbers(308)),
    (libc.raw_syscall, _any),
    (os.execve, _execve),
]
"""For the call that a step names; the numbers are those of x86_64."""
_BY_IDENTITY = {id(call): spell for call, spell in SPELLINGS}  # a function of ctypes has no hash
