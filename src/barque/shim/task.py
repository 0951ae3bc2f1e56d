"""One container's main process: its mounts, group, creation, start, and what is left to do when it has ended."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from typing import Any

from barque import runtime
from barque.cgroups import Cgroup
from barque.linux import clone, libc, mounts
from barque.shim.streams import Streams


def own_mounts(request: dict[str, Any]) -> None:
    """A mount namespace of our own, in which host mounts still arrive, with the container's root file system."""
    libc.unshare(clone.CLONE_NEWNS)
    libc.mount("", "/", None, mounts.MS_SLAVE | mounts.MS_REC)
    rootfs = request["spec"]["root"]["path"]
    os.makedirs(rootfs, exist_ok=True)
    for entry in request.get("mounts") or ():
        mounts.perform(entry, rootfs)


class Task:
    """``create`` makes it, ``start`` runs it; ``exit`` is set once it has been reaped."""

    def __init__(self, request: dict[str, Any], streams: Streams) -> None:
        self.id: str = request["id"]
        self.dir: str = request["dir"]
        self.spec: dict[str, Any] = request["spec"]
        self.streams = streams
        self.started_at = 0
        self.paused = False
        self.exit: dict[str, Any] | None = None
        linux = self.spec.get("linux") or {}
        path = linux.get("cgroupsPath") or f"/barque/{self.id}"
        self.cgroup = Cgroup.create(path, runtime.resources(self.spec))
        try:
            console = streams.console[1].fileno() if streams.console else None
            self.created = runtime.create(self.id, self.dir, self.spec, streams.theirs, console, self.cgroup)
        except BaseException:
            self.cgroup.kill()
            self.cgroup.delete()
            raise
        streams.started()

    @property
    def pid(self) -> int:
        return self.created.pid

    def start(self) -> None:
        """Run the program. Raises StartError, and the task is over then."""
        self.created.start(
            {"ociVersion": "1.2.0", "id": self.id, "status": "created", "pid": self.pid, "bundle": self.dir}
        )
        self.started_at = time.time_ns()

    def kill(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.created.pidfd, number)

    def reap(self) -> None:
        """The process has ended: take its status, stop what it left in its group, free group and mounts."""
        _, status = os.waitpid(self.pid, 0)
        code = os.waitstatus_to_exitcode(status)
        ooms = self.cgroup.oom_kills()
        self.exit = {
            "code": code if code >= 0 else 128 - code,
            "signal": -code if code < 0 else 0,
            "at": time.time_ns(),
            "oom": ooms > 0,
        }

    def clean(self) -> None:
        """Group and root file system go."""
        self.cgroup.kill()
        with contextlib.suppress(OSError):
            self.cgroup.delete()
        with contextlib.suppress(OSError):
            libc.umount(self.spec["root"]["path"], mounts.MNT_DETACH)

    def record(self) -> None:
        """exit.json, whole or not at all."""
        path = os.path.join(self.dir, "exit.json")
        with contextlib.suppress(OSError):
            with open(f"{path}.new", "w", encoding="utf-8") as file:
                json.dump(self.exit, file)
            os.replace(f"{path}.new", path)
