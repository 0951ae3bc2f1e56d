"""OCI resources to the files that hold them: pure, one function per version.

The values are the runtime-spec's (linux.resources); a list of ``(controller, file, text)`` comes out, in the order in
which the kernel takes them.
"""

from __future__ import annotations

from typing import Any

Setting = tuple[str, str, str]
V1_THROTTLES = (
    ("throttleReadBpsDevice", "blkio.throttle.read_bps_device"),
    ("throttleWriteBpsDevice", "blkio.throttle.write_bps_device"),
    ("throttleReadIOPSDevice", "blkio.throttle.read_iops_device"),
    ("throttleWriteIOPSDevice", "blkio.throttle.write_iops_device"),
)
V2_THROTTLES = (
    ("throttleReadBpsDevice", "rbps"),
    ("throttleWriteBpsDevice", "wbps"),
    ("throttleReadIOPSDevice", "riops"),
    ("throttleWriteIOPSDevice", "wiops"),
)


def _first(values: dict[str, Any], name: str) -> int | None:
    value = values.get(name)
    return int(value) if value else None


def v1(resources: dict[str, Any]) -> list[Setting]:
    """Files of the v1 controllers (kernel: Documentation/admin-guide/cgroup-v1)."""
    out: list[Setting] = []
    memory = resources.get("memory") or {}
    limit, swap = _first(memory, "limit"), _first(memory, "swap")
    if limit is not None:
        out.append(("memory", "memory.limit_in_bytes", str(limit)))
    if swap is not None:
        out.append(("memory", "memory.memsw.limit_in_bytes", str(swap)))
    for name, file in (("reservation", "memory.soft_limit_in_bytes"), ("swappiness", "memory.swappiness")):
        if memory.get(name) is not None:
            out.append(("memory", file, str(memory[name])))
    if memory.get("disableOOMKiller"):
        out.append(("memory", "memory.oom_control", "1"))
    cpu = resources.get("cpu") or {}
    for name, file in (("shares", "cpu.shares"), ("period", "cpu.cfs_period_us"), ("quota", "cpu.cfs_quota_us")):
        if cpu.get(name):
            out.append(("cpu", file, str(cpu[name])))
    out += _cpuset(cpu)
    out += _pids(resources)
    block = resources.get("blockIO") or {}
    if block.get("weight"):
        out.append(("blkio", "blkio.weight", str(block["weight"])))
    for name, file in V1_THROTTLES:
        for rule in block.get(name) or ():
            out.append(("blkio", file, f"{rule['major']}:{rule['minor']} {rule['rate']}"))
    return out


def _cpuset(cpu: dict[str, Any]) -> list[Setting]:
    return [("cpuset", f"cpuset.{name}", str(cpu[name])) for name in ("cpus", "mems") if cpu.get(name)]


def _pids(resources: dict[str, Any]) -> list[Setting]:
    limit = (resources.get("pids") or {}).get("limit")
    if limit is None or limit == 0:
        return []
    return [("pids", "pids.max", "max" if limit < 0 else str(limit))]


def weight_of(shares: int) -> int:
    """cpu.weight (1 to 10000) of v1 shares (2 to 262144), linear, as runc converted them up to 1.3."""
    return 1 + ((max(2, min(shares, 262144)) - 2) * 9999) // 262142


def _or_max(value: int) -> str:
    return "max" if value < 0 else str(value)


def v2(resources: dict[str, Any]) -> list[Setting]:
    """Files of the unified hierarchy (kernel: Documentation/admin-guide/cgroup-v2)."""
    out: list[Setting] = []
    memory = resources.get("memory") or {}
    limit, swap = _first(memory, "limit"), _first(memory, "swap")
    if limit is not None:
        out.append(("memory", "memory.max", _or_max(limit)))
    if swap is not None:
        # v1 counts memory and swap together, v2 swap alone
        alone = swap if swap < 0 else swap - limit if limit is not None and limit > 0 else swap
        out.append(("memory", "memory.swap.max", _or_max(alone)))
    if memory.get("reservation"):
        out.append(("memory", "memory.low", _or_max(memory["reservation"])))
    cpu = resources.get("cpu") or {}
    if cpu.get("shares"):
        out.append(("cpu", "cpu.weight", str(weight_of(cpu["shares"]))))
    if cpu.get("quota") or cpu.get("period"):
        quota = cpu.get("quota") or 0
        out.append(("cpu", "cpu.max", f"{quota if quota > 0 else 'max'} {cpu.get('period') or 100000}"))
    out += _cpuset(cpu)
    out += _pids(resources)
    block = resources.get("blockIO") or {}
    if block.get("weight"):
        out.append(("io", "io.bfq.weight", str(block["weight"])))
    for name, word in V2_THROTTLES:
        for rule in block.get(name) or ():
            out.append(("io", "io.max", f"{rule['major']}:{rule['minor']} {word}={rule['rate']}"))
    for file, text in (resources.get("unified") or {}).items():
        out.append(("", file, text))
    return out


def devices_v1(rules: list[dict[str, Any]]) -> list[Setting]:
    """devices.allow and devices.deny lines, in the order of the rules; of equal ones the last, which decides."""
    out: dict[Setting, None] = {}
    for rule in rules:
        kind = rule.get("type") or "a"
        numbers = ":".join("*" if rule.get(n) in (None, -1) else str(rule[n]) for n in ("major", "minor"))
        text = "a" if kind == "a" and numbers == "*:*" else f"{kind} {numbers} {rule.get('access') or 'rwm'}"
        setting = ("devices", "devices.allow" if rule.get("allow") else "devices.deny", text)
        out.pop(setting, None)
        out[setting] = None
    return list(out)
