"""``stats`` as Docker computes them: this reading and the one before."""

from __future__ import annotations

import os
from typing import Any

from barque.cgroups import version
from barque.engine.record import Container, rfc3339

Json = dict[str, Any]
TICK = os.sysconf("SC_CLK_TCK")


def system_cpu() -> int:
    """Nanoseconds all processors have spent in all states (proc(5), /proc/stat)."""
    with open("/proc/stat", encoding="utf-8") as file:
        ticks = sum(int(word) for word in file.readline().split()[1:9])
    return ticks * (1_000_000_000 // TICK)


def network(pid: int) -> dict[str, Json]:
    """Counters of each interface but lo, from the container's own /proc/net/dev."""
    out = {}
    try:
        with open(f"/proc/{pid}/net/dev", encoding="utf-8") as file:
            rows = file.read().splitlines()[2:]
    except OSError:
        return {}
    for row in rows:
        name, _, numbers = row.partition(":")
        words = [int(word) for word in numbers.split()]
        if name.strip() == "lo":
            continue
        keys = ("rx_bytes", "rx_packets", "rx_errors", "rx_dropped")
        out[name.strip()] = dict(zip(keys, words[:4], strict=True)) | dict(
            zip(("tx_bytes", "tx_packets", "tx_errors", "tx_dropped"), words[8:12], strict=True)
        )
    return out


def _cpu(raw: Json, system: int) -> Json:
    cpu = raw["cpu"]
    usage: Json = {
        "total_usage": cpu["total"],
        "usage_in_kernelmode": cpu["system"],
        "usage_in_usermode": cpu["user"],
    }
    if cpu["percpu"]:
        usage["percpu_usage"] = cpu["percpu"]
    return {
        "cpu_usage": usage,
        "system_cpu_usage": system,
        "online_cpus": os.cpu_count(),
        "throttling_data": {
            "periods": cpu["periods"],
            "throttled_periods": cpu["throttled"],
            "throttled_time": cpu["throttled_time"],
        },
    }


def _memory(raw: Json, total: int) -> Json:
    memory = raw["memory"]
    limit = memory["limit"]
    out = {"usage": memory["usage"], "stats": memory["stat"], "limit": limit if 0 < limit < total else total}
    if version() == 1:
        out |= {"max_usage": memory["max"], "failcnt": memory["failcnt"]}
    return out


def empty(container: Container) -> Json:
    """Of a container that does not run."""
    zero = {"cpu_usage": {"total_usage": 0, "usage_in_kernelmode": 0, "usage_in_usermode": 0}, "throttling_data": {}}
    return {
        "read": rfc3339(0),
        "preread": rfc3339(0),
        "pids_stats": {},
        "blkio_stats": {},
        "num_procs": 0,
        "storage_stats": {},
        "cpu_stats": zero,
        "precpu_stats": zero,
        "memory_stats": {},
        "name": f"/{container.name}",
        "id": container.id,
    }


def sample(container: Container, raw: Json, at: int, before: Json | None) -> Json:
    """One object of the stream; ``before`` is the one sent before it."""
    total = os.sysconf("SC_PAGESIZE") * os.sysconf("SC_PHYS_PAGES")
    rows = [
        {"major": r["major"], "minor": r["minor"], "op": r["op"], "value": r["value"]} for r in raw["blkio"]["bytes"]
    ]
    return {
        **empty(container),
        "read": rfc3339(at),
        "preread": before["read"] if before else rfc3339(0),
        "pids_stats": {
            "current": raw["pids"]["current"],
            **({"limit": raw["pids"]["limit"]} if raw["pids"]["limit"] else {}),
        },
        "blkio_stats": {"io_service_bytes_recursive": rows or None},
        "cpu_stats": _cpu(raw, system_cpu()),
        "precpu_stats": before["cpu_stats"] if before else empty(container)["precpu_stats"],
        "memory_stats": _memory(raw, total),
        "networks": network(container.state.pid),
    }
