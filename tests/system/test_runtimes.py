"""Containers that another OCI runtime program runs: ``--add-runtime``, ``--default-runtime``, ``run --runtime``."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import EngineUnderTest, until


@pytest.fixture(scope="module")
def programs() -> dict[str, str]:
    found = shutil.which("runc")
    return {"other": found} if found else {}


@pytest.fixture(scope="module")
def engines(programs: dict[str, str]) -> Iterator[EngineUnderTest]:
    made = EngineUnderTest(*(word for name, path in programs.items() for word in ("--add-runtime", f"{name}={path}")))
    try:
        made.start()
        yield made
    finally:
        made.stop()


@pytest.fixture(params=["other"])
def runtime(request: pytest.FixtureRequest, programs: dict[str, str]) -> str:
    if request.param not in programs:
        pytest.skip(f"{request.param} could not be had")
    name: str = request.param
    return name


def test_info_lists_them(engines: EngineUnderTest, programs: dict[str, str]) -> None:
    info = json.loads(engines.ok("info", "--format", "{{json .}}"))
    assert {name: entry["path"] for name, entry in info["Runtimes"].items() if name != "runc"} == programs
    assert info["DefaultRuntime"] == "runc"


def test_one_that_nobody_knows(engines: EngineUnderTest) -> None:
    done = engines.docker("run", "--runtime", "nosuch", "busybox", "true")
    assert done.returncode == 125
    assert "unknown or invalid runtime name: nosuch" in done.stderr.decode()


def test_output_and_exit_code(engines: EngineUnderTest, runtime: str) -> None:
    done = engines.docker("run", "--rm", "--runtime", runtime, "busybox", "sh", "-c", "echo out; echo err >&2; exit 7")
    assert (done.returncode, done.stdout, done.stderr) == (7, b"out\n", b"err\n")
    data = os.urandom(1 << 20)
    assert engines.docker("run", "--rm", "-i", "--runtime", runtime, "busybox", "cat", input=data).stdout == data
    user = engines.ok("run", "--rm", "--runtime", runtime, "-u", "nobody", "-m", "64m", "busybox", "id", "-u")
    assert user == "65534"


def test_exec_stop_start_and_remove(engines: EngineUnderTest, runtime: str) -> None:
    name = engines.ok(
        "run", "-d", "--runtime", runtime, "busybox", "sh", "-c", "trap 'exit 5' TERM; while :; do sleep 0.1; done"
    )
    assert engines.ok("inspect", "-f", "{{.HostConfig.Runtime}}", name) == runtime
    pid = int(engines.ok("inspect", "-f", "{{.State.Pid}}", name))
    parent = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    assert (engines.dir / "exec/tasks" / name / "shim.pid").read_text() == str(parent)
    done = engines.docker("exec", "-i", "-e", "A=b", name, "sh", "-c", "cat; echo $A; exit 4", input=b"in\n")
    assert (done.returncode, done.stdout) == (4, b"in\nb\n")
    missing = engines.docker("exec", name, "nosuch")
    assert missing.returncode in (126, 127)
    engines.ok("stop", name)
    assert engines.ok("inspect", "-f", "{{.State.ExitCode}}", name) in ("5", "137")
    engines.ok("start", name)
    engines.ok("kill", name)
    assert engines.ok("wait", name) == "137"
    engines.ok("rm", name)
    groups = [path for pattern in ("*/barque", "barque") for path in Path("/sys/fs/cgroup").glob(f"{pattern}/{name}")]
    assert groups == []


def test_a_terminal(engines: EngineUnderTest, runtime: str) -> None:
    name = engines.ok("create", "-t", "--runtime", runtime, "busybox", "sh", "-c", "tty")
    engines.ok("start", name)
    assert engines.ok("wait", name) == "0"
    assert engines.ok("logs", name) in ("/dev/pts/0", "/dev/console")


def test_a_program_that_is_not_there(engines: EngineUnderTest, runtime: str) -> None:
    done = engines.docker("run", "--runtime", runtime, "busybox", "/no/such")
    assert done.returncode in (126, 127)
    assert b"no such file or directory" in done.stderr.lower()


def test_kill_of_the_shim(engines: EngineUnderTest, runtime: str) -> None:
    name = engines.ok("run", "-d", "--runtime", runtime, "busybox", "sleep", "1000")
    pid = int(engines.ok("inspect", "-f", "{{.State.Pid}}", name))
    os.kill(int((engines.dir / "exec/tasks" / name / "shim.pid").read_text()), 9)
    until(lambda: engines.ok("inspect", "-f", "{{.State.ExitCode}}", name) == "137")
    until(lambda: not Path(f"/proc/{pid}").exists())
