"""What the runtime decides before it acts."""

from __future__ import annotations

from pathlib import Path

import pytest

from barque.cgroups import devices_bpf, settings
from barque.cgroups.hierarchy import parse
from barque.errors import InvalidArgument, StartError
from barque.linux import mounts
from barque.runtime import capabilities, default_profile
from barque.runtime.mounting import plan
from barque.runtime.program import find_program
from barque.runtime.users import resolve

PASSWD = "root:x:0:0:root:/root:/bin/sh\nweb:x:33:44:web:/srv:/bin/sh\n"
GROUP = "root:x:0:\nwww:x:44:\nextra:x:55:web\n"


@pytest.mark.parametrize(
    ("wanted", "extra", "uid", "gid", "groups", "home"),
    [
        ("", [], 0, 0, [], "/root"),
        ("web", [], 33, 44, [55], "/srv"),
        ("web:extra", [], 33, 55, [], "/srv"),
        ("33", [], 33, 44, [55], "/srv"),
        ("1000", [], 1000, 0, [], "/"),
        ("1000:2000", ["extra", "7"], 1000, 2000, [55, 7], "/"),
    ],
)
def test_users(wanted: str, extra: list[str], uid: int, gid: int, groups: list[int], home: str) -> None:
    found = resolve(wanted, PASSWD, GROUP, extra)
    assert (found.uid, found.gid, found.groups, found.home) == (uid, gid, groups, home)


@pytest.mark.parametrize(
    ("wanted", "text"), [("ghost", "unable to find user ghost"), ("0:none", "unable to find group none")]
)
def test_unknown_users(wanted: str, text: str) -> None:
    with pytest.raises(InvalidArgument, match=text):
        resolve(wanted, PASSWD, GROUP, [])


def test_mount_options_become_flags_propagation_and_data() -> None:
    found = plan(
        {"destination": "/d", "type": "tmpfs", "source": "t", "options": ["nosuid", "ro", "rw", "rslave", "size=1m"]}
    )
    assert (found.flags, found.propagation, found.data) == (
        mounts.MS_NOSUID,
        (mounts.MS_SLAVE | mounts.MS_REC,),
        "size=1m",
    )
    assert plan({"destination": "/d", "type": "bind", "source": "/s"}).flags == mounts.MS_BIND


def test_programs_are_found_with_runcs_words(tmp_path: Path) -> None:
    (tmp_path / "yes").write_text("")
    (tmp_path / "yes").chmod(0o755)
    (tmp_path / "no").write_text("")
    (tmp_path / "no").chmod(0o644)
    assert find_program("yes", f"/nowhere:{tmp_path}") == f"{tmp_path}/yes"
    for name, words in (
        ("none", 'exec: "none": executable file not found in $PATH'),
        (f"{tmp_path}/no", "permission denied"),
        (f"{tmp_path}", "is a directory"),
        ("/not/there", "no such file or directory"),
    ):
        with pytest.raises(StartError) as caught:
            find_program(name, str(tmp_path))
        assert words in caught.value.message


def test_capability_bits() -> None:
    assert capabilities.mask(["CAP_CHOWN", "CAP_KILL", "CAP_NOT_A_THING"]) == 0b100001
    assert capabilities.names_of(0b100001) == ["CAP_CHOWN", "CAP_KILL"]


def test_the_default_profile_follows_the_capabilities() -> None:
    def allowed(caps: list[str]) -> set[str]:
        rules = default_profile(caps, "x86_64")["syscalls"]
        return {n for r in rules if r["action"] == "SCMP_ACT_ALLOW" and not r.get("args") for n in r["names"]}

    assert "mount" not in allowed([])
    assert {"mount", "unshare", "clone"} <= allowed(["CAP_SYS_ADMIN"])
    assert {"read", "arch_prctl"} <= allowed([])
    assert not {"keyctl", "add_key", "io_uring_setup", "kexec_load"} & allowed([])


def test_limits_of_both_versions() -> None:
    limits = {
        "memory": {"limit": 100, "swap": 150},
        "cpu": {"quota": 50000, "period": 100000, "shares": 1024},
        "pids": {"limit": -1},
    }
    assert settings.v1(limits) == [
        ("memory", "memory.limit_in_bytes", "100"),
        ("memory", "memory.memsw.limit_in_bytes", "150"),
        ("cpu", "cpu.shares", "1024"),
        ("cpu", "cpu.cfs_period_us", "100000"),
        ("cpu", "cpu.cfs_quota_us", "50000"),
        ("pids", "pids.max", "max"),
    ]
    assert settings.v2(limits) == [
        ("memory", "memory.max", "100"),
        ("memory", "memory.swap.max", "50"),
        ("cpu", "cpu.weight", "39"),
        ("cpu", "cpu.max", "50000 100000"),
        ("pids", "pids.max", "max"),
    ]


def test_hierarchies_of_hybrid_and_pure_hosts() -> None:
    hybrid = (
        "30 1 0:1 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n"
        "31 30 0:2 / /sys/fs/cgroup/cpu,cpuacct rw shared:9 - cgroup cgroup rw,cpu,cpuacct\n"
        "32 30 0:3 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
    )
    found = parse(hybrid)
    assert found.unified is None
    assert found.v1 == {"cpu": "/sys/fs/cgroup/cpu,cpuacct", "cpuacct": "/sys/fs/cgroup/cpu,cpuacct"}
    assert parse("30 1 0:1 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n").unified == "/sys/fs/cgroup"


def test_a_device_program_is_whole_instructions() -> None:
    rules = [{"allow": False, "access": "rwm"}, {"allow": True, "type": "c", "major": 1, "minor": 3, "access": "rw"}]
    assert len(devices_bpf.program(rules)) % 8 == 0
    assert len(devices_bpf.program(rules)) > len(devices_bpf.program([]))
