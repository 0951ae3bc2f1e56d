"""Docker's defaults for what a container may do, and what the options of run change of them."""

from __future__ import annotations

import glob
import json
import os
from typing import Any

from barque.errors import InvalidArgument
from barque.runtime import default_profile
from barque.runtime.capabilities import NUMBERS, available, names_of

DEFAULT_CAPABILITIES = [
    f"CAP_{name}"
    for name in (
        "CHOWN", "DAC_OVERRIDE", "FSETID", "FOWNER", "MKNOD", "NET_RAW", "SETGID", "SETUID", "SETFCAP", "SETPCAP",
        "NET_BIND_SERVICE", "SYS_CHROOT", "KILL", "AUDIT_WRITE",
    )
]  # fmt: skip
MASKED_PATHS = [
    "/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
    "/proc/sched_debug", "/proc/scsi", "/proc/timer_list", "/proc/timer_stats", "/sys/devices/virtual/powercap",
    "/sys/firmware", *sorted(glob.glob("/sys/devices/system/cpu/cpu[0-9]*/thermal_throttle")),
]  # fmt: skip
READONLY_PATHS = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]
DEVICE_RULES: list[dict[str, Any]] = [
    {"allow": False, "access": "rwm"},
    *(
        {"allow": True, "type": "c", "major": major, "minor": minor, "access": "rwm"}
        for major, minor in ((1, 3), (1, 5), (1, 8), (1, 9), (5, 0), (5, 1))
    ),
    {"allow": False, "type": "c", "major": 10, "minor": 229, "access": "rwm"},
]


def capabilities(host_config: dict[str, Any]) -> list[str]:
    """Names for the bounding, effective and permitted sets. Raises InvalidArgument for an unknown one."""
    everything = names_of(available())
    if host_config.get("Privileged"):
        return everything
    add, drop = (_caps(host_config.get(name) or []) for name in ("CapAdd", "CapDrop"))
    chosen = list(everything) if "ALL" in add else [] if "ALL" in drop else list(DEFAULT_CAPABILITIES)
    chosen += [name for name in add if name not in chosen and name != "ALL"]
    return [name for name in chosen if name not in drop]


def _caps(words: list[str]) -> list[str]:
    out = []
    for word in words:
        name = word.upper()
        if name != "ALL" and not name.startswith("CAP_"):
            name = f"CAP_{name}"
        if name != "ALL" and name not in NUMBERS:
            raise InvalidArgument(f'invalid capability: "{word}"')
        out.append(name)
    return out


def options(host_config: dict[str, Any]) -> dict[str, str]:
    """--security-opt as a map. Raises InvalidArgument for what is not known."""
    out = {}
    for word in host_config.get("SecurityOpt") or ():
        separator = "=" if "=" in word else ":"
        name, _, value = word.partition(separator)
        if name not in ("apparmor", "label", "seccomp", "no-new-privileges", "systempaths", "writable-cgroups"):
            raise InvalidArgument(f"invalid --security-opt 2: {word!r}")
        out[name] = value or "true"
    return out


def seccomp(host_config: dict[str, Any], caps: list[str]) -> dict[str, Any] | None:
    """The filter's profile; None for unconfined."""
    wanted = options(host_config).get("seccomp", "")
    if wanted == "unconfined" or (host_config.get("Privileged") and not wanted):
        return None
    if not wanted or wanted == "builtin":
        return default_profile(caps)
    try:
        profile = json.loads(wanted)
    except ValueError as error:
        raise InvalidArgument(f"Decoding seccomp profile failed: {error}") from None
    return resolve(profile, caps)


def resolve(profile: dict[str, Any], caps: list[str]) -> dict[str, Any]:
    """Docker's profile form (archMap, includes, excludes) to the runtime-spec's."""
    machine = {"x86_64": ("SCMP_ARCH_X86_64", "amd64"), "aarch64": ("SCMP_ARCH_AARCH64", "arm64")}
    native, arch = machine.get(os.uname().machine, ("", ""))
    architectures = list(profile.get("architectures") or [])
    for entry in profile.get("archMap") or ():
        if entry["architecture"] == native:
            architectures += [native, *(entry.get("subArchitectures") or [])]
    rules = []
    for rule in profile.get("syscalls") or ():
        includes, excludes = rule.get("includes") or {}, rule.get("excludes") or {}
        if includes.get("arches") and arch not in includes["arches"]:
            continue
        if arch in (excludes.get("arches") or ()) or set(excludes.get("caps") or ()) & set(caps):
            continue
        if not set(includes.get("caps") or ()) <= set(caps):
            continue
        names = rule.get("names") or [rule["name"]]
        kept = {k: v for k, v in rule.items() if k in ("action", "errnoRet", "args") and v}
        rules.append({"names": names, **kept})
    out = {k: v for k, v in profile.items() if k in ("defaultAction", "defaultErrnoRet", "flags")}
    return {**out, "architectures": architectures, "syscalls": rules}
