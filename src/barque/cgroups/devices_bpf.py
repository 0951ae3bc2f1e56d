"""Device rules on v2: a BPF_PROG_TYPE_CGROUP_DEVICE program built from the OCI rules.

The kernel runs it at every open and mknod with ``struct bpf_cgroup_dev_ctx`` (access_type, major, minor;
include/uapi/linux/bpf.h). The last rule that matches decides, so the rules are compiled from the last to the first.
"""

from __future__ import annotations

import ctypes
import os
import struct
from typing import Any

from barque.linux import libc

BPF_PROG_LOAD = 5
BPF_PROG_ATTACH = 8
BPF_PROG_TYPE_CGROUP_DEVICE = 15
BPF_CGROUP_DEVICE = 6
BPF_F_ALLOW_MULTI = 2

ACCESS = {"m": 1, "r": 2, "w": 4}
TYPES = {"b": 1, "c": 2}

Instruction = tuple[int, int, int, int, int]
"""code, destination register, source register, offset, immediate."""


def _rule(rule: dict[str, Any]) -> list[Instruction]:
    """Jump over the verdict when something does not match: r2 type, r3 access, r4 major, r5 minor."""
    checks: list[Instruction] = []
    kind = rule.get("type") or "a"
    if kind in TYPES:
        checks.append((0x55, 2, 0, 0, TYPES[kind]))  # if r2 != type
    access = sum(ACCESS[letter] for letter in rule.get("access") or "rwm")
    if access != 7:
        checks += [(0xBC, 1, 3, 0, 0), (0x54, 1, 0, 0, access), (0x5D, 1, 3, 0, 0)]  # r1 = r3 & access; if r1 != r3
    for register, name in ((4, "major"), (5, "minor")):
        number = rule.get(name)
        if number is not None and number >= 0:
            checks.append((0x55, register, 0, 0, number))
    out: list[Instruction] = []
    length = len(checks) + 2
    for index, (code, destination, source, _, immediate) in enumerate(checks):
        jump = length - index - 1 if code in (0x55, 0x5D) else 0
        out.append((code, destination, source, jump, immediate))
    return [*out, (0xB7, 0, 0, 0, 1 if rule.get("allow") else 0), (0x95, 0, 0, 0, 0)]


def program(rules: list[dict[str, Any]]) -> bytes:
    """The packed instructions; a device that no rule names is refused."""
    code: list[Instruction] = [
        (0x61, 2, 1, 0, 0),  # r2 = ctx.access_type
        (0xBC, 3, 2, 0, 0),
        (0x54, 2, 0, 0, 0xFFFF),  # low half: device type
        (0x74, 3, 0, 0, 16),  # high half: access
        (0x61, 4, 1, 4, 0),
        (0x61, 5, 1, 8, 0),
    ]
    for rule in reversed(rules):
        code += _rule(rule)
    code += [(0xB7, 0, 0, 0, 0), (0x95, 0, 0, 0, 0)]
    return b"".join(struct.pack("=BBhi", c, d | s << 4, offset, value) for c, d, s, offset, value in code)


def attach(directory: str, rules: list[dict[str, Any]]) -> None:
    """Load the program and attach it to the v2 group at ``directory``."""
    text = program(rules)
    instructions = ctypes.create_string_buffer(text, len(text))
    terms = ctypes.create_string_buffer(b"GPL")
    load = struct.pack(
        "=IIQQIIQII", BPF_PROG_TYPE_CGROUP_DEVICE, len(text) // 8, ctypes.addressof(instructions),
        ctypes.addressof(terms), 0, 0, 0, 0, 0,
    )  # fmt: skip
    buffer = ctypes.create_string_buffer(load, max(len(load), 72))
    loaded = libc.syscall(libc.SYS_BPF, "bpf", BPF_PROG_LOAD, buffer, len(buffer))
    group = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        words = struct.pack("=IIII", group, loaded, BPF_CGROUP_DEVICE, BPF_F_ALLOW_MULTI)
        libc.syscall(libc.SYS_BPF, "bpf", BPF_PROG_ATTACH, ctypes.create_string_buffer(words, 16), 16, path=directory)
    finally:
        os.close(group)
        os.close(loaded)
