"""The engine's network service over a real worker: what a container start and end do to the host."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

from barque.engine.network_client import NetworkWorker
from barque.engine.network_records import Settings
from barque.engine.networks import NetworkService
from barque.state import Database

if TYPE_CHECKING:
    from tests.contract.networks.conftest import RunningWorker


def run(worker: RunningWorker, path: Path, body: Callable[[NetworkService], Awaitable[None]]) -> None:
    async def main() -> None:
        client = NetworkWorker(worker.socket_path)
        settings = Settings(bridge=worker.bridge, bip=f"{worker.subnet}.1/24")
        service = NetworkService(Database(str(path / "state.db")), client, settings, lambda *event: None)
        async with asyncio.timeout(60):
            await service.start()
            await body(service)
        await client.close()

    asyncio.run(main())


def ping(netns: str, address: str) -> int:
    command = ["nsenter", f"--net={netns}", "busybox", "ping", "-c1", "-W5", address]
    return subprocess.run(command, capture_output=True, timeout=30).returncode


def test_fifty_at_once_get_fifty_addresses_and_leave_nothing(worker: RunningWorker, tmp_path: Path) -> None:
    async def body(service: NetworkService) -> None:
        ids = [f"c{number}" for number in range(50)]
        made = await asyncio.gather(*(service.attach(c, c, c, {"NetworkMode": "bridge"}, None) for c in ids))
        assert len({attachment.addresses for attachment in made}) == 50
        assert made[0].netns_path is not None
        reached = [await asyncio.to_thread(ping, made[0].netns_path, made[n].addresses[0]) for n in (1, 25, 49)]
        assert reached == [0, 0, 0]
        await asyncio.gather(*(service.detach(c) for c in ids))
        assert os.listdir(worker.netns) == []
        await service.teardown()

    run(worker, tmp_path, body)
    assert worker.bridge not in os.listdir("/sys/class/net")
    assert not worker.tables()


def test_daemon_and_worker_killed_the_living_keep_their_network(worker: RunningWorker, tmp_path: Path) -> None:
    paths: dict[str, str | None] = {}

    async def before(service: NetworkService) -> None:
        for container in ("lives", "dies"):
            paths[container] = (await service.attach(container, container, "h", {}, None)).netns_path

    async def after(service: NetworkService) -> None:
        await service.recover(["lives"])
        assert os.listdir(worker.netns) == ["lives"]
        new = await service.attach("new", "new", "h", {}, None)
        kept = service.attachment("lives")
        assert kept is not None and kept.netns_path == paths["lives"] is not None
        assert new.addresses != kept.addresses
        assert await asyncio.to_thread(ping, kept.netns_path, new.addresses[0]) == 0
        for container in ("lives", "new"):
            await service.detach(container)

    run(worker, tmp_path, before)
    worker.kill()
    worker.start()
    run(worker, tmp_path, after)


def test_a_worker_that_was_restarted_is_found_again(worker: RunningWorker, tmp_path: Path) -> None:
    async def body(service: NetworkService) -> None:
        await service.attach("one", "one", "h", {}, None)
        await asyncio.to_thread(worker.kill)
        await asyncio.to_thread(worker.start)
        await service.attach("two", "two", "h", {}, None)
        for container in ("one", "two"):
            await service.detach(container)

    run(worker, tmp_path, body)
