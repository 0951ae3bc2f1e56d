"""HEALTHCHECK: the probe of a running container, its state and the log of the last five results."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from barque.engine import spec
from barque.engine.record import Container, rfc3339
from barque.errors import BarqueError
from barque.wire.frames import Splitter

if TYPE_CHECKING:
    from barque.engine.lifetimes import Lifetimes

Json = dict[str, Any]
SECOND = 1_000_000_000
INTERVAL, TIMEOUT, START_INTERVAL, RETRIES = 30 * SECOND, 30 * SECOND, 5 * SECOND, 3
KEPT = 5
"""Results in the log."""
OUTPUT = 4096
"""Bytes of output kept of a result."""
SIGKILL = 9


@dataclass(frozen=True)
class Check:
    """A healthcheck with Docker's defaults filled in; times in nanoseconds."""

    command: list[str]
    interval: int = INTERVAL
    timeout: int = TIMEOUT
    start_period: int = 0
    start_interval: int = START_INTERVAL
    retries: int = RETRIES


def check_of(config: Json) -> Check | None:
    """The check of a container's config; None when it has none or it is switched off."""
    wanted = config.get("Healthcheck") or {}
    kind, *words = wanted.get("Test") or ["NONE"]
    if kind == "NONE":
        return None
    if kind == "CMD-SHELL":
        words = [*(config.get("Shell") or ("/bin/sh", "-c")), *words[:1]]
    return Check(
        words,
        wanted.get("Interval") or INTERVAL,
        wanted.get("Timeout") or TIMEOUT,
        wanted.get("StartPeriod") or 0,
        wanted.get("StartInterval") or START_INTERVAL,
        wanted.get("Retries") or RETRIES,
    )


def judge(health: Json, check: Check, result: Json, age: int) -> str:
    """Add the result of a probe begun ``age`` ns after the start; the new status, "" when it stays."""
    before = health["Status"]
    health["Log"] = [*health["Log"], result][-KEPT:]
    if result["ExitCode"] == 0:
        health["FailingStreak"], health["Status"] = 0, "healthy"
    elif before != "starting" or age >= check.start_period:
        health["FailingStreak"] += 1
        if health["FailingStreak"] >= check.retries:
            health["Status"] = "unhealthy"
    return health["Status"] if health["Status"] != before else ""


def pause_before(health: Json, check: Check, age: int) -> float:
    """Seconds until the next probe: shorter while the container is in its start period."""
    starting = health["Status"] == "starting" and age < check.start_period
    return (check.start_interval if starting else check.interval) / SECOND


async def watch(lives: Lifetimes, container: Container, ended: asyncio.Event) -> None:
    """Probe until the container has ended (``ended``); not while it is paused."""
    check = check_of(container.config)
    if check is None:
        container.health = None
        return
    log = (container.health or {}).get("Log", [])
    health = container.health = {"Status": "starting", "FailingStreak": 0, "Log": log}
    started = container.state.started_at
    while True:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(ended.wait(), pause_before(health, check, time.time_ns() - started))
        if ended.is_set() or lives.closing:
            return
        if container.state.status != "running":
            continue
        begin = time.time_ns()
        code, output = await probe(lives, container, check)
        if ended.is_set():
            return
        text = output[:OUTPUT].decode("utf-8", "replace")
        result = {"Start": rfc3339(begin), "End": rfc3339(time.time_ns()), "ExitCode": code, "Output": text}
        status = judge(health, check, result, begin - started)
        if status:
            lives.publish(container, f"health_status: {status}")


async def probe(lives: Lifetimes, container: Container, check: Check) -> tuple[int, bytes]:
    """Run the check once: exit code and output; -1 when it could not run or took too long."""
    exec_id = secrets.token_hex(32)
    words = " ".join(check.command)
    done: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    lives.exec_ends[exec_id] = lambda code: None if done.done() else done.set_result(code)
    output = bytearray()
    lives.publish(container, f"exec_create: {words}", execID=exec_id)
    try:
        lives.publish(container, f"exec_start: {words}", execID=exec_id)
        async with asyncio.timeout(check.timeout / SECOND):
            await _run(lives, container, check.command, exec_id, output)
            code = await done
        lives.publish(container, "exec_die", execID=exec_id, exitCode=code)
        return code, bytes(output)
    except TimeoutError:
        with contextlib.suppress(BarqueError):
            await lives.tasks.ask(container.id, "kill", exec=exec_id, signal=SIGKILL)
        words = f"Health check exceeded timeout ({check.timeout / SECOND:g}s)"
        return -1, f"{words}: ".encode() + output if output else words.encode()
    except BarqueError as error:
        return -1, error.message.encode()
    finally:
        lives.exec_ends.pop(exec_id, None)


async def _run(lives: Lifetimes, container: Container, command: list[str], exec_id: str, output: bytearray) -> None:
    process = spec.exec_process(container, {"Cmd": command})
    stream, _ = await lives.tasks.stream(
        container.id, "exec", id=exec_id, process=process, attach=True, stdin=False, stdout=True, stderr=True
    )
    try:
        splitter = Splitter()
        while data := await stream.read():
            for _, piece in splitter.feed(data):
                output += piece[: OUTPUT - len(output)]
    finally:
        stream.close()
