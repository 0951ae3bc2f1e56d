"""After many runs and removals the host has what it had before."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from conftest import EngineUnderTest, footprint
from test_kills import supervisor_pid

MIX = (
    ("run", "--rm", "busybox", "true"),
    ("run", "--rm", "--network", "none", "busybox", "true"),
    ("run", "--rm", "--network", "host", "busybox", "true"),
    ("run", "--rm", "-v", "/scratch", "busybox", "touch", "/scratch/x"),
    ("run", "--rm", "busybox", "no-such-program"),
    ("run", "--rm", "-u", "nosuchuser", "busybox", "true"),
    ("run", "--rm", "--memory", "32m", "--tmpfs", "/t", "busybox", "sh", "-c", "exit 4"),
    ("run", "-d", "--name", "leak", "busybox", "sleep", "1000"),
    ("exec", "leak", "true"),
    ("rm", "-f", "leak"),
)


def descriptors(engine: EngineUnderTest) -> int:
    assert engine.process is not None
    return len(os.listdir(f"/proc/{engine.process.pid}/fd"))


def state_of(engine: EngineUnderTest) -> dict[str, object]:
    tasks = engine.dir / "exec" / "tasks"
    containers = engine.dir / "data" / "containers"
    return {
        "host": footprint(engine),
        "tasks": os.listdir(tasks) if tasks.exists() else [],
        "containers": os.listdir(containers) if containers.exists() else [],
        "snapshots": len(os.listdir(engine.dir / "data" / "snapshots")),
        "processes": len(engine.pids()),
    }


def test_two_hundred_mixed_runs_leave_nothing(engine: EngineUnderTest) -> None:
    for argv in MIX:  # warm: pools and lazily made directories
        engine.docker(*argv)
    before, fds = state_of(engine), descriptors(engine)
    for _ in range(20):
        for argv in MIX:
            engine.docker(*argv)
    after = state_of(engine)
    assert after == before
    assert descriptors(engine) <= fds + 2


def test_a_stop_without_a_supervisor_leaves_no_bridge(own_engine: EngineUnderTest) -> None:
    own_engine.ok("run", "--rm", "busybox", "true")
    os.kill(supervisor_pid(own_engine), signal.SIGKILL)
    assert own_engine.process is not None
    own_engine.process.terminate()
    own_engine.process.wait(30)
    assert own_engine.bridge not in os.listdir("/sys/class/net")


def test_a_stopped_engine_leaves_the_host_as_it_was(own_engine: EngineUnderTest) -> None:
    own_engine.ok("run", "--rm", "busybox", "true")
    own_engine.ok("run", "-d", "busybox", "sleep", "1000")
    assert own_engine.process is not None
    own_engine.process.terminate()
    own_engine.process.wait(30)
    ours = str(own_engine.dir)
    assert ours not in Path("/proc/self/mountinfo").read_text()
    assert own_engine.bridge not in os.listdir("/sys/class/net")
    assert not [p for p in own_engine.pids() if Path(f"/proc/{p}").exists()]
