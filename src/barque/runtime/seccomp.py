"""Seccomp filters: compiled once per profile by libseccomp, kept as BPF, loaded with seccomp(2).

The compilation takes milliseconds, so it happens before the clone, and a cache by content makes it happen once.
"""

from __future__ import annotations

import ctypes
import os
from functools import lru_cache
from typing import Any

from barque.errors import StartError
from barque.linux import libc
from barque.runtime.steps import Step

SECCOMP_SET_MODE_FILTER = 1
SCMP_FLTATR_CTL_OPTIMIZE = 8
BINARY_TREE = 2
ACTIONS = {
    "SCMP_ACT_KILL": 0x00000000,
    "SCMP_ACT_KILL_THREAD": 0x00000000,
    "SCMP_ACT_KILL_PROCESS": 0x80000000,
    "SCMP_ACT_TRAP": 0x00030000,
    "SCMP_ACT_ERRNO": 0x00050000,
    "SCMP_ACT_TRACE": 0x7FF00000,
    "SCMP_ACT_LOG": 0x7FFC0000,
    "SCMP_ACT_ALLOW": 0x7FFF0000,
}
COMPARE = {
    name: number
    for number, name in enumerate(
        (
            "SCMP_CMP_NE",
            "SCMP_CMP_LT",
            "SCMP_CMP_LE",
            "SCMP_CMP_EQ",
            "SCMP_CMP_GE",
            "SCMP_CMP_GT",
            "SCMP_CMP_MASKED_EQ",
        ),
        1,
    )
}


class _Comparison(ctypes.Structure):
    _fields_ = (
        ("arg", ctypes.c_uint),
        ("op", ctypes.c_int),
        ("datum_a", ctypes.c_uint64),
        ("datum_b", ctypes.c_uint64),
    )


@lru_cache(maxsize=1)
def _library() -> ctypes.CDLL | None:
    try:
        library = ctypes.CDLL("libseccomp.so.2", use_errno=True)
    except OSError:
        return None
    library.seccomp_init.restype = ctypes.c_void_p
    library.seccomp_init.argtypes = (ctypes.c_uint32,)
    library.seccomp_rule_add_array.argtypes = (
        ctypes.c_void_p,
        ctypes.c_uint32,
        ctypes.c_int,
        ctypes.c_uint,
        ctypes.POINTER(_Comparison),
    )
    library.seccomp_arch_add.argtypes = (ctypes.c_void_p, ctypes.c_uint32)
    library.seccomp_arch_resolve_name.argtypes = (ctypes.c_char_p,)
    library.seccomp_arch_resolve_name.restype = ctypes.c_uint32
    library.seccomp_syscall_resolve_name.argtypes = (ctypes.c_char_p,)
    library.seccomp_export_bpf.argtypes = (ctypes.c_void_p, ctypes.c_int)
    library.seccomp_attr_set.argtypes = (ctypes.c_void_p, ctypes.c_int, ctypes.c_uint32)
    library.seccomp_release.argtypes = (ctypes.c_void_p,)
    return library


def available() -> bool:
    """Whether filters can be compiled on this machine."""
    return _library() is not None


def _action(word: str, errno: int | None, default_errno: int | None) -> int:
    if word not in ACTIONS:
        raise StartError(f"seccomp: unsupported action {word}")
    value = ACTIONS[word]
    if word in ("SCMP_ACT_ERRNO", "SCMP_ACT_TRACE"):
        number = errno if errno is not None else default_errno
        value |= (1 if number is None else number) & 0xFFFF
    return value


def compile(profile: dict[str, Any]) -> bytes:
    """The BPF program of a runtime-spec ``linux.seccomp``; compiled once per content. Raises StartError."""
    compiled = _compiled()
    for known, program in compiled:
        if known == profile:  # a comparison in C, faster than making any key
            return program
    program = _compile(profile)
    compiled.append((profile, program))
    return program


@lru_cache(maxsize=1)
def _compiled() -> list[tuple[dict[str, Any], bytes]]:
    return []


def _compile(profile: dict[str, Any]) -> bytes:
    library = _library()
    if library is None:
        raise StartError("seccomp is not available: libseccomp.so.2 cannot be loaded")
    default = _action(profile["defaultAction"], profile.get("defaultErrnoRet"), None)
    context = library.seccomp_init(default)
    if not context:
        raise StartError("seccomp: libseccomp refused the default action")
    try:
        for word in profile.get("architectures") or ():
            token = library.seccomp_arch_resolve_name(word.removeprefix("SCMP_ARCH_").lower().encode())
            if token:
                library.seccomp_arch_add(context, token)  # one that is there already is fine
        for rule in profile.get("syscalls") or ():
            _add(library, context, profile, rule, default)
        # a tree instead of a list: the kernel runs through a new filter once for every system call there is
        library.seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE, BINARY_TREE)
        return _export(library, context)
    finally:
        library.seccomp_release(context)


def _add(library: ctypes.CDLL, context: int, profile: dict[str, Any], rule: dict[str, Any], default: int) -> None:
    action = _action(rule["action"], rule.get("errnoRet"), None)
    if action == default:
        return
    arguments = rule.get("args") or []
    array = (_Comparison * max(1, len(arguments)))()
    for slot, argument in zip(array, arguments, strict=False):
        slot.arg, slot.op = argument["index"], COMPARE[argument["op"]]
        slot.datum_a, slot.datum_b = argument.get("value", 0), argument.get("valueTwo", 0)
    # libseccomp joins the comparisons of one rule with "and"; runc makes a rule each when one argument repeats
    indexes = [a["index"] for a in arguments]
    groups = (
        [[n] for n in range(len(arguments))] if len(set(indexes)) != len(indexes) else [list(range(len(arguments)))]
    )
    for name in rule["names"]:
        number = library.seccomp_syscall_resolve_name(name.encode())
        if number == -1:
            continue  # not a call of this kernel's headers
        for group in groups:
            chosen = (_Comparison * max(1, len(group)))(*(array[n] for n in group))
            result = library.seccomp_rule_add_array(context, action, number, len(group), chosen)
            if result not in (0, -17):
                raise StartError(f"seccomp: rule for {name}: {os.strerror(-result)}")


def _export(library: ctypes.CDLL, context: int) -> bytes:
    memory = os.memfd_create("seccomp")
    try:
        if library.seccomp_export_bpf(context, memory):
            raise StartError("seccomp: the filter cannot be exported")
        return os.pread(memory, 1 << 20, 0)
    finally:
        os.close(memory)


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def step(program: bytes) -> Step:
    """Install a filter on this thread (seccomp(2)); needs CAP_SYS_ADMIN or no_new_privs."""
    text = ctypes.create_string_buffer(program, len(program))
    header = _Program(len(program) // 8, ctypes.cast(text, ctypes.c_void_p))
    arguments = libc.words(libc.SYS_SECCOMP, SECCOMP_SET_MODE_FILTER, 0, ctypes.byref(header))
    return Step(libc.raw_syscall, arguments, "error loading seccomp filter: {}")
