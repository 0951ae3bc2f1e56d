"""What the kernel and the distribution say of themselves, for ``info`` and ``version``."""

from __future__ import annotations

import os
import platform
from pathlib import Path

NORMAL_ARCH = {"x86_64": "amd64", "aarch64": "arm64"}


def os_release() -> dict[str, str]:
    """os-release(5); empty when there is none."""
    for path in ("/etc/os-release", "/usr/lib/os-release"):
        try:
            lines = Path(path).read_text().splitlines()
        except OSError:
            continue
        pairs = (line.partition("=") for line in lines if "=" in line and not line.startswith("#"))
        return {key: value.strip("\"'") for key, _, value in pairs}
    return {}


def memory_total() -> int:
    """Bytes."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def cpus() -> int:
    return len(os.sched_getaffinity(0))


def architecture() -> str:
    """Go's word for it, ``amd64``."""
    return NORMAL_ARCH.get(platform.machine(), platform.machine())


def cgroup_version() -> str:
    """``2`` when the unified hierarchy is all there is."""
    return "2" if Path("/sys/fs/cgroup/cgroup.controllers").exists() else "1"


def backing_filesystem(path: str) -> str:
    """The type of the file system ``path`` is on, from mountinfo."""
    device = os.stat(path).st_dev
    wanted = f"{os.major(device)}:{os.minor(device)}"
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        fields, _, rest = line.partition(" - ")
        if fields.split()[2] == wanted:
            kind = rest.split()[0]
            return "extfs" if kind.startswith("ext") else kind
    return "<unknown>"


def sysctl_on(name: str) -> bool:
    """Whether a switch below /proc/sys is on; off when there is none."""
    try:
        return Path("/proc/sys", name).read_text().strip() != "0"
    except OSError:
        return False


def limits() -> dict[str, bool]:
    """Docker's booleans about what control groups offer here."""
    if cgroup_version() == "2":
        names = set(Path("/sys/fs/cgroup/cgroup.controllers").read_text().split())
        return _limits(names, swap=Path("/proc/swaps").exists(), v1=False)
    names = {
        word for line in Path("/proc/self/cgroup").read_text().splitlines() for word in line.split(":")[1].split(",")
    }
    swap = Path(group_file("memory", "memory.memsw.limit_in_bytes")).exists()
    return _limits(names, swap, v1=True)


def group_file(controller: str, name: str) -> str:
    """A file of a v1 controller's root group."""
    return f"/sys/fs/cgroup/{controller}/{name}"


def _limits(names: set[str], swap: bool, v1: bool) -> dict[str, bool]:
    cpu = "cpu" in names
    return {
        "MemoryLimit": "memory" in names,
        "SwapLimit": "memory" in names and swap,
        "CpuCfsPeriod": cpu,
        "CpuCfsQuota": cpu,
        "CPUShares": cpu,
        "CPUSet": "cpuset" in names,
        "PidsLimit": "pids" in names,
        "OomKillDisable": v1 and "memory" in names,
        "IPv4Forwarding": sysctl_on("net/ipv4/ip_forward"),
    }
