"""What a container's process finds: namespaces, mounts, devices, rights and limits."""

from __future__ import annotations

import array
import os
import select
import socket
import subprocess
from pathlib import Path

import pytest
from conftest import ALL, TIMEOUT, Bundle

FILES = {"network": "net", "mount": "mnt"}
FIVE = ("bounding", "effective", "permitted", "inheritable", "ambient")


def link(kind: str, pid: int | str = "self") -> str:
    return os.readlink(f"/proc/{pid}/ns/{FILES.get(kind, kind)}")


@pytest.mark.parametrize("kind", ALL)
def test_new_namespaces(box: Bundle, kind: str) -> None:
    assert link(kind, box.running()) != link(kind)


@pytest.mark.parametrize("kind", ["network", "ipc", "uts", "pid"])
def test_namespaces_joined_by_path(box: Bundle, kind: str) -> None:
    flag = {"network": "--net", "ipc": "--ipc", "uts": "--uts", "pid": "--pid"}[kind]
    holder = subprocess.Popen(
        ["unshare", flag, *(["--fork", "--kill-child"] if kind == "pid" else []), "sh", "-c", "echo; exec sleep 1000"],
        stdout=subprocess.PIPE,
    )
    try:
        assert holder.stdout is not None
        holder.stdout.readline()
        owner = holder.pid
        if kind == "pid":
            owner = int(Path(f"/proc/{owner}/task/{owner}/children").read_text().split()[0])
        for namespace in box.linux["namespaces"]:
            if namespace["type"] == kind:
                namespace["path"] = f"/proc/{owner}/ns/{FILES.get(kind, kind)}"
        if kind == "uts":
            del box.spec["hostname"]
        assert link(kind, box.running()) == link(kind, owner)
        assert box("delete", "--force", box.id).returncode == 0
    finally:
        holder.kill()
        holder.wait()


def test_a_namespace_that_is_not_there(box: Bundle) -> None:
    box.linux["namespaces"][1]["path"] = "/no/such/ns"
    done = box.run("true")
    assert done.returncode != 0
    assert "/no/such/ns" in done.stderr or "no such file" in done.stderr.lower()


def test_namespaces_nobody_has(box: Bundle) -> None:
    box.linux["namespaces"].append({"type": "nonsense"})
    assert box.run("true").returncode != 0


def test_hostname_and_domainname(box: Bundle) -> None:
    assert box.says("hostname") == "box"


def test_mount_options(box: Bundle) -> None:
    source = box.dir / "source"
    source.mkdir()
    (source / "file").write_text("content\n")
    add = box.spec["mounts"].append
    add(
        {
            "destination": "/a",
            "type": "bind",
            "source": str(source),
            "options": ["rbind", "ro", "nosuid", "nodev", "noexec"],
        }
    )
    add({"destination": "/b/file", "type": "bind", "source": str(source / "file"), "options": ["bind", "rw"]})
    add({"destination": "/t", "type": "tmpfs", "source": "tmpfs", "options": ["size=64k", "mode=700", "noatime"]})
    out = box.says(
        "cat /a/file /b/file; grep -E ' /(a|t) ' /proc/self/mounts; touch /a/x 2>&1 || true; stat -c %a /t"
    ).splitlines()
    assert out[:2] == ["content", "content"]
    assert {"ro", "nosuid", "nodev", "noexec"} <= set(out[2].split()[3].split(","))
    assert {"size=64k", "mode=700", "noatime"} <= set(out[3].split()[3].split(","))
    assert "Read-only" in out[4]
    assert out[5] == "700"


def test_a_source_that_is_not_there(box: Bundle) -> None:
    box.spec["mounts"].append({"destination": "/a", "type": "bind", "source": "/no/such", "options": ["bind"]})
    done = box.run("true")
    assert done.returncode != 0
    assert "/no/such" in done.stderr


@pytest.mark.parametrize(("word", "tag"), [("rprivate", ""), ("rslave", "master:"), ("rshared", "shared:")])
def test_propagation_of_a_mount(box: Bundle, word: str, tag: str) -> None:
    source = box.dir / "source"
    source.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", source], check=True)
    subprocess.run(["mount", "--make-rshared", source], check=True)
    try:
        box.linux["rootfsPropagation"] = "rshared" if word == "rshared" else "rslave"
        box.spec["mounts"].append(
            {"destination": "/a", "type": "bind", "source": str(source), "options": ["rbind", word]}
        )
        row = box.says("grep ' /a ' /proc/self/mountinfo")
        optional = row.split(" - ")[0].split()[6:]
        assert [o for o in optional if o.startswith(tag)] if tag else not optional
    finally:
        subprocess.run(["umount", source], check=True)


