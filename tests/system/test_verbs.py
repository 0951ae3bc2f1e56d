"""Every verb, by the stock docker CLI and by barque."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from typing import Any

import pytest
from conftest import EngineUnderTest

CODES = [
    (["busybox", "true"], 0),
    (["busybox", "sh", "-c", "exit 3"], 3),
    (["busybox", "sh", "-c", "kill -9 $$"], 137),
    (["busybox", "sh", "-c", "kill -TERM $$; sleep 5"], 143),
    (["--no-such-flag", "busybox"], 125),
    (["--memory", "nonsense", "busybox", "true"], 125),
    (["busybox", "/etc"], 126),
    (["busybox", "no-such-program"], 127),
    (["-w", "/tmp", "busybox", "./nothing"], 127),
]


def out(done: subprocess.CompletedProcess[bytes]) -> str:
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode().strip()


def test_run_echo(client: Any) -> None:
    assert out(client("run", "--rm", "busybox", "echo", "hi")) == "hi"


@pytest.mark.parametrize(("argv", "code"), CODES, ids=lambda v: str(v)[:40])
def test_exit_codes(client: Any, argv: list[str], code: int) -> None:
    # a pid namespace's init ignores signals it does not handle: --init puts a reaper there
    assert client("run", "--rm", "--init", *argv).returncode == code


def test_twenty_megabytes_come_back_identical(client: Any) -> None:
    data = os.urandom(20 << 20)
    done = client("run", "--rm", "-i", "busybox", "cat", input=data)
    assert done.returncode == 0
    assert done.stdout == data


def test_stdout_and_stderr_stay_apart(client: Any) -> None:
    done = client("run", "--rm", "busybox", "sh", "-c", "echo one; echo two >&2")
    assert (done.stdout, done.stderr) == (b"one\n", b"two\n")


def test_life_of_a_detached_container(client: Any, engine: EngineUnderTest) -> None:
    name = "life"
    script = "trap 'echo bye; exit 7' TERM; echo up; while :; do sleep 0.05; done"
    identity = out(client("run", "-d", "--name", name, "busybox", "sh", "-c", script))
    assert len(identity) == 64
    assert out(client("ps", "-q", "--no-trunc")) == identity
    assert out(client("exec", name, "echo", "inside")) == "inside"
    assert client("exec", name, "sh", "-c", "exit 9").returncode == 9
    assert "sleep" in out(client("top", name)) or "sh" in out(client("top", name))
    out(client("rename", name, "renamed"))
    assert client("stop", "-t", "5", "renamed").returncode == 0
    assert out(client("inspect", "-f", "{{.State.Status}} {{.State.ExitCode}}", "renamed")) == "exited 7"
    assert out(client("logs", "renamed")) == "up\nbye"
    assert client("start", "renamed").returncode == 0
    assert client("restart", "-t", "5", "renamed").returncode == 0
    assert client("kill", "-s", "KILL", "renamed").returncode == 0
    assert out(client("wait", "renamed")) == "137"
    assert client("rm", "renamed").returncode == 0
    assert client("inspect", "renamed").returncode == 1
    assert engine.api()("GET", "/containers/json?all=1") == []


def test_data_stays_over_stop_and_start_and_goes_with_rm(client: Any) -> None:
    out(client("run", "-d", "--name", "data", "busybox", "sh", "-c", "sleep 1000"))
    out(client("exec", "data", "sh", "-c", "echo kept > /root/f"))
    out(client("stop", "-t", "0", "data"))
    out(client("start", "data"))
    assert out(client("exec", "data", "cat", "/root/f")) == "kept"
    out(client("rm", "-f", "data"))
    assert client("run", "--rm", "--name", "data", "busybox", "cat", "/root/f").returncode == 1


def test_logs_follow_until_the_end(client: Any) -> None:
    out(client("run", "-d", "--name", "counter", "busybox", "sh", "-c", "for i in 1 2 3; do echo $i; sleep 0.2; done"))
    assert out(client("logs", "-f", "counter")) == "1\n2\n3"
    assert out(client("logs", "--tail", "1", "counter")) == "3"
    assert "T" in out(client("logs", "-t", "--tail", "1", "counter")).split()[0]


def test_names_are_unique_and_errors_are_dockers(client: Any) -> None:
    out(client("create", "--name", "taken", "busybox", "true"))
    again = client("create", "--name", "taken", "busybox", "true")
    assert again.returncode == 1 or again.returncode == 125
    assert b'The container name "/taken" is already in use by container' in again.stderr
    missing = client("start", "nobody")
    assert missing.returncode == 1
    assert b"No such container: nobody" in missing.stderr
    unknown = client("run", "--rm", "--pull", "never", "no-such-image", "true")
    assert unknown.returncode == 125
    assert b"No such image: no-such-image:latest" in unknown.stderr


def test_removing_a_running_container_needs_force(client: Any) -> None:
    out(client("run", "-d", "--name", "busy", "busybox", "sleep", "1000"))
    done = client("rm", "busy")
    assert done.returncode == 1
    assert b"cannot remove container" in done.stderr
    assert client("rm", "-f", "busy").returncode == 0


def test_events_tell_the_story_in_order(engine: EngineUnderTest) -> None:
    begin = engine.api()("GET", "/info")["SystemTime"]
    engine.ok("run", "--rm", "--name", "story", "busybox", "true")
    end = engine.api()("GET", "/info")["SystemTime"]
    lines = engine.ok("events", "--since", begin, "--until", end, "--format", "{{json .}}").splitlines()
    actions = [json.loads(line)["Action"] for line in lines if json.loads(line)["Type"] == "container"]
    assert [a for a in actions if a in ("create", "attach", "start", "die", "destroy")] == [
        "create",
        "attach",
        "start",
        "die",
        "destroy",
    ]


def test_pause_and_unpause(client: Any) -> None:
    out(client("run", "-d", "--name", "ice", "busybox", "sleep", "1000"))
    out(client("pause", "ice"))
    assert out(client("inspect", "-f", "{{.State.Status}}", "ice")) == "paused"
    assert client("exec", "ice", "true").returncode != 0
    out(client("unpause", "ice"))
    assert client("exec", "ice", "true").returncode == 0


def test_fifty_at_once(engine: EngineUnderTest) -> None:
    codes: list[int] = []
    threads = [
        threading.Thread(target=lambda: codes.append(engine.docker("run", "--rm", "busybox", "true").returncode))
        for _ in range(50)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes == [0] * 50
    assert engine.api()("GET", "/containers/json?all=1") == []
