"""One container's main process as its shim sees it: started, signalled, reaped, and what is left to do then."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import time
from functools import cached_property
from typing import TYPE_CHECKING, Any

from barque import runtime
from barque.cgroups import Cgroup
from barque.errors import StartError
from barque.linux import files
from barque.shim.making import ROOT, state

if TYPE_CHECKING:
    from barque.shim.external import External


class Task:
    """``exit`` is set once it has been reaped. ``line`` leads to init until the start."""

    def __init__(self, request: dict[str, Any], pid: int, pidfd: int, line: int, started_at: int) -> None:
        self.id: str = request["id"]
        self.dir: str = request["dir"]
        self.pid = pid
        self.pidfd = pidfd
        self.started_at = started_at
        self.paused = False
        self.exit: dict[str, Any] | None = None
        self.cgroup = Cgroup.open(request["cgroup"])
        self.runtime: str = request.get("runtime") or ""
        self._created = runtime.Created(pid, pidfd, runtime.Line(socket.socket(fileno=line))) if line >= 0 else None

    @cached_property
    def spec(self) -> dict[str, Any]:
        """The runtime-spec it was made from."""
        value: dict[str, Any] = json.loads(files.read(os.path.join(self.dir, "config.json")))
        return value

    def start(self) -> None:
        """Run the program. Raises StartError, and the task is over then."""
        if self.runtime:
            self.external().start()
            self.started_at = time.time_ns()
            return
        assert self._created is not None
        self._created.start(state(self.id, self.dir, self.pid))
        self.started_at = time.time_ns()

    def external(self) -> External:
        """The program that runs it, if another than ours does."""
        from barque.shim.external import External

        return External(self.runtime, self.id, self.dir)

    def kill(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.pidfd, number)

    def reap(self) -> None:
        """The process has ended: take its status."""
        _, status = os.waitpid(self.pid, 0)
        code = os.waitstatus_to_exitcode(status)
        self.exit = {
            "code": code if code >= 0 else 128 - code,
            "signal": -code if code < 0 else 0,
            "at": time.time_ns(),
            "oom": self.cgroup.oom_kills() > 0,
        }

    def clean(self) -> None:
        """Group, whose processes have been killed, and root file system go."""
        if self.runtime:
            with contextlib.suppress(StartError):
                self.external().delete()
        with contextlib.suppress(OSError):
            self.cgroup.delete()
        os.close(ROOT)

    def record(self) -> None:
        """exit.json, whole or not at all."""
        path = os.path.join(self.dir, "exit.json")
        with contextlib.suppress(OSError):
            files.make(f"{path}.new", json.dumps(self.exit).encode())
            os.replace(f"{path}.new", path)
