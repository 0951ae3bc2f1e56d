"""Containers that another OCI runtime program runs (``--add-runtime``): runc, crun, or barque-runtime itself.

Here a tool is executed for each step; nothing else of the shim's does, and nothing else imports this. The program's
init becomes the shim's child when the program ends, for the shim is a subreaper then (prctl(2)).
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
from typing import Any

from barque.errors import StartError
from barque.linux import files, paths
from barque.runtime import process
from barque.shim.stdio import Stdio

TIMEOUT = 30.0
"""Seconds in which a runtime sends the terminal's master."""


class External:
    """One container's runtime: ``program`` is a path, ``directory`` the task's, which is the bundle."""

    def __init__(self, program: str, container_id: str, directory: str) -> None:
        self.program = program
        self.id = container_id
        self.dir = directory
        self.state = os.path.join(os.path.dirname(os.path.dirname(directory)), "runtimes", os.path.basename(program))

    def create(self, spec: dict[str, Any], stdio: Stdio) -> int:
        """init's pid. Raises StartError in the runtime's words; nothing is left then."""
        root = os.open(spec["root"]["path"], os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        spec["process"] = _with_numbers(spec["process"], root)
        spec["ociVersion"] = "1.0.2"  # what all know; crun refuses a newer one than its own
        os.close(root)
        files.make(os.path.join(self.dir, "config.json"), json.dumps(spec).encode())
        try:
            return self._make(["create", "--bundle", self.dir], [self.id], stdio)
        except BaseException:
            with contextlib.suppress(StartError):
                self.delete()
            raise

    def start(self) -> None:
        """Raises StartError."""
        self._run(["start", self.id])

    def execute(self, wanted: dict[str, Any], stdio: Stdio, root: int) -> int:
        """The pid of a further process. Raises StartError."""
        path = os.path.join(self.dir, "process.json")
        files.make(path, json.dumps(_with_numbers(wanted, root)).encode())
        try:
            return self._make(["exec", "--detach", "--process", path], [self.id], stdio)
        finally:
            os.unlink(path)

    def delete(self) -> None:
        self._run(["delete", "--force", self.id])

    def _make(self, verb: list[str], last: list[str], stdio: Stdio) -> int:
        pid_file = os.path.join(self.dir, "runtime.pid")
        here = os.open(self.dir, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        console = (
            f"/proc/{os.getpid()}/fd/{here}/console.sock"  # the whole path might not fit into an address (unix(7))
        )
        listener = None
        try:
            if stdio.console is not None:
                listener = socket.socket(socket.AF_UNIX)
                listener.settimeout(TIMEOUT)
                listener.bind(console)
                listener.listen(1)
                verb = [*verb, "--console-socket", console]
            self._run([*verb, "--pid-file", pid_file, *last], stdio.theirs if listener is None else ())
            if listener is not None and stdio.console is not None:
                with listener.accept()[0] as connection:
                    _, descriptors, _, _ = socket.recv_fds(connection, 4096, 1)
                socket.send_fds(stdio.console[1], [b"m"], descriptors)
                os.close(descriptors[0])
            return int(files.read(pid_file))
        finally:
            for path in (pid_file, console):
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(path)
            os.close(here)
            if listener is not None:
                listener.close()

    def _run(self, arguments: list[str], stdio: tuple[int, ...] = ()) -> None:
        os.makedirs(self.state, mode=0o711, exist_ok=True)
        log = os.path.join(self.dir, "runtime.log")
        null = os.open("/dev/null", os.O_RDWR | os.O_CLOEXEC)
        command = [self.program, "--root", self.state, "--log", log, "--log-format", "json", *arguments]
        try:
            pid = os.posix_spawn(
                self.program,
                command,
                os.environ,
                file_actions=[(os.POSIX_SPAWN_DUP2, d, n) for n, d in enumerate(stdio or (null, null, null))],
                setsigmask=(),
                setsigdef=(signal.SIGPIPE, signal.SIGHUP, signal.SIGCHLD, signal.SIGTERM, signal.SIGINT),
            )
            _, status = os.waitpid(pid, 0)
            if status:
                raise StartError(_complaint(log) or f"{self.program}: exit status {os.waitstatus_to_exitcode(status)}")
        except OSError as error:
            raise StartError(f"{self.program}: {(error.strerror or '').lower()}") from error
        finally:
            os.close(null)
            with contextlib.suppress(FileNotFoundError):
                os.unlink(log)


def _complaint(log: str) -> str:
    """The last error of a runtime's log; empty when it has said nothing."""
    found = ""
    with contextlib.suppress(OSError):
        for line in files.read(log).splitlines():
            with contextlib.suppress(ValueError):
                row = json.loads(line)
                found = row["msg"] if row.get("level") in ("error", "fatal") else found
    return found


def _with_numbers(wanted: dict[str, Any], root: int) -> dict[str, Any]:
    """Other runtimes know no names of users: numbers from the container's own files. Raises StartError."""

    def read(path: str) -> str:
        descriptor = paths.open_in_root(root, path, os.O_RDONLY)
        try:
            return os.read(descriptor, files.LIMIT).decode("utf-8", "surrogateescape")
        finally:
            os.close(descriptor)

    user = process.identity(wanted, read)
    environment = process.environment(wanted, user)
    return {
        **wanted,
        "user": {"uid": user.uid, "gid": user.gid, "additionalGids": user.groups},
        "env": [f"{name}={value}" for name, value in environment.items()],
    }
