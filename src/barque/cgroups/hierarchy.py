"""Where the controllers of this machine are mounted: pure v2, or v1 (hybrid hosts count as v1, as in runc)."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

ROOT = "/sys/fs/cgroup"
WANTED = ("cpu", "cpuacct", "cpuset", "memory", "pids", "devices", "freezer", "blkio", "hugetlb", "net_cls", "net_prio",
          "perf_event")  # fmt: skip


class Hierarchies(NamedTuple):
    """``unified`` is the v2 mount point on a pure v2 host; ``v1`` maps a controller to its mount point."""

    unified: str | None
    v1: dict[str, str]


def parse(mountinfo: str) -> Hierarchies:
    """From the text of /proc/self/mountinfo (proc(5))."""
    v1: dict[str, str] = {}
    unified = None
    for line in mountinfo.splitlines():
        fields, _, after = line.partition(" - ")
        kind, _, options = after.split(" ", 2)
        point = fields.split()[4]
        if not (point == ROOT or point.startswith(ROOT + "/")):
            continue
        if kind == "cgroup2" and point == ROOT:
            unified = point
        elif kind == "cgroup":
            for word in options.rsplit(" ", 1)[-1].split(","):
                if word in WANTED:
                    v1.setdefault(word, point)
    return Hierarchies(None if v1 else unified, v1)


@lru_cache(maxsize=1)
def here() -> Hierarchies:
    """Those of this machine; read once per process."""
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
        return parse(file.read())


def version() -> int:
    """1 or 2, as ``docker info`` reports it."""
    return 2 if here().unified else 1
