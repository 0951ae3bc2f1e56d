"""The creating side: clone init into its namespaces, serve what it asks for, hold it until ``start``."""

from __future__ import annotations

import json
import os
import signal
import socket
from typing import Any, NamedTuple

from barque.cgroups import Cgroup
from barque.errors import StartError
from barque.linux import clone, libc
from barque.runtime import devices, init, mounting, process, seccomp
from barque.runtime.hooks import run_hooks


class Stdio(NamedTuple):
    """Descriptors that become 0, 1 and 2."""

    stdin: int
    stdout: int
    stderr: int


class Process:
    """A running process of a container: its pid here and a pidfd."""

    def __init__(self, pid: int, pidfd: int) -> None:
        self.pid = pid
        self.pidfd = pidfd


class Starting(Process):
    """A process on its way to its program; ``line`` ends with the execve."""

    def __init__(self, pid: int, pidfd: int, line: init.Line) -> None:
        super().__init__(pid, pidfd)
        self.line = line

    def executed(self) -> str:
        """Wait for execve: empty when it has succeeded, runc's words when it has not, and the process is gone then."""
        answer = self.line.receive()
        self.line.connection.close()
        return "" if answer is None else answer.get("error") or "the process ended before its program started"


class Started(Process):
    """A process whose program runs, or that has ended with ``failure`` before it did."""

    def __init__(self, pid: int, pidfd: int, failure: str) -> None:
        super().__init__(pid, pidfd)
        self._failure = failure

    def executed(self) -> str:
        """As ``Starting.executed``; nothing to wait for."""
        return self._failure


class Created(Starting):
    """A container that is set up and waits before its program."""

    def start(self, state: dict[str, Any] | None = None) -> None:
        """Let the program run; returns once execve has succeeded. Raises StartError, and init is gone then."""
        self.line.send(start=True, state=state or {})
        failure = self.executed()
        if failure:
            raise StartError(failure)


def create(
    container_id: str,
    bundle: str,
    spec: dict[str, Any],
    stdio: Stdio | tuple[int, int, int],
    console_socket: int | None,
    cgroup: Cgroup | None,
    *,
    pdeathsig: bool = True,
    sibling: bool = False,
    at_once: bool = False,
) -> Created:
    """Clone init and wait until it has set everything up (runtime-spec, ``create``).

    The caller must be single-threaded. ``console_socket`` gets the terminal's master by SCM_RIGHTS when
    ``process.terminal`` is set. With ``sibling`` init becomes a child of the caller's parent; ``at_once`` it does
    not wait for ``start``, and this returns when its program runs. Raises StartError in runc's words; nothing is
    left of init then.
    """
    setup, flags, parent_namespaces = _setup(bundle, spec, stdio, console_socket)
    setup |= {
        "pdeathsig": signal.SIGKILL if pdeathsig else 0,
        "entrances": cgroup.entrances() if cgroup is not None else [],
        "at_once": at_once,
    }
    ours, theirs = socket.socketpair()
    door = cgroup.door() if cgroup is not None else None
    try:
        for kind, descriptor in parent_namespaces:
            libc.setns(descriptor, kind)
        pid, pidfd = clone.clone(flags, sibling, door)
        if pid == 0:
            ours.close()
            init.run(spec, setup, theirs)
    finally:
        if parent_namespaces:
            _back_to_own_pid_namespace()
        for descriptor in [d for _, d in (*setup["joined"], *parent_namespaces)] + setup["entrances"]:
            os.close(descriptor)
        if door is not None:
            os.close(door)
    theirs.close()
    line = init.Line(ours)
    try:
        _serve(line, pid, spec, at_once, container_id, bundle)
    except BaseException:
        _abandon(pid, pidfd)
        raise
    return Created(pid, pidfd, line)


def _setup(
    bundle: str, spec: dict[str, Any], stdio: tuple[int, int, int], console_socket: int | None
) -> tuple[dict[str, Any], int, list[tuple[int, int]]]:
    linux = spec.get("linux") or {}
    new = 0
    joined: list[tuple[int, int]] = []
    parent: list[tuple[int, int]] = []
    for namespace in linux.get("namespaces") or ():
        flag = init.NAMESPACES.get(namespace["type"])
        if flag is None:
            raise StartError(f"namespace {json.dumps(namespace['type'])} does not exist")
        if flag == clone.CLONE_NEWTIME and not namespace.get("path"):
            raise StartError("new time namespaces are not supported")
        if namespace.get("path"):
            try:
                descriptor = os.open(namespace["path"], os.O_RDONLY | os.O_CLOEXEC)
            except OSError as error:
                raise StartError(f"lstat {namespace['path']}: {(error.strerror or '').lower()}") from error
            (parent if flag == clone.CLONE_NEWPID else joined).append((flag, descriptor))
        else:
            new |= flag
    profile = linux.get("seccomp")
    root = (spec.get("root") or {}).get("path") or "rootfs"
    setup = {
        "mounts": [mounting.plan(entry) for entry in spec.get("mounts") or ()],
        "devices": devices.wanted(spec),
        "limits": process.limits(spec["process"]),
        "rootfs": os.path.realpath(os.path.join(bundle, root)),
        "stdio": stdio,
        "console_socket": console_socket,
        "filter": seccomp.compile(profile) if profile else None,
        "joined": sorted(joined, key=lambda pair: pair[0] != clone.CLONE_NEWUSER),
        "new_user": bool(new & clone.CLONE_NEWUSER),
        "new_mount": bool(new & clone.CLONE_NEWNS),
        "new_uts": bool(new & clone.CLONE_NEWUTS),
        "new_network": bool(new & clone.CLONE_NEWNET),
        "new_cgroup": bool(new & clone.CLONE_NEWCGROUP),
        "reaper": (spec.get("annotations") or {}).get("org.barque.init") == "true",
    }
    return setup, new & ~clone.CLONE_NEWCGROUP, parent


def _back_to_own_pid_namespace() -> None:
    own = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
    try:
        libc.setns(own, clone.CLONE_NEWPID)
    finally:
        os.close(own)


def _serve(line: init.Line, pid: int, spec: dict[str, Any], at_once: bool, container_id: str, bundle: str) -> None:
    """Answer init's wishes until it is ready, or, ``at_once``, has become its program."""
    while True:
        message = line.receive()
        if message is None and at_once:
            line.connection.close()
            return
        if message is None:
            raise StartError("init ended during container creation")
        if "error" in message:
            raise StartError(message["error"])
        if message.get("ready"):
            return
        if message.get("wants") == "maps":
            _write_maps(pid, spec.get("linux") or {})
        state = {}
        if message.get("wants") == "hooks":
            state = {"ociVersion": "1.2.0", "id": container_id, "status": "creating", "pid": pid, "bundle": bundle}
            state["annotations"] = spec.get("annotations") or {}
            for kind in ("prestart", "createRuntime"):
                run_hooks(spec, kind, state)
        line.send(done=True, state=state)


def _write_maps(pid: int, linux: dict[str, Any]) -> None:
    for file, name in (("uid_map", "uidMappings"), ("gid_map", "gidMappings")):
        rows = [f"{m['containerID']} {m['hostID']} {m['size']}" for m in linux.get(name) or ()]
        if rows:
            with open(f"/proc/{pid}/{file}", "w", encoding="utf-8") as out:
                out.write("\n".join(rows) + "\n")


def _abandon(pid: int, pidfd: int) -> None:
    try:
        signal.pidfd_send_signal(pidfd, signal.SIGKILL)
    except ProcessLookupError:
        pass
    try:
        os.waitpid(pid, 0)
    except ChildProcessError:
        pass
    os.close(pidfd)
