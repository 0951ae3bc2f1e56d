"""create, start, state, kill, delete, run, exec, list, ps, spec, features: words, exit codes, errors."""

from __future__ import annotations

import json
import os
import signal

from conftest import Bundle


def test_life(box: Bundle) -> None:
    box.create(script="sleep 1000", flags=("--pid-file", str(box.dir / "pid")))
    state = box.state()
    assert state["status"] == "created"
    assert state["id"] == box.id
    assert state["bundle"] == str(box.dir)
    assert int((box.dir / "pid").read_text()) == state["pid"]
    assert box("start", box.id).returncode == 0
    assert box.state()["status"] == "running"
    assert box("start", box.id).returncode != 0
    refused = box("delete", box.id)
    assert refused.returncode != 0
    assert "stopped" in refused.stderr
    assert box("kill", box.id, "KILL").returncode == 0
    box.ended(state["pid"])
    assert box.state()["status"] == "stopped"
    assert box("delete", box.id).returncode == 0
    gone = box("state", box.id)
    assert gone.returncode == 1
    assert ("No such file" if box.name == "crun" else "does not exist") in gone.stderr


def test_run_gives_the_exit_code(box: Bundle) -> None:
    assert box.run("exit 7").returncode == 7
    assert box("state", box.id).returncode == 1
    assert box.run("kill -TERM $$; sleep 5").returncode in (143, 0)


def test_duplicate(box: Bundle) -> None:
    box.running()
    again = box("create", "--bundle", str(box.dir), box.id)
    assert again.returncode == 1
    assert "exist" in again.stderr


def test_delete_of_a_created_one(box: Bundle) -> None:
    box.create()
    pid = box.state()["pid"]
    assert box("delete", "--force", box.id).returncode == 0
    box.ended(pid)
    assert box("state", box.id).returncode == 1


def test_delete_force_of_nothing(box: Bundle) -> None:
    assert box("delete", "--force", "nothing").returncode == 0
    assert box("delete", "nothing").returncode == 1


def test_kill(box: Bundle) -> None:
    pid = box.running("trap 'exit 3' USR1; echo ready > /work/ready; while :; do sleep 0.05; done")
    assert box("kill", box.id, "0").returncode == 0
    unknown = box("kill", box.id, "NONSENSE")
    assert unknown.returncode == 1 or box.name == "crun"  # crun 1.8 takes it for signal 0
    assert box("kill", box.id, "SIGKILL").returncode == 0
    box.ended(pid)
    late = box("kill", box.id, "KILL")
    assert late.returncode == 1


def test_kill_all(box: Bundle) -> None:
    box.without("pid")
    pid = box.running("sleep 1000 & echo $! > /work/child; sleep 1000")
    assert box("kill", "--all", box.id, "KILL").returncode == 0
    box.ended(pid)


def test_program_that_is_not_there(box: Bundle) -> None:
    done = box.run(["/no/such"])
    assert done.returncode == 1 if box.name != "crun" else done.returncode != 0
    assert "no such file or directory" in done.stderr.lower()
    assert box("state", box.id).returncode == 1
    done = box.run(["nosuch"])
    assert done.returncode != 0
    assert "not found in $path" in done.stderr.lower()


def test_exec(box: Bundle) -> None:
    box.running()
    assert box("exec", box.id, "echo", "there").stdout == "there\n"
    assert box("exec", box.id, "sh", "-c", "exit 5").returncode == 5
    assert box("exec", "--cwd", "/work", box.id, "pwd").stdout == "/work\n"
    assert box("exec", "--env", "A=b c", box.id, "/bin/sh", "-c", "echo $A").stdout == "b c\n"
    assert box("exec", "--user", "1000:5", box.id, "sh", "-c", "id -u; id -g").stdout == "1000\n5\n"
    missing = box("exec", box.id, "nosuch")
    assert missing.returncode in (1, 255, 127)
    assert "not found" in missing.stderr


def test_exec_of_a_process_file(box: Bundle) -> None:
    pid = box.running()
    file = box.dir / "process.json"
    file.write_text(json.dumps({**box.process, "args": ["sh", "-c", "exec sleep 1000"], "cwd": "/tmp"}))
    pid_file = box.dir / "exec.pid"
    done = box("exec", "--process", str(file), "--detach", "--pid-file", str(pid_file), box.id)
    assert done.returncode == 0, done.stderr
    other = int(pid_file.read_text())
    assert os.readlink(f"/proc/{other}/ns/pid") == os.readlink(f"/proc/{pid}/ns/pid")
    assert os.readlink(f"/proc/{other}/cwd").endswith("/tmp")
    os.kill(other, signal.SIGKILL)


