"""kill -9 of each process of the engine: nothing is lost, nothing stays behind."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

import pytest
from conftest import EngineUnderTest, until

COUNTER = "i=0; while :; do i=$((i+1)); echo line $i; sleep 0.01; done"


def supervisor_pid(engine: EngineUnderTest) -> int:
    """The process that listens on the supervisor's socket, by the kernel's own peer credentials."""
    import socket
    import struct

    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(engine.dir / "exec" / "supervisor.sock"))
        size = struct.calcsize("3i")
        return struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))[0]


def log_lines(engine: EngineUnderTest, name: str) -> list[int]:
    return [int(n) for n in re.findall(r"line (\d+)", engine.ok("logs", name))]


def counts_on(engine: EngineUnderTest, name: str) -> None:
    """The counter still runs, and its log has every line once."""
    before = log_lines(engine, name)
    until(lambda: len(log_lines(engine, name)) > len(before) + 5)
    lines = log_lines(engine, name)
    assert lines == list(range(1, len(lines) + 1))


def works(engine: EngineUnderTest, name: str) -> None:
    counts_on(engine, name)
    assert engine.ok("exec", name, "echo", "still") == "still"
    engine.ok("stop", "-t", "0", name)
    assert engine.ok("wait", name) == "137"
    engine.ok("rm", name)


def test_the_supervisors_program_cannot_be_written_to(own_engine: EngineUnderTest) -> None:
    """CVE-2019-5736: a container that has got hold of the file waits for the process to end, and writes then."""
    supervisor = supervisor_pid(own_engine)
    held = os.open(f"/proc/{supervisor}/exe", os.O_RDONLY)
    try:
        os.kill(supervisor, signal.SIGKILL)
        own_engine.ok("run", "--rm", "busybox", "true")  # another one is there by now
        with pytest.raises(OSError, match=r"Read-only file system|Text file busy"):
            os.open(f"/proc/self/fd/{held}", os.O_WRONLY)
        assert os.fstatvfs(held).f_flag & os.ST_RDONLY
    finally:
        os.close(held)


def test_kill_of_the_daemon(own_engine: EngineUnderTest) -> None:
    own_engine.ok("run", "-d", "--name", "box", "busybox", "sh", "-c", COUNTER)
    own_engine.kill()
    own_engine.launch()
    works(own_engine, "box")


def test_kill_of_the_supervisor(own_engine: EngineUnderTest) -> None:
    own_engine.ok("run", "-d", "--name", "box", "busybox", "sh", "-c", COUNTER)
    os.kill(supervisor_pid(own_engine), signal.SIGKILL)
    counts_on(own_engine, "box")
    assert own_engine.ok("run", "--rm", "busybox", "echo", "new") == "new"
    works(own_engine, "box")


def test_kill_of_both(own_engine: EngineUnderTest) -> None:
    own_engine.ok("run", "-d", "--name", "box", "busybox", "sh", "-c", COUNTER)
    pid = supervisor_pid(own_engine)
    own_engine.kill()
    os.kill(pid, signal.SIGKILL)
    own_engine.launch()
    works(own_engine, "box")


def test_kill_of_the_shim(own_engine: EngineUnderTest) -> None:
    identity = own_engine.ok("run", "-d", "--name", "box", "busybox", "sleep", "1000")
    init = int(own_engine.ok("inspect", "-f", "{{.State.Pid}}", "box"))
    shim = int((own_engine.dir / "exec" / "tasks" / identity / "shim.pid").read_text())
    waiter = own_engine.docker
    os.kill(shim, signal.SIGKILL)
    assert waiter("wait", "box").stdout.strip() == b"137"
    assert own_engine.ok("inspect", "-f", "{{.State.Status}}", "box") == "exited"
    until(lambda: not Path(f"/proc/{init}").exists())
    until(lambda: not list(Path("/sys/fs/cgroup").rglob(f"*{identity}*")))
    own_engine.ok("start", "box")
    own_engine.ok("rm", "-f", "box")


def test_a_container_that_ended_while_no_daemon_ran_has_its_code(own_engine: EngineUnderTest) -> None:
    own_engine.ok(
        "run", "-d", "--name", "box", "busybox", "sh", "-c", "while [ ! -e /go ]; do sleep 0.02; done; exit 5"
    )
    init = int(own_engine.ok("inspect", "-f", "{{.State.Pid}}", "box"))
    own_engine.kill()
    Path(f"/proc/{init}/root/go").touch()
    until(lambda: not Path(f"/proc/{init}").exists())
    own_engine.launch()
    assert own_engine.ok("inspect", "-f", "{{.State.Status}} {{.State.ExitCode}}", "box") == "exited 5"


def test_restart_policies_hold_over_a_kill_of_the_daemon(own_engine: EngineUnderTest) -> None:
    own_engine.ok("run", "-d", "--name", "always", "--restart", "always", "busybox", "sleep", "1000")
    own_engine.ok("run", "-d", "--name", "stopped", "--restart", "unless-stopped", "busybox", "sleep", "1000")
    own_engine.ok("stop", "-t", "0", "stopped")
    own_engine.kill()
    own_engine.launch()
    assert own_engine.ok("ps", "--format", "{{.Names}}") == "always"
