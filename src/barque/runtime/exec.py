"""A further process in a running container: join its namespaces, then the same last steps as init's."""

from __future__ import annotations

import os
import socket
from typing import Any, NoReturn

from barque.cgroups import Cgroup
from barque.errors import StartError
from barque.linux import clone, libc
from barque.runtime import init, process, seccomp, signals
from barque.runtime.create import Starting, Stdio

KINDS = {"user": "user", "ipc": "ipc", "uts": "uts", "network": "net", "cgroup": "cgroup", "pid": "pid", "mount": "mnt"}


def exec_process(
    container_pid: int,
    spec: dict[str, Any],
    wanted: dict[str, Any],
    stdio: Stdio | tuple[int, int, int],
    console_socket: int | None,
    cgroup: Cgroup | None,
    *,
    sibling: bool = False,
) -> Starting:
    """Start ``wanted`` (a runtime-spec process) beside init, as a child of the caller, or of its parent (``sibling``).

    ``executed()`` of what is returned tells whether the program runs. Raises StartError in runc's words.
    """
    profile = (spec.get("linux") or {}).get("seccomp")
    filter_program = seccomp.compile(profile) if profile else None
    try:
        pidfd_of_init = os.pidfd_open(container_pid)
    except ProcessLookupError as error:
        raise StartError("cannot exec in a stopped container") from error
    ours, theirs = socket.socketpair()
    own = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
    door = cgroup.door() if cgroup is not None else None
    try:
        # a pid namespace is entered by children only: join, clone, and come back
        libc.setns(pidfd_of_init, clone.CLONE_NEWPID)
        try:
            pid, pidfd = clone.clone(0, sibling, door)
        except BaseException:
            libc.setns(own, clone.CLONE_NEWPID)
            raise
        if pid == 0:
            ours.close()
            _child(pidfd_of_init, spec, wanted, (stdio, console_socket, filter_program, cgroup), theirs)
        libc.setns(own, clone.CLONE_NEWPID)
    finally:
        os.close(own)
        os.close(pidfd_of_init)
        if door is not None:
            os.close(door)
    theirs.close()
    return Starting(pid, pidfd, init.Line(ours))


def _child(
    pidfd_of_init: int,
    spec: dict[str, Any],
    wanted: dict[str, Any],
    given: tuple[Stdio | tuple[int, int, int], int | None, bytes | None, Cgroup | None],
    sync: socket.socket,
) -> NoReturn:
    line = init.Line(sync)
    try:
        stdio, console_socket, filter_program, cgroup = given
        signals.reset()
        os.setsid()
        if cgroup is not None:
            cgroup.join()
        _join(pidfd_of_init, spec)
        process.limits(wanted)
        slave = process.terminal(console_socket, wanted.get("consoleSize")) if wanted.get("terminal") else None  # type: ignore[arg-type]
        init.take_stdio({"stdio": stdio}, slave)
        descriptor = sync.detach()
        libc.syscall(libc.SYS_CLOSE_RANGE, "close_range", 3, 0xFFFFFFFF, 4)
        line.connection = socket.socket(fileno=descriptor)
        program = process.become(wanted, filter_program, 0)
        process.execute(wanted, program)
    except BaseException as error:
        init.report(line, error)
    finally:
        os._exit(1)


def _join(pidfd_of_init: int, spec: dict[str, Any]) -> None:
    """All namespaces of init that differ from ours, in one setns(2) with its pidfd (Linux 5.8)."""
    flags = 0
    for namespace in (spec.get("linux") or {}).get("namespaces") or ():
        if namespace["type"] not in ("pid", "time"):
            flags |= init.NAMESPACES[namespace["type"]]
    if flags:
        libc.setns(pidfd_of_init, flags)
    os.chdir("/")
