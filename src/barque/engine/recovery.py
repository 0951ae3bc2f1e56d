"""The daemon's own start and end: what it finds is compared with what it remembers; what runs is stopped or left."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import time

from barque.engine import spec
from barque.engine.lifetimes import Lifetimes
from barque.engine.record import Container, now
from barque.errors import BarqueError


async def recover(lives: Lifetimes) -> None:
    """Compare records, tasks and the kernel: adopt what lives, settle what ended, finish what was half done."""
    running = [c for c in lives.store if c.running]
    await lives.networks.recover([c.id for c in running])
    for container in running:
        await _adopt(lives, container)
    for container in lives.store:
        if container.state.status == "removing":
            async with container.lock:
                await lives.remove_now(container, volumes=True)
    await _orphans(lives)
    for container in lives.store:
        if _wanted_at_boot(container):
            with contextlib.suppress(BarqueError, OSError):
                await lives.start(container)


async def _adopt(lives: Lifetimes, container: Container) -> None:
    try:
        state, follow = await lives.tasks.events(container.id)
    except (BarqueError, OSError):
        end = lives.tasks.exit_record(container.id) or {"code": 137, "at": now(), "oom": False}
        with contextlib.suppress(BarqueError, OSError):
            await lives.tasks.reap(spec.cgroup_path(container))
        await lives.on_exit(container, end)
        return
    if state["status"] == "created":
        await lives.signal(container, 9)
    container.state.pid = state["pid"]
    container.state.started_at = state["started_at"] or container.state.started_at
    lives.ended[container.id] = asyncio.Event()
    lives.spawn(lives.follow(container, state, follow))


def _wanted_at_boot(container: Container) -> bool:
    policy = (container.host_config.get("RestartPolicy") or {}).get("Name")
    if container.state.status == "restarting":
        container.state.status = "exited"
        return True
    if container.state.status != "exited":
        return False
    return policy == "always" or (policy == "unless-stopped" and not container.state.stopped_by_user)


async def _orphans(lives: Lifetimes) -> None:
    """Tasks, snapshots and directories that no record knows."""
    known = {c.id: c for c in lives.store}
    for name in os.listdir(lives.tasks.root):
        if name in known and known[name].running:
            continue
        with contextlib.suppress(BarqueError, OSError):
            await lives.tasks.ask(name, "kill", signal=9)
        with contextlib.suppress(BarqueError, OSError):
            await lives.tasks.reap(f"/barque/{name}")
        lives.tasks.forget(name)
    await lives.volumes.sweep(set(known))
    for key in list(lives.snapshots.walk()):
        if len(key) == 64 and key not in known:
            lives.snapshots.remove(key)
    for name in os.listdir(os.path.join(lives.data_root, "containers")):
        if name not in known:
            shutil.rmtree(os.path.join(lives.data_root, "containers", name), ignore_errors=True)


async def shutdown(lives: Lifetimes, timeout: float) -> None:
    """Stop every container, as a daemon without live-restore does at its end. ``timeout`` in seconds."""
    lives.closing = True
    await asyncio.gather(*(_stop(lives, c, timeout) for c in lives.store if c.running))
    await asyncio.gather(*(lives.settled(c) for c in lives.store))


async def _stop(lives: Lifetimes, container: Container, timeout: float) -> None:
    begin = time.monotonic()
    stopped = container.state.stopped_by_user
    done = lives.ended.get(container.id)
    try:
        await asyncio.wait_for(lives.stop(container, None, None), timeout)
    except (BarqueError, OSError, TimeoutError):
        await lives.signal(container, 9)
        with contextlib.suppress(TimeoutError):
            left = max(1.0, timeout - (time.monotonic() - begin))
            await asyncio.wait_for(done.wait() if done else asyncio.sleep(0), left)
    container.state.stopped_by_user = stopped
    lives.store.save(container)