@pytest.mark.parametrize(("word", "tag"), [("private", ""), ("slave", ""), ("shared", "shared:")])
def test_propagation_of_the_root(box: Bundle, word: str, tag: str) -> None:
    box.linux["rootfsPropagation"] = word
    row = box.says("grep ' / / \\|rootfs / ' /proc/self/mountinfo").splitlines()[0]
    optional = row.split(" - ")[0].split()[6:]
    if box.name != "runc":  # runc binds the root after it has made its parent private, so it is never shared
        assert any(o.startswith("shared:") for o in optional) == (tag == "shared:")


def test_read_only_root(box: Bundle) -> None:
    box.spec["root"]["readonly"] = True
    assert "Read-only" in box.says("touch /x 2>&1 || true")


def test_masked_and_read_only_paths(box: Bundle) -> None:
    box.linux["maskedPaths"] = ["/proc/keys", "/proc/acpi", "/etc/passwd", "/tmp", "/none"]
    box.linux["readonlyPaths"] = ["/proc/sys", "/work", "/none"]
    (box.rootfs / "tmp/file").touch()
    out = box.says(
        "cat /etc/passwd /proc/keys; ls /tmp; touch /work/x 2>&1; echo x 2>&1 > /proc/sys/kernel/hostname; true"
    )
    assert out.count("Read-only") >= 1
    assert "root:" not in out
    assert "file\n" not in out.replace("system", "")


def test_devices(box: Bundle) -> None:
    box.linux["devices"] = [
        {"path": "/dev/odd/fuse", "type": "c", "major": 10, "minor": 229, "fileMode": 0o640, "uid": 3, "gid": 4},
        {"path": "/dev/pipe", "type": "p", "fileMode": 0o622},
    ]
    out = box.says(
        "stat -c '%F %t:%T %a' /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty;"
        "stat -c '%t:%T %a %u:%g' /dev/odd/fuse; stat -c '%F %a' /dev/pipe; "
        "for name in fd stdin stdout stderr ptmx; do readlink /dev/$name; done"
    ).splitlines()
    numbers = ("1:3", "1:5", "1:7", "1:8", "1:9", "5:0")
    assert out[:6] == [f"character special file {n} 666" for n in numbers]
    assert out[6] == "a:e5 640 3:4"
    assert out[7] == "fifo 622"
    assert out[8:12] == ["/proc/self/fd", "/proc/self/fd/0", "/proc/self/fd/1", "/proc/self/fd/2"]
    assert out[12].removeprefix("/dev/") == "pts/ptmx"


def test_all_five_capability_sets(box: Bundle) -> None:
    caps = {kind: ["CAP_CHOWN", "CAP_KILL"] for kind in FIVE}
    caps["bounding"] = ["CAP_CHOWN", "CAP_KILL", "CAP_SETUID"]
    caps["ambient"] = ["CAP_KILL"]
    box.process["capabilities"] = caps
    out = dict(line.split(":\t") for line in box.says("grep Cap /proc/self/status").splitlines())
    assert int(out["CapBnd"], 16) == 1 << 0 | 1 << 5 | 1 << 7
    assert int(out["CapInh"], 16) == 1 << 0 | 1 << 5
    assert int(out["CapAmb"], 16) == 1 << 5


def test_capabilities_of_a_user(box: Bundle) -> None:
    box.process["user"] = {"uid": 1000, "gid": 1000, "additionalGids": [7, 8]}
    box.process["capabilities"] = {kind: ["CAP_KILL"] for kind in FIVE}
    out = box.says("id -G; grep CapEff /proc/self/status").splitlines()
    assert set(out[0].split()) == {"1000", "7", "8"}
    assert int(out[1].split()[1], 16) == 1 << 5
    box.process["capabilities"] = {kind: ["CAP_KILL"] for kind in FIVE[:3]}
    assert int(box.says("grep CapEff /proc/self/status").split()[1], 16) == 0


def test_rlimits(box: Bundle) -> None:
    box.process["rlimits"] = [
        {"type": "RLIMIT_NOFILE", "soft": 100, "hard": 200},
        {"type": "RLIMIT_CORE", "soft": 0, "hard": 0},
    ]
    out = box.says("grep -E 'open files|core file' /proc/self/limits").splitlines()
    assert [row.split()[-3:-1] for row in out] == [["0", "0"], ["100", "200"]]
    box.process["rlimits"] = [{"type": "RLIMIT_NONSENSE", "soft": 1, "hard": 1}]
    assert box.run("true").returncode != 0


def test_seccomp_and_no_new_privileges(box: Bundle) -> None:
    box.process["noNewPrivileges"] = True
    box.linux["seccomp"] = {
        "defaultAction": "SCMP_ACT_ALLOW",
        "architectures": ["SCMP_ARCH_X86_64"],
        "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38}],
    }
    out = box.says("grep -E 'NoNewPrivs|Seccomp:' /proc/self/status; mkdir /work/x 2>&1 || true").splitlines()
    assert [row.split()[1] for row in out[:2]] == ["1", "2"]
    assert "not implemented" in out[2].lower()


