"""``barque update``."""

from __future__ import annotations

from barque.cli.body import modes
from barque.cli.failure import Failure
from barque.client.client import quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from barque.cli.flags import FlagTable, Options
    from barque.cli.session import Session

FLAGS: FlagTable = (
    ("blkio-weight", "", "uint16", 0, "Share of block IO, 10 to 1000, 0 for none"),
    ("cpu-period", "", "int", 0, "Length of a CFS period"),
    ("cpu-quota", "", "int", 0, "CPU time in a CFS period"),
    ("cpu-rt-period", "", "int", 0, "Length of a real-time period in microseconds"),
    ("cpu-rt-runtime", "", "int", 0, "Real-time CPU time in a period, microseconds"),
    ("cpu-shares", "c", "int", 0, "Relative share of the CPUs"),
    ("cpus", "", "decimal", 0, "How many CPUs it may keep busy"),
    ("cpuset-cpus", "", "string", "", "CPUs it may run on (0-3, 0,1)"),
    ("cpuset-mems", "", "string", "", "Memory nodes it may use (0-3, 0,1)"),
    ("kernel-memory", "", "bytes", 0, ""),
    ("memory", "m", "bytes", 0, "Most memory"),
    ("memory-reservation", "", "bytes", 0, "Memory to keep to when the host is short"),
    ("memory-swap", "", "bytes", 0, "Most memory and swap together, -1 for any swap"),
    ("pids-limit", "", "int", 0, "Most processes, -1 for any number"),
    ("restart", "", "string", "", "When to restart it after it ended"),
)
USAGE = "CONTAINER [CONTAINER...]"
ARGUMENTS = (1, -1)
_MEMBERS = (
    ("BlkioWeight", "blkio-weight"),
    ("CpuPeriod", "cpu-period"),
    ("CpuQuota", "cpu-quota"),
    ("CpuRealtimePeriod", "cpu-rt-period"),
    ("CpuRealtimeRuntime", "cpu-rt-runtime"),
    ("CpuShares", "cpu-shares"),
    ("NanoCpus", "cpus"),
    ("CpusetCpus", "cpuset-cpus"),
    ("CpusetMems", "cpuset-mems"),
    ("Memory", "memory"),
    ("MemoryReservation", "memory-reservation"),
    ("MemorySwap", "memory-swap"),
    ("PidsLimit", "pids-limit"),
)


def execute(session: Session, options: Options, arguments: list[str]) -> int:
    if not options.changed:
        raise Failure("you must provide one or more flags when using this command")
    body: dict[str, Any] = {key: options[flag] for key, flag in _MEMBERS if flag in options.changed}
    if "restart" in options.changed:
        body["RestartPolicy"] = modes.restart_policy(options["restart"])
    warnings: list[str] = []

    def update(name: str) -> str:
        answer = session.client.post(f"/containers/{quote(name)}/update", body=body).json()
        warnings.extend((answer or {}).get("Warnings") or [])
        return name

    code = session.each(arguments, update)
    if warnings:
        session.line("\n".join(warnings))
    return code