def test_exec_in_a_stopped_one(box: Bundle) -> None:
    pid = box.running()
    assert box("kill", box.id, "KILL").returncode == 0
    box.ended(pid)
    done = box("exec", box.id, "true")
    assert done.returncode != 0
    assert done.stderr


def test_list(box: Bundle) -> None:
    pid = box.running()
    rows = json.loads(box("list", "--format", "json").stdout)
    assert [(row["id"], row["pid"], row["status"]) for row in rows] == [(box.id, pid, "running")]
    assert box("list", "-q").stdout.split() == [box.id]
    table = box("list").stdout.splitlines()
    assert table[0].split()[:4] in (["ID", "PID", "STATUS", "BUNDLE"], ["NAME", "PID", "STATUS", "BUNDLE"])
    assert table[1].split()[:3] == [box.id, str(pid), "running"]


def test_ps(box: Bundle) -> None:
    pid = box.running()
    assert json.loads(box("ps", "--format", "json", box.id).stdout) == [pid]
    table = box("ps", box.id).stdout
    assert "PID" in table.splitlines()[0]
    assert str(pid) in table


def test_pause_and_resume(box: Bundle) -> None:
    box.running()
    assert box("pause", box.id).returncode == 0
    assert box.state()["status"] == "paused"
    assert box("resume", box.id).returncode == 0
    assert box.state()["status"] == "running"


def test_spec(box: Bundle) -> None:
    assert box("spec").returncode == 0
    spec = json.loads((box.dir / "config.json").read_text())
    assert spec["process"]["args"] == ["sh"]
    assert spec["process"]["terminal"] is True
    assert spec["root"]["path"] == "rootfs"
    again = box("spec")
    assert again.returncode != 0
    assert "exists" in again.stderr.lower()


def test_bad_specification(box: Bundle) -> None:
    none = box("create", "--bundle", str(box.dir), box.id)
    assert none.returncode != 0
    assert "config.json" in none.stderr
    (box.dir / "config.json").write_text("{")
    assert box("create", "--bundle", str(box.dir), box.id).returncode != 0
    assert box("state", box.id).returncode != 0


def test_state_of_a_bad_name(box: Bundle) -> None:
    box.write()
    assert box("create", "--bundle", str(box.dir), "../up").returncode != 0


def test_log_in_json(box: Bundle) -> None:
    log = box.dir / "log"
    done = box("--log", str(log), "--log-format", "json", "state", "nothing")
    assert done.returncode == 1
    rows = [json.loads(line) for line in log.read_text().splitlines()]
    assert rows[-1]["level"] == "error"
    assert ("No such file" if box.name == "crun" else "does not exist") in rows[-1]["msg"]


def test_hooks(box: Bundle) -> None:
    """All six kinds, in order, each with the state on stdin."""
    log = box.dir / "hooks"

    def hook(kind: str) -> list[dict[str, object]]:
        inside = kind == "startContainer"
        where = "/work/hooks" if inside else str(log)
        return [{"path": "/bin/sh", "args": ["sh", "-c", f"cat > {where}.{kind}; echo {kind} >> {where}"]}]

    kinds = ("prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop")
    box.spec["hooks"] = {kind: hook(kind) for kind in kinds}
    box.spec["hooks"]["startContainer"][0]["env"] = ["PATH=/bin"]
    pid = box.running()
    assert box("kill", box.id, "KILL").returncode == 0
    box.ended(pid)
    assert box("delete", box.id).returncode == 0
    assert log.read_text().split() == ["prestart", "createRuntime", "createContainer", "poststart", "poststop"]
    assert (box.rootfs / "work/hooks").read_text() == "startContainer\n"
    for kind in kinds:
        path = box.rootfs / f"work/hooks.{kind}" if kind == "startContainer" else box.dir / f"hooks.{kind}"
        assert json.loads(path.read_text())["id"] == box.id


def test_a_hook_that_fails(box: Bundle) -> None:
    box.spec["hooks"] = {"createRuntime": [{"path": "/bin/false", "args": ["false"]}]}
    done = box.run("true")
    assert done.returncode != 0
    assert "hook" in done.stderr
    assert box("state", box.id).returncode != 0