def test_oom_score_and_sysctl_and_umask(box: Bundle) -> None:
    box.process["oomScoreAdj"] = 321
    box.process["user"]["umask"] = 0o077
    box.linux["sysctl"] = {"net.ipv4.ip_forward": "1", "kernel.shmmax": "4096"}
    out = box.says("cat /proc/self/oom_score_adj /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/shmmax; umask").split()
    assert out == ["321", "1", "4096", "0077"]


def test_a_sysctl_that_is_not_there(box: Bundle) -> None:
    box.linux["sysctl"] = {"net.no.such": "1"}
    assert box.run("true").returncode != 0


def test_user_namespace(box: Bundle) -> None:
    if subprocess.run(["unshare", "--user", "true"], capture_output=True).returncode:
        pytest.skip("the kernel makes no user namespaces here: in a chroot(2), or by a setting of the host")
    box.linux["namespaces"].append({"type": "user"})
    box.linux["uidMappings"] = box.linux["gidMappings"] = [{"containerID": 0, "hostID": 100000, "size": 65536}]
    box.spec["mounts"] = box.spec["mounts"][:2]
    for place in (box.dir, *box.dir.parents):
        if str(place).startswith("/tmp/"):
            place.chmod(place.stat().st_mode | 0o011)
    for place, _, names in os.walk(box.rootfs):
        for name in (place, *(os.path.join(place, n) for n in names)):
            os.chown(name, 100000, 100000, follow_symlinks=False)
    assert box.says("id -u; cat /proc/self/uid_map").split() == ["0", "0", "100000", "65536"]


def test_cgroup_limits(box: Bundle) -> None:
    box.linux["resources"] = {
        "memory": {"limit": 64 << 20},
        "pids": {"limit": 33},
        "cpu": {"shares": 512, "quota": 50000, "period": 100000},
    }
    pid = box.running()
    rows = [line.split(":", 2) for line in Path(f"/proc/{pid}/cgroup").read_text().splitlines()]
    path = {name: where for _, names, where in rows for name in names.split(",")}

    def read(controller: str, v1: str, v2: str) -> str:
        if controller in path:
            return Path(f"/sys/fs/cgroup/{controller}{path[controller]}/{v1}").read_text().strip()
        return Path(f"/sys/fs/cgroup{path['']}/{v2}").read_text().strip()

    assert read("memory", "memory.limit_in_bytes", "memory.max") == str(64 << 20)
    assert read("pids", "pids.max", "pids.max") == "33"
    assert read("cpu", "cpu.cfs_quota_us", "cpu.max").split()[0] == "50000"


def test_device_rules(box: Bundle) -> None:
    box.process["capabilities"] = {kind: ["CAP_MKNOD"] for kind in FIVE[:3]}
    box.linux["devices"] = [{"path": "/dev/fuse", "type": "c", "major": 10, "minor": 229, "fileMode": 0o666}]
    box.linux["resources"] = {"devices": [{"allow": False, "access": "rwm"}]}
    out = box.says("echo x > /dev/null && echo null; (: < /dev/fuse) 2>&1 || true")
    assert "null" in out
    assert "not permitted" in out


def test_terminal(box: Bundle) -> None:
    """The master comes over the console socket; what is written there, the container reads, and the other way."""
    box.process["terminal"] = True
    box.process["consoleSize"] = {"height": 31, "width": 77}
    path = str(box.dir / "console.sock")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen(1)
        listener.settimeout(TIMEOUT)
        box.create(script="tty; stty size; echo ready; read line; echo got $line", flags=("--console-socket", path))
        connection, _ = listener.accept()
    with connection:
        connection.settimeout(TIMEOUT)
        _, control, _, _ = connection.recvmsg(4096, socket.CMSG_SPACE(4))
    master = array.array("i", control[0][2])[0]
    assert box("start", box.id).returncode == 0
    text, written = b"", False
    while b"got hello" not in text:
        assert select.select([master], [], [], TIMEOUT)[0], text
        text += os.read(master, 4096)
        if b"ready" in text and not written:
            os.write(master, b"hello\n")
            written = True
    os.close(master)
    assert b"/dev/pts/0" in text or b"/dev/console" in text
    assert b"31 77" in text


def test_a_terminal_without_a_socket(box: Bundle) -> None:
    box.process["terminal"] = True
    box.write()
    assert box("create", "--bundle", str(box.dir), box.id).returncode != 0
    assert box("state", box.id).returncode != 0


def test_a_working_directory_that_is_a_file(box: Bundle) -> None:
    box.process["cwd"] = "/etc/passwd"
    done = box.run("true")
    assert done.returncode != 0
    assert "/etc/passwd" in done.stderr


def test_links_of_the_image_do_not_lead_out(box: Bundle) -> None:
    outside = box.dir / "outside"
    outside.mkdir()
    (box.rootfs / "link").symlink_to(outside)
    box.spec["mounts"].append({"destination": "/link/in", "type": "tmpfs", "source": "tmpfs"})
    box.run("true")
    assert list(outside.iterdir()) == []
