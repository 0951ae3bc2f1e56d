"""Capability names and the five sets of a process (capabilities(7))."""

from __future__ import annotations

import ctypes
import struct
from functools import lru_cache
from typing import Any

from barque.linux import files, libc
from barque.runtime.steps import Step

NAMES = [
    "CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP",
    "LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER",
    "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN", "SYS_BOOT", "SYS_NICE",
    "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE", "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP",
    "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG", "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF",
    "CHECKPOINT_RESTORE",
]  # fmt: skip
NUMBERS = {f"CAP_{name}": number for number, name in enumerate(NAMES)}

PR_CAPBSET_DROP = 24
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
PR_CAP_AMBIENT_CLEAR_ALL = 4
PR_SET_KEEPCAPS = 8


def mask(names: list[str] | None) -> int:
    """Bits of the names; unknown ones are left out, as runc does."""
    bits = 0
    for name in names or ():
        if name in NUMBERS:
            bits |= 1 << NUMBERS[name]
    return bits


def available() -> int:
    """What the bounding set of this process holds."""
    _, _, rest = files.read("/proc/self/status").partition("\nCapBnd:")
    return int(rest.split(None, 1)[0], 16) if rest else 0


@lru_cache(maxsize=1)
def inherited() -> int:
    """What a child of this process starts with: read once."""
    return available()


def everything() -> int:
    """All that this kernel knows: what a process has that has entered a user namespace."""
    return (1 << int(files.read("/proc/sys/kernel/cap_last_cap")) + 1) - 1


def names_of(bits: int) -> list[str]:
    return [f"CAP_{name}" for number, name in enumerate(NAMES) if bits >> number & 1]


def drop_bounding(keep: int, have: int) -> list[Step]:
    """Shrink the bounding set to ``keep``; to be done while CAP_SETPCAP is still there."""
    gone = [number for number in range(len(NAMES)) if have >> number & 1 and not keep >> number & 1]
    return [Step(libc.raw_prctl, (PR_CAPBSET_DROP, number, 0, 0, 0)) for number in gone]


def capset(effective: int, permitted: int, inheritable: int) -> Step:
    """capset(2), version 3."""
    header = ctypes.create_string_buffer(struct.pack("Ii", 0x20080522, 0), 8)
    low, high = 0xFFFFFFFF, 32
    sets = (effective, permitted, inheritable)
    data = struct.pack("6I", *(bits & low for bits in sets), *(bits >> high for bits in sets))
    arguments = libc.words(libc.SYS_CAPSET, header, ctypes.create_string_buffer(data, 24))
    return Step(libc.raw_syscall, arguments, "capset: {}")


def apply(sets: dict[str, Any], have: int) -> list[Step]:
    """The four sets besides bounding, after the user has changed (with PR_SET_KEEPCAPS on)."""
    permitted = mask(sets.get("permitted")) & have
    inheritable = mask(sets.get("inheritable")) & have
    ambient = mask(sets.get("ambient")) & inheritable & permitted
    return [
        capset(mask(sets.get("effective")) & permitted, permitted, inheritable),
        Step(libc.raw_prctl, (PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)),
        *(
            Step(libc.raw_prctl, (PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number, 0, 0))
            for number in range(len(NAMES))
            if ambient >> number & 1
        ),
    ]
