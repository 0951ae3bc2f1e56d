"""Create bodies by tables; the same lines are compared with the stock client's bodies in the conformance tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from barque.cli.body.create import build
from barque.cli.body.flags import CREATE
from barque.cli.failure import Failure
from barque.cli.flags import parse


def body(*words: str) -> dict[str, Any]:
    options, arguments = parse(CREATE, [*words, "img"], interspersed=False)
    return build(options, arguments[0], arguments[1:], {"HOME": "/home/me"})


def test_the_least() -> None:
    assert body() == {
        "AttachStdin": False,
        "AttachStdout": True,
        "AttachStderr": True,
        "Tty": False,
        "OpenStdin": False,
        "StdinOnce": False,
        "Cmd": None,
        "Image": "img",
        "HostConfig": {
            "LogConfig": {"Type": "", "Config": {}},
            "NetworkMode": "default",
            "RestartPolicy": {"Name": "no", "MaximumRetryCount": 0},
            "MemorySwappiness": -1,
        },
        "NetworkingConfig": {"EndpointsConfig": {}},
    }


@pytest.mark.parametrize(
    ("words", "member", "value"),
    [
        (["-e", "A=1", "-e", "HOME", "-e", "UNSET"], "Env", ["A=1", "HOME=/home/me", "UNSET"]),
        (["-l", "a=b", "-l", "c"], "Labels", {"a": "b", "c": ""}),
        (["--entrypoint", ""], "Entrypoint", [""]),
        (["--stop-timeout", "0"], "StopTimeout", 0),
        (["-v", "/c"], "Volumes", {"/c": {}}),
        (["--no-healthcheck"], "Healthcheck", {"Test": ["NONE"]}),
        (
            ["--health-cmd", "x y", "--health-interval", "3s"],
            "Healthcheck",
            {"Test": ["CMD-SHELL", "x y"], "Interval": 3 * 10**9},
        ),
        (["--expose", "30-31/udp", "-p", "80"], "ExposedPorts", {"80/tcp": {}, "30/udp": {}, "31/udp": {}}),
    ],
)
def test_config(words: list[str], member: str, value: object) -> None:
    assert body(*words)[member] == value


@pytest.mark.parametrize(
    ("words", "member", "value"),
    [
        (["-v", "/a:/b:ro", "-v", "vol:/d"], "Binds", ["/a:/b:ro", "vol:/d"]),
        (["-p", "80:81"], "PortBindings", {"81/tcp": [{"HostIp": "", "HostPort": "80"}]}),
        (["-p", "[::1]:80:81/udp"], "PortBindings", {"81/udp": [{"HostIp": "::1", "HostPort": "80"}]}),
        (
            ["-p", "127.0.0.1:8080-8081:90-91"],
            "PortBindings",
            {
                "90/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8080"}],
                "91/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8081"}],
            },
        ),
        (["-p", "8000-8010:80"], "PortBindings", {"80/tcp": [{"HostIp": "", "HostPort": "8000-8010"}]}),
        (["--restart", "on-failure:3"], "RestartPolicy", {"Name": "on-failure", "MaximumRetryCount": 3}),
        (["--tmpfs", "/a:size=1m"], "Tmpfs", {"/a": "size=1m"}),
        (
            ["--mount", "type=bind,src=/,dst=/r,ro"],
            "Mounts",
            [{"Type": "bind", "Source": "/", "Target": "/r", "ReadOnly": True}],
        ),
        (
            ["--mount", "type=tmpfs,dst=/t,tmpfs-size=1m,tmpfs-mode=1770"],
            "Mounts",
            [{"Type": "tmpfs", "Target": "/t", "TmpfsOptions": {"SizeBytes": 1048576, "Mode": 0o1770}}],
        ),
        (
            ["--ulimit", "nofile=10:20", "--ulimit", "core=-1"],
            "Ulimits",
            [{"Name": "core", "Hard": -1, "Soft": -1}, {"Name": "nofile", "Hard": 20, "Soft": 10}],
        ),
        (["--device", "/a:/b:r"], "Devices", [{"PathOnHost": "/a", "PathInContainer": "/b", "CgroupPermissions": "r"}]),
        (["--device", "/a:rw"], "Devices", [{"PathOnHost": "/a", "PathInContainer": "/a", "CgroupPermissions": "rw"}]),
        (["--cap-add", "net_admin", "--cap-add", "CAP_SYS_TIME"], "CapAdd", ["CAP_NET_ADMIN", "CAP_SYS_TIME"]),
        (["--security-opt", "systempaths=unconfined"], "MaskedPaths", []),
        (["--add-host", "a=1.2.3.4", "--add-host", "b:host-gateway"], "ExtraHosts", ["a:1.2.3.4", "b:host-gateway"]),
        (["--cpus", ".5"], "NanoCpus", 500000000),
        (["-m", "64m"], "Memory", 67108864),
        (["--init=false"], "Init", False),
    ],
)
def test_host_config(words: list[str], member: str, value: object) -> None:
    assert body(*words)["HostConfig"][member] == value


def test_networks() -> None:
    made = body("--network", "name=foo,alias=x,ip=1.2.3.4", "--network", "bar")
    assert made["HostConfig"]["NetworkMode"] == "foo"
    assert made["NetworkingConfig"]["EndpointsConfig"] == {
        "foo": {"Aliases": ["x"], "IPAMConfig": {"IPv4Address": "1.2.3.4"}},
        "bar": {},
    }


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["-p", "foo"], "invalid containerPort: foo"),
        (["-p", "80-82:1-2"], "invalid ranges specified for container and host Ports: 1-2 and 80-82"),
        (["-p", "1:2/x"], "invalid proto: x"),
        (["--mount", "src=/a"], 'invalid argument "src=/a" for "--mount" flag: target is required'),
        (["--ulimit", "x=1"], 'invalid argument "x=1" for "--ulimit" flag: invalid ulimit type: x'),
        (["--restart", "always", "--rm"], "conflicting options: cannot specify both --restart and --rm"),
        (["--pid", "foo"], "--pid: invalid PID mode"),
        (["--security-opt", "foo"], 'Invalid --security-opt: "foo"'),
        (
            ["--network", "host", "--network", "foo"],
            "conflicting options: cannot attach both user-defined and non-user-defined network-modes",
        ),
        (["--health-cmd", "x", "--no-healthcheck"], "--no-healthcheck conflicts with --health-* options"),
        (["-v", ""], "invalid empty volume spec"),
        (["--device", "/a:/b:zz"], "bad mode specified: zz"),
    ],
)
def test_refused(words: list[str], message: str) -> None:
    with pytest.raises(Failure) as caught:
        body(*words)
    assert (caught.value.message, caught.value.code) == (message, 125)


def test_files(tmp_path: Path) -> None:
    env = tmp_path / "env"
    env.write_bytes(b"\xef\xbb\xbf# note\nA=1\r\n\n  B= x y \nHOME\nNOT\n")
    profile = tmp_path / "seccomp.json"
    profile.write_text('{ "defaultAction": "SCMP_ACT_ALLOW" }')
    made = body("--env-file", str(env), "--security-opt", f"seccomp={profile}")
    assert made["Env"] == ["A=1", "B= x y ", "HOME=/home/me"]
    assert made["HostConfig"]["SecurityOpt"] == ['seccomp={"defaultAction":"SCMP_ACT_ALLOW"}']
    env.write_text("A B=1\n")
    with pytest.raises(Failure, match="contains whitespaces"):
        body("--env-file", str(env))
