"""Options of run, looked at from inside the container: what reaches the kernel."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest
from conftest import EngineUnderTest, until

DEFAULT_CAPABILITIES = "00000000a80425fb"

SEEN_INSIDE = [
    (["-e", "A=1", "-e", "B=two words"], "echo $A-$B", "1-two words"),
    (["-w", "/tmp/made"], "pwd", "/tmp/made"),
    (["-h", "box"], "hostname", "box"),
    (["--domainname", "example.test"], "cat /proc/sys/kernel/domainname", "example.test"),
    (["-u", "1000:2000"], "echo $(id -u):$(id -g)", "1000:2000"),
    (["-u", "nobody"], "id -u", "65534"),
    (["--group-add", "77"], "id -G", "0 77"),
    (["--ulimit", "nofile=77:99"], "ulimit -n; ulimit -Hn", "77\n99"),
    (["--oom-score-adj", "321"], "cat /proc/self/oom_score_adj", "321"),
    (["--sysctl", "net.ipv4.ip_forward=1"], "cat /proc/sys/net/ipv4/ip_forward", "1"),
    (["--shm-size", "32m"], "df -k /dev/shm | tail -1 | awk '{print $2}'", "32768"),
    (["--tmpfs", "/scratch:size=1m"], "df -k /scratch | tail -1 | awk '{print $2}'", "1024"),
    (["--mount", "type=tmpfs,dst=/s2,tmpfs-mode=700"], "stat -c %a /s2", "700"),
    (["--network", "none"], "ls /sys/class/net", "lo"),
    (["--cap-drop", "ALL"], "awk '/CapEff/{print $2}' /proc/self/status", "0000000000000000"),
    (["--cap-drop", "ALL", "--cap-add", "CHOWN"], "awk '/CapEff/{print $2}' /proc/self/status", "0000000000000001"),
    ([], "awk '/CapEff/{print $2}' /proc/self/status", DEFAULT_CAPABILITIES),
    ([], "awk '/CapBnd/{print $2}' /proc/self/status", DEFAULT_CAPABILITIES),
    ([], "awk '/Seccomp:/{print $2}' /proc/self/status", "2"),
    (["--security-opt", "seccomp=unconfined"], "awk '/Seccomp:/{print $2}' /proc/self/status", "0"),
    ([], "awk '/NoNewPrivs/{print $2}' /proc/self/status", "0"),
    (["--security-opt", "no-new-privileges"], "awk '/NoNewPrivs/{print $2}' /proc/self/status", "1"),
    ([], "echo $$", "1"),
    (["--init"], "test $$ != 1 && echo below init", "below init"),
    ([], "unshare -m true 2>/dev/null || echo refused", "refused"),
    ([], "echo x > /proc/sys/kernel/domainname 2>/dev/null || echo read-only", "read-only"),
    ([], "wc -c < /proc/interrupts", "0"),
    (
        [],
        "ls /dev | grep -v core | tr '\\n' ' '",
        "fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero",
    ),
    (["--device", "/dev/fuse:/dev/f"], "test -c /dev/f && echo there", "there"),
    (["--read-only"], "touch /x 2>/dev/null || echo refused", "refused"),
    (["--privileged"], "awk '/Seccomp:/{print $2}' /proc/self/status", "0"),
]


@pytest.mark.parametrize(("options", "script", "expected"), SEEN_INSIDE, ids=lambda v: str(v)[:50])
def test_seen_from_inside(engine: EngineUnderTest, options: list[str], script: str, expected: str) -> None:
    assert engine.ok("run", "--rm", *options, "busybox", "sh", "-c", script) == expected


def test_bind_mounts(engine: EngineUnderTest, tmp_path: Path) -> None:
    (tmp_path / "in").write_text("from the host")
    assert engine.ok("run", "--rm", "-v", f"{tmp_path}:/m", "busybox", "sh", "-c", "cat /m/in; echo out > /m/out") == (
        "from the host"
    )
    assert (tmp_path / "out").read_text() == "out\n"
    refused = engine.docker("run", "--rm", "-v", f"{tmp_path}:/m:ro", "busybox", "touch", "/m/x")
    assert refused.returncode == 1
    assert b"Read-only file system" in refused.stderr


def test_a_missing_bind_source_is_an_error_for_mount_and_made_for_v(engine: EngineUnderTest, tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    done = engine.docker("run", "--rm", "--mount", f"type=bind,src={missing},dst=/m", "busybox", "true")
    assert done.returncode == 125
    assert b"bind source path does not exist" in done.stderr
    engine.ok("run", "--rm", "-v", f"{missing}:/m", "busybox", "true")
    assert missing.is_dir()


def test_named_volumes_keep_data(engine: EngineUnderTest) -> None:
    engine.ok("volume", "create", "kept")
    engine.ok("run", "--rm", "-v", "kept:/data", "busybox", "sh", "-c", "echo 1 > /data/f")
    assert engine.ok("run", "--rm", "-v", "kept:/data", "busybox", "cat", "/data/f") == "1"
    engine.ok("volume", "rm", "kept")
    assert "kept" not in engine.ok("volume", "ls", "-q")


def test_image_content_is_copied_into_a_new_volume(engine: EngineUnderTest) -> None:
    assert "passwd" in engine.ok("run", "--rm", "-v", "/etc", "busybox", "ls", "/etc")
    assert engine.ok("volume", "ls", "-q") == ""


def test_limits_are_in_the_cgroup(engine: EngineUnderTest) -> None:
    identity = engine.ok(
        "run",
        "-d",
        "--memory",
        "64m",
        "--cpus",
        "0.5",
        "--pids-limit",
        "50",
        "--cpu-shares",
        "512",
        "busybox",
        "sleep",
        "1000",
    )
    found = {}
    for entry in Path("/sys/fs/cgroup").rglob(f"*{identity}*"):
        for name in ("memory.limit_in_bytes", "memory.max", "cpu.cfs_quota_us", "cpu.max", "pids.max", "cpu.shares"):
            if (entry / name).exists():
                found[name] = (entry / name).read_text().split()[0]
    assert found.get("memory.limit_in_bytes", found.get("memory.max")) == str(64 << 20)
    assert found.get("cpu.cfs_quota_us", found.get("cpu.max")) == "50000"
    assert found["pids.max"] == "50"


def test_out_of_memory_is_reported(engine: EngineUnderTest) -> None:
    engine.docker("run", "--name", "hungry", "--memory", "16m", "busybox", "sh", "-c", "tail /dev/zero")
    state = engine.api()("GET", "/containers/hungry/json")["State"]
    assert (state["ExitCode"], state["OOMKilled"]) == (137, True)


def test_namespaces_can_be_shared(engine: EngineUnderTest) -> None:
    engine.ok("run", "-d", "--name", "first", "--ipc", "shareable", "busybox", "sleep", "1000")
    for mode, file in (("--pid", "pid"), ("--network", "net"), ("--ipc", "ipc")):
        mine = engine.ok("run", "--rm", mode, "container:first", "busybox", "readlink", f"/proc/self/ns/{file}")
        assert mine == engine.ok("exec", "first", "readlink", f"/proc/self/ns/{file}")
    for mode, file in (("--pid", "pid"), ("--network", "net"), ("--ipc", "ipc"), ("--uts", "uts")):
        seen = engine.ok("run", "--rm", mode, "host", "busybox", "readlink", f"/proc/self/ns/{file}")
        assert seen == os.readlink(f"/proc/self/ns/{file}")


def test_containers_reach_each_other_and_the_host_reaches_them(engine: EngineUnderTest) -> None:
    engine.ok(
        "run",
        "-d",
        "--name",
        "server",
        "busybox",
        "sh",
        "-c",
        "mkdir /www; echo page > /www/index.html; httpd -f -h /www",
    )
    address = engine.ok("inspect", "-f", "{{.NetworkSettings.IPAddress}}", "server")
    fetch = f"for i in 1 2 3 4 5 6 7 8 9; do wget -qO- http://{address}/ && exit; sleep 0.1; done; exit 1"
    assert engine.ok("run", "--rm", "busybox", "sh", "-c", fetch) == "page"
    done = engine.run(["busybox", "wget", "-qO-", f"http://{address}/"])
    assert done.stdout == b"page\n"


def test_the_network_files_are_dockers(engine: EngineUnderTest) -> None:
    text = engine.ok("run", "--rm", "-h", "box", "--add-host", "friend:10.1.2.3", "busybox", "cat", "/etc/hosts")
    rows = [line.split() for line in text.splitlines()]
    assert ["127.0.0.1", "localhost"] in rows
    assert ["10.1.2.3", "friend"] in rows
    assert any(row[1:] == ["box"] for row in rows)
    assert "nameserver" in engine.ok("run", "--rm", "--dns", "10.9.9.9", "busybox", "cat", "/etc/resolv.conf")


def test_auto_remove_takes_anonymous_volumes_along(engine: EngineUnderTest) -> None:
    engine.ok("run", "--rm", "-v", "/scratch", "busybox", "touch", "/scratch/x")
    assert engine.ok("volume", "ls", "-q") == ""
    assert engine.ok("ps", "-aq") == ""


def test_env_file_and_labels(client: Any, tmp_path: Path) -> None:
    (tmp_path / "env").write_text("# comment\nONE=1\nTWO=a b\n")
    done = client("run", "--rm", "--env-file", str(tmp_path / "env"), "busybox", "sh", "-c", "echo $ONE $TWO")
    assert done.stdout == b"1 a b\n"
    assert client("create", "--name", "labelled", "-l", "a=b", "busybox", "true").returncode == 0
    assert client("ps", "-aq", "--filter", "label=a=b").stdout.strip()
    assert not client("ps", "-aq", "--filter", "label=a=c").stdout.strip()


def test_volume_options_are_mounted_and_a_subpath_is_a_part(engine: EngineUnderTest, tmp_path: Path) -> None:
    engine.ok("volume", "create", "-o", "type=tmpfs", "-o", "device=tmpfs", "-o", "o=size=3m", "small")
    shown = engine.ok("run", "--rm", "-v", "small:/small", "busybox", "df", "-k", "/small")
    assert "tmpfs" in shown and "3072" in shown
    (tmp_path / "part").mkdir()
    (tmp_path / "part" / "file").write_text("inside")
    engine.ok("volume", "create", "-o", "type=none", "-o", f"device={tmp_path}", "-o", "o=bind", "bound")
    assert engine.ok("run", "--rm", "-v", "bound:/all", "busybox", "cat", "/all/part/file") == "inside"
    part = "type=volume,src=bound,dst=/part,volume-subpath=part"
    assert engine.ok("run", "--rm", "--mount", part, "busybox", "ls", "/part") == "file"
    away = engine.docker("run", "--rm", "--mount", part.replace("subpath=part", "subpath=../x"), "busybox", "true")
    assert away.returncode == 125
    seen = engine.ok(
        "events", "--since", "1h", "--until", str(int(time.time()) + 1), "-f", "volume=bound", "--format", "{{.Action}}"
    )
    assert seen.split()[:3] == ["create", "mount", "unmount"]
    engine.ok("volume", "rm", "small", "bound")


@pytest.mark.parametrize(
    "flags", [[], ["--cap-add", "SYS_PTRACE"], ["--security-opt", "seccomp=unconfined"], ["-u", "1000:7"]]
)
def test_an_exec_has_what_its_container_has(engine: EngineUnderTest, flags: list[str]) -> None:
    facts = "^(Cap|Seccomp|NoNewPrivs|Uid|Gid|Groups|SigIgn|SigBlk)"
    script = f"grep -E '{facts}' /proc/self/status; umask; pwd; env | sort; ls /proc/self/fd; echo all"
    container = engine.ok("run", "-d", *flags, "busybox", "sh", "-c", f"{script}; sleep 1000")
    until(lambda: engine.ok("logs", container).endswith("all"))
    said = engine.ok("logs", container)
    assert engine.ok("exec", container, "sh", "-c", script) == said
