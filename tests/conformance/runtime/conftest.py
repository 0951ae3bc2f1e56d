"""One bundle and one runtime: the same suite for barque-runtime, runc and crun; what the peers fail is wrong here."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

RUNTIMES = {
    "barque-runtime": str(Path(sys.executable).parent / "barque-runtime"),
    "runc": shutil.which("runc"),
    "crun": shutil.which("crun"),
}
BUSYBOX = shutil.which("busybox") or ""
ALL = ("pid", "network", "ipc", "uts", "mount", "cgroup")
APPLETS = """
    sh cat echo id ls sleep true mount stat hostname ps kill grep umask tty stty touch readlink pwd test mkdir dd
"""
TIMEOUT = 30
HYBRID = os.path.isdir("/sys/fs/cgroup/unified")
WITHOUT_V2 = ["unshare", "-m", "--propagation", "slave", "sh", "-c", 'umount /sys/fs/cgroup/unified; exec "$@"', "sh"]
"""crun does not start where a controller is on v2 and the others on v1: it is shown v1 alone."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if os.geteuid() != 0:
        for item in items:
            item.add_marker(pytest.mark.skip(reason="needs root"))


class Bundle:
    """A bundle with busybox, and the runtime that runs it; ``box("state", id)`` is a call of the runtime."""

    def __init__(self, name: str, directory: Path) -> None:
        self.name = name
        self.program = RUNTIMES[name] or ""
        self.dir = directory
        self.id = f"t{uuid.uuid4().hex[:12]}"
        self.rootfs = directory / "rootfs"
        for place in ("bin", "proc", "sys", "dev", "etc", "tmp", "work"):
            (self.rootfs / place).mkdir(parents=True)
        shutil.copy(BUSYBOX, self.rootfs / "bin/busybox")
        for applet in APPLETS.split():
            (self.rootfs / "bin" / applet).symlink_to("busybox")
        (self.rootfs / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000::/home/user:/bin/sh\n")
        (self.rootfs / "etc/group").write_text("root:x:0:\nuser:x:1000:\n")
        self.spec: dict[str, Any] = {
            "ociVersion": "1.0.2",
            "process": {
                "args": ["true"],
                "cwd": "/",
                "user": {"uid": 0, "gid": 0},
                "env": ["PATH=/bin"],
                "capabilities": {kind: ["CAP_KILL", "CAP_CHOWN"] for kind in ("bounding", "effective", "permitted")},
            },
            "root": {"path": "rootfs"},
            "hostname": "box",
            "mounts": [
                {"destination": "/proc", "type": "proc", "source": "proc"},
                {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "mode=755"]},
                {
                    "destination": "/dev/pts",
                    "type": "devpts",
                    "source": "devpts",
                    "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"],
                },
                {"destination": "/sys", "type": "sysfs", "source": "sysfs", "options": ["nosuid", "ro"]},
            ],
            "linux": {
                "cgroupsPath": f"/barque-conformance/{self.id}",
                "namespaces": [{"type": kind} for kind in ALL],
            },
        }

    @property
    def process(self) -> dict[str, Any]:
        return self.spec["process"]

    @property
    def linux(self) -> dict[str, Any]:
        return self.spec["linux"]

    def without(self, *kinds: str) -> None:
        self.linux["namespaces"] = [n for n in self.linux["namespaces"] if n["type"] not in kinds]

    def write(self) -> None:
        (self.dir / "config.json").write_text(json.dumps(self.spec))

    def command(self, *arguments: str) -> list[str]:
        return [
            *(WITHOUT_V2 if self.name == "crun" and HYBRID else []),
            self.program,
            "--root",
            str(self.dir / "state"),
            *arguments,
        ]

    def __call__(self, *arguments: str, **kwargs: Any) -> subprocess.CompletedProcess[str]:
        """Files for its output: what a container keeps open holds nobody up."""
        out, err = self.dir / "stdout", self.dir / "stderr"
        with out.open("wb") as stdout, err.open("wb") as stderr:
            done = subprocess.run(
                self.command(*arguments),
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                timeout=TIMEOUT,
                cwd=self.dir,
                **kwargs,
            )
        return subprocess.CompletedProcess(
            done.args, done.returncode, out.read_text(errors="replace"), err.read_text(errors="replace")
        )

    def run(self, script: str | list[str], **kwargs: Any) -> subprocess.CompletedProcess[str]:
        """``run`` of a shell script, or of a program with its arguments."""
        self.process["args"] = ["sh", "-c", script] if isinstance(script, str) else script
        self.write()
        return self("run", "--bundle", str(self.dir), self.id, **kwargs)

    def says(self, script: str) -> str:
        done = self.run(script)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def create(self, *args: str, script: str = "sleep 1000", flags: tuple[str, ...] = ()) -> None:
        self.process["args"] = list(args) or ["sh", "-c", script]
        self.write()
        done = self("create", "--bundle", str(self.dir), *flags, self.id)
        assert done.returncode == 0, done.stderr

    def running(self, script: str = "sleep 1000") -> int:
        """Its init's pid."""
        self.create(script=script)
        done = self("start", self.id)
        assert done.returncode == 0, done.stderr
        pid: int = self.state()["pid"]
        return pid

    def state(self) -> dict[str, Any]:
        done = self("state", self.id)
        assert done.returncode == 0, done.stderr
        value: dict[str, Any] = json.loads(done.stdout)
        return value

    def ended(self, pid: int) -> None:
        """Wait for a process that is not our child, by its pidfd."""
        import select

        try:
            descriptor = os.pidfd_open(pid)
        except ProcessLookupError:
            return
        assert select.select([descriptor], [], [], TIMEOUT)[0], "it does not end"
        os.close(descriptor)


@pytest.fixture(params=list(RUNTIMES))
def box(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bundle]:
    if RUNTIMES[request.param] is None:
        pytest.skip(f"{request.param} could not be had")
    made = Bundle(request.param, tmp_path)
    yield made
    made("delete", "--force", made.id)
