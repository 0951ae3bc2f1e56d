"""A container as an OCI specification: Docker's security defaults, and what options change of them."""

from __future__ import annotations

from typing import Any

import pytest
from containers import container

from barque.engine import security, spec
from barque.errors import InvalidArgument

DEFAULT = {
    "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FSETID", "CAP_FOWNER", "CAP_MKNOD", "CAP_NET_RAW", "CAP_SETGID",
    "CAP_SETUID", "CAP_SETFCAP", "CAP_SETPCAP", "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT", "CAP_KILL",
    "CAP_AUDIT_WRITE",
}  # fmt: skip


def built(
    host: dict[str, Any] | None = None, config: dict[str, Any] | None = None, joined: dict[str, str] | None = None
) -> dict[str, Any]:
    return spec.build(container(config, host), "/r", {"/etc/hosts": "/c/hosts"}, joined or {})


def mount(of: dict[str, Any], destination: str) -> dict[str, Any]:
    (found,) = [m for m in of["mounts"] if m["destination"] == destination]
    return dict(found)


def test_defaults_are_dockers() -> None:
    made = built()
    process, linux = made["process"], made["linux"]
    for name in ("bounding", "effective", "permitted"):
        assert set(process["capabilities"][name]) == DEFAULT
    assert process["capabilities"]["inheritable"] == process["capabilities"]["ambient"] == []
    assert process["noNewPrivileges"] is False
    assert {n["type"] for n in linux["namespaces"]} == {"mount", "network", "uts", "ipc", "pid", "cgroup"}
    assert {"/proc/kcore", "/proc/keys", "/proc/timer_list", "/sys/firmware"} <= set(linux["maskedPaths"])
    assert set(linux["readonlyPaths"]) == {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"}
    assert linux["resources"]["devices"][0] == {"allow": False, "access": "rwm"}
    assert linux["seccomp"]["defaultAction"] == "SCMP_ACT_ERRNO"
    assert linux["sysctl"]["net.ipv4.ip_unprivileged_port_start"] == "0"
    assert linux["cgroupsPath"] == "/barque/" + "a" * 64


@pytest.mark.parametrize(
    ("destination", "kind", "words"),
    [
        ("/proc", "proc", {"nosuid", "noexec", "nodev"}),
        ("/dev", "tmpfs", {"nosuid", "strictatime", "mode=755", "size=65536k"}),
        ("/dev/shm", "tmpfs", {"nosuid", "noexec", "nodev", "mode=1777", "size=67108864"}),
        ("/sys", "sysfs", {"nosuid", "noexec", "nodev", "ro"}),
        ("/sys/fs/cgroup", "cgroup", {"nosuid", "noexec", "nodev", "ro"}),
        ("/etc/hosts", "bind", {"rbind", "rprivate"}),
    ],
)
def test_mounts(destination: str, kind: str, words: set[str]) -> None:
    found = mount(built(), destination)
    assert found["type"] == kind
    assert set(found["options"]) == words


def test_privileged_lifts_everything() -> None:
    made = built({"Privileged": True})
    assert set(made["process"]["capabilities"]["bounding"]) | {"CAP_SYS_ADMIN"} > DEFAULT
    assert "seccomp" not in made["linux"]
    assert not made["linux"].get("maskedPaths")
    assert made["linux"]["resources"]["devices"] == [{"allow": True, "access": "rwm"}]
    assert "rw" in mount(made, "/sys")["options"]


@pytest.mark.parametrize(
    ("host", "more", "fewer"),
    [
        ({"CapAdd": ["SYS_PTRACE"]}, {"CAP_SYS_PTRACE"}, set()),
        ({"CapAdd": ["cap_sys_ptrace"]}, {"CAP_SYS_PTRACE"}, set()),
        ({"CapDrop": ["CHOWN"]}, set(), {"CAP_CHOWN"}),
        ({"CapDrop": ["ALL"]}, set(), DEFAULT),
        ({"CapDrop": ["ALL"], "CapAdd": ["CHOWN"]}, set(), DEFAULT - {"CAP_CHOWN"}),
    ],
)
def test_capabilities(host: dict[str, Any], more: set[str], fewer: set[str]) -> None:
    assert set(security.capabilities(host)) == (DEFAULT | more) - fewer


def test_unknown_capability() -> None:
    with pytest.raises(InvalidArgument, match='invalid capability: "NONSENSE"'):
        security.capabilities({"CapAdd": ["NONSENSE"]})


@pytest.mark.parametrize("word", ["no-new-privileges", "no-new-privileges:true", "no-new-privileges=true"])
def test_no_new_privileges(word: str) -> None:
    assert built({"SecurityOpt": [word]})["process"]["noNewPrivileges"] is True


def test_seccomp_unconfined_and_nonsense() -> None:
    assert "seccomp" not in built({"SecurityOpt": ["seccomp=unconfined"]})["linux"]
    with pytest.raises(InvalidArgument):
        built({"SecurityOpt": ["nonsense"]})


@pytest.mark.parametrize(
    ("kind", "joined", "wanted"),
    [
        ("pid", {"pid": "host"}, None),
        ("pid", {"pid": "/proc/1/ns/pid"}, "/proc/1/ns/pid"),
        ("network", {"network": "/run/x"}, "/run/x"),
        ("uts", {"uts": "host"}, None),
        ("ipc", {"ipc": "host"}, None),
    ],
)
def test_namespaces(kind: str, joined: dict[str, str], wanted: str | None) -> None:
    found = [n for n in built(joined=joined)["linux"]["namespaces"] if n["type"] == kind]
    assert found == ([{"type": kind, "path": wanted}] if wanted else [])


def test_hostname_is_left_alone_in_the_hosts_uts() -> None:
    assert built()["hostname"] == "aaaaaaaaaaaa"
    assert "hostname" not in built(joined={"uts": "host"})


@pytest.mark.parametrize(
    ("host", "group", "wanted"),
    [
        ({"Memory": 64 << 20}, "memory", {"limit": 64 << 20, "swap": 128 << 20}),
        ({"Memory": 64 << 20, "MemorySwap": -1}, "memory", {"limit": 64 << 20, "swap": -1}),
        ({"NanoCpus": 1_500_000_000}, "cpu", {"period": 100000, "quota": 150000}),
        ({"CpuShares": 512, "CpusetCpus": "0"}, "cpu", {"shares": 512, "cpus": "0"}),
        ({"PidsLimit": 7}, "pids", {"limit": 7}),
    ],
)
def test_resources(host: dict[str, Any], group: str, wanted: dict[str, Any]) -> None:
    assert spec.resources(host, False)[group] == wanted


def test_a_later_mount_takes_the_place_of_a_default() -> None:
    subject = container()
    subject.mounts = [
        {"Type": "bind", "Source": "/x", "Destination": "/dev/shm", "RW": True, "Propagation": "rprivate"},
        {"Type": "bind", "Source": "/h", "Destination": "/etc/hosts", "RW": False, "Propagation": "rprivate"},
    ]
    made = spec.build(subject, "/r", {"/etc/hosts": "/c/hosts"}, {})
    assert mount(made, "/dev/shm")["source"] == "/x"
    assert mount(made, "/etc/hosts")["source"] == "/h"
    assert "ro" in mount(made, "/etc/hosts")["options"]


def test_exec_has_the_containers_environment_under_its_own() -> None:
    subject = container({"Env": ["A=1", "B=2"], "WorkingDir": "/srv", "User": "daemon"})
    process = spec.exec_process(subject, {"Cmd": ["x"], "Env": ["A=3"]})
    assert {"A=3", "B=2", "HOSTNAME=aaaaaaaaaaaa"} <= set(process["env"])
    assert "A=1" not in process["env"]
    assert (process["cwd"], process["user"]["username"]) == ("/srv", "daemon")
    assert set(process["capabilities"]["effective"]) == DEFAULT
