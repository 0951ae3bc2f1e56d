"""``update``: limits and restart policy of a container, at once when it runs."""

from __future__ import annotations

from typing import Any

from barque.engine import spec
from barque.engine.lifetimes import Lifetimes
from barque.engine.record import Container
from barque.errors import Conflict, InvalidArgument

NAMES = {
    "Memory", "MemorySwap", "MemoryReservation", "NanoCpus", "CpuShares", "CpuPeriod", "CpuQuota", "CpusetCpus",
    "CpusetMems", "PidsLimit", "BlkioWeight", "RestartPolicy",
}  # fmt: skip


async def update(lives: Lifetimes, container: Container, changes: dict[str, Any]) -> dict[str, Any]:
    """``{"Warnings"}``. Raises InvalidArgument for a limit that cannot be, Conflict for a dying container."""
    wanted = {name: value for name, value in changes.items() if name in NAMES and value}
    if (wanted.get("RestartPolicy") or {}).get("Name") in ("", None):
        wanted.pop("RestartPolicy", None)
    async with container.lock:
        if container.state.status in ("removing", "dead"):
            raise Conflict(f"Cannot update container {container.id}: container is marked for removal")
        if container.host_config.get("AutoRemove") and wanted.get("RestartPolicy", {}).get("Name", "no") != "no":
            raise Conflict("Restart policy cannot be updated because AutoRemove is enabled for the container")
        host = {**container.host_config, **wanted}
        memory, swap = host.get("Memory") or 0, host.get("MemorySwap") or 0
        if memory and 0 < swap < memory:
            raise InvalidArgument(
                "Memory limit should be smaller than already set memoryswap limit, "
                "update the memoryswap at the same time"
            )
        if container.running:
            resources = spec.resources(host, bool(host.get("Privileged")))
            resources.pop("devices", None)
            await lives.tasks.ask(container.id, "update", resources=resources)
        container.host_config = host
        lives.store.save(container)
    lives.publish(container, "update")
    return {"Warnings": []}
