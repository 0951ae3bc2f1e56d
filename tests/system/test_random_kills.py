"""kill -9 of daemon, supervisor and shims at random moments of random verbs; afterwards records, kernel and disk agree.

``BARQUE_KILLS`` is the number of kills (12 by default), ``BARQUE_SEED`` repeats a run.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from conftest import EngineUnderTest, until
from test_kills import COUNTER, log_lines, supervisor_pid

KILLS = int(os.environ.get("BARQUE_KILLS", "12"))
SEED = int(os.environ.get("BARQUE_SEED", str(random.randrange(1 << 30))))
NAMES = ("one", "two", "three")
LONG = ("sh", "-c", "trap 'exit 0' TERM; while :; do sleep 0.1; done")


def verb(dice: random.Random, name: str) -> tuple[str, ...]:
    return dice.choice(
        (
            ("run", "-d", "--name", name, "busybox", *LONG),
            ("create", "--name", name, "-v", "/scratch", "busybox", *LONG),
            ("start", name),
            ("stop", "-t", "1", name),
            ("kill", name),
            ("restart", "-t", "1", name),
            ("exec", name, "true"),
            ("pause", name),
            ("unpause", name),
            ("commit", name, "committed"),
            ("rm", "-f", "-v", name),
            ("run", "--rm", "busybox", "true"),
        )
    )


def containers(engine: EngineUnderTest) -> list[dict[str, Any]]:
    api = engine.api()
    rows: list[dict[str, Any]] = api("GET", "/containers/json?all=1")
    return [api("GET", f"/containers/{row['Id']}/json") for row in rows]


def groups() -> set[str]:
    return {p.name for pattern in ("*/barque/*", "barque/*") for p in Path("/sys/fs/cgroup").glob(pattern)}


def disagreement(engine: EngineUnderTest, seen: set[str]) -> str:
    """What records, tasks, control groups and directories do not agree on; empty when they do. ``seen``: all ids so
    far."""
    known = containers(engine)
    seen.update(c["Id"] for c in known)
    running = {c["Id"] for c in known if c["State"]["Running"]}
    for container in known:
        if container["State"]["Running"] and not Path(f"/proc/{container['State']['Pid']}").exists():
            return f"{container['Name']} is said to run and does not"
    tasks = set(os.listdir(engine.dir / "exec" / "tasks"))
    if tasks != running:
        return f"tasks {tasks ^ running}"
    if left := (groups() & seen) - running:
        return f"control groups of {left}"
    directories = set(os.listdir(engine.dir / "data" / "containers"))
    if directories != {c["Id"] for c in known}:
        return f"directories {directories ^ {c['Id'] for c in known}}"
    return ""


def settled(engine: EngineUnderTest, seen: set[str], context: str) -> None:
    """They agree soon: what a shim does after an exit has been told may take a moment."""
    deadline = time.monotonic() + 20
    while why := disagreement(engine, seen):
        assert time.monotonic() < deadline, f"{context}: {why}{engine.tail()}"
        time.sleep(0.02)


def strike(engine: EngineUnderTest, dice: random.Random) -> str:
    """Kill one of them, or two; the daemon is started again. What was killed."""
    targets = dice.choice((("daemon",), ("daemon",), ("supervisor",), ("daemon", "supervisor"), ("shim",)))
    for target in targets:
        with contextlib.suppress(OSError, ValueError, IndexError):
            if target == "supervisor":
                os.kill(supervisor_pid(engine), signal.SIGKILL)
            elif target == "shim":
                tasks = sorted((engine.dir / "exec" / "tasks").glob("*/shim.pid"))
                steady = engine.steady  # type: ignore[attr-defined]
                os.kill(int(dice.choice([t for t in tasks if steady not in str(t)]).read_text()), signal.SIGKILL)
    if "daemon" in targets:
        engine.kill()
        engine.launch()
    return "+".join(targets)


@pytest.mark.timeout(120 + 10 * KILLS)
def test_random_kills(own_engine: EngineUnderTest) -> None:
    engine, dice, seen = own_engine, random.Random(SEED), set[str]()
    engine.steady = engine.ok("run", "-d", "--name", "steady", "busybox", "sh", "-c", COUNTER)  # type: ignore[attr-defined]
    for turn in range(KILLS):
        words = verb(dice, dice.choice(NAMES))
        work = threading.Thread(target=lambda words=words: engine.barque(*words, timeout=60))
        work.start()
        time.sleep(dice.random() * 0.15)  # the moment of the kill, at random
        killed = strike(engine, dice)
        work.join()
        settled(engine, seen, f"seed {SEED}, turn {turn}, {' '.join(words[:3])}, kill of {killed}")
    before = len(log_lines(engine, "steady"))
    until(lambda: len(log_lines(engine, "steady")) > before)
    lines = log_lines(engine, "steady")
    assert lines == list(range(1, len(lines) + 1)), f"seed {SEED}: lines lost or doubled"
    for container in containers(engine):
        engine.ok("rm", "-f", "-v", container["Id"])
    settled(engine, seen, f"seed {SEED}, at the end")
    assert engine.ok("volume", "ls", "-q") == "", f"seed {SEED}"
    engine.docker("rmi", "-f", "committed")
