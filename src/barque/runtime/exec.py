"""A further process in a running container: join its namespaces, then the same last steps as init's.

Everything is looked up and decided before the clone; the child goes through a list.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from typing import Any, NamedTuple, NoReturn

from barque.cgroups import Cgroup
from barque.errors import StartError
from barque.linux import clone, files, libc, paths
from barque.runtime import capabilities, init, process, seccomp, signals
from barque.runtime.create import Starting, Stdio
from barque.runtime.program import find_program
from barque.runtime.steps import Step, perform

KINDS = {"user": "user", "ipc": "ipc", "uts": "uts", "network": "net", "cgroup": "cgroup", "pid": "pid", "mount": "mnt"}


class Plan(NamedTuple):
    """What the child does: ``before`` its terminal or stdio is in place, ``after``, and the program at the end."""

    before: list[Step]
    stdio: list[Step]
    after: list[Step]
    program: str
    environment: dict[str, str]


class Inside:
    """The container's files, looked at from outside: every path is resolved within its root."""

    def __init__(self, pid: int) -> None:
        self.root = os.open(f"/proc/{pid}/root", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)

    def close(self) -> None:
        os.close(self.root)

    def read(self, path: str) -> str:
        descriptor = paths.open_in_root(self.root, path, os.O_RDONLY)
        try:
            return os.read(descriptor, files.LIMIT).decode("utf-8", "surrogateescape")
        finally:
            os.close(descriptor)

    def stat(self, path: str) -> os.stat_result:
        descriptor = paths.open_in_root(self.root, path, os.O_PATH)
        try:
            return os.fstat(descriptor)
        finally:
            os.close(descriptor)


def exec_process(
    container_pid: int,
    spec: dict[str, Any],
    wanted: dict[str, Any],
    stdio: Stdio | tuple[int, int, int],
    console_socket: int | None,
    cgroup: Cgroup | None,
) -> Starting:
    """Start ``wanted`` (a runtime-spec process) beside init, as a child of the caller.

    ``executed()`` of what is returned tells whether the program runs. Raises StartError in runc's words.
    """
    try:
        pidfd_of_init = os.pidfd_open(container_pid)
        inside = Inside(container_pid)
    except (ProcessLookupError, FileNotFoundError) as error:
        raise StartError("cannot exec in a stopped container") from error
    opened = [pidfd_of_init]
    try:
        entrances = cgroup.entrances() if cgroup is not None else []
        opened += entrances
        plan = _plan(inside, spec, wanted, tuple(stdio), _joins(pidfd_of_init, inside.root, spec, entrances))
        door = cgroup.door() if cgroup is not None else None
        opened += [] if door is None else [door]
        return _start(pidfd_of_init, door, lambda line: _child(plan, wanted, console_socket, line))
    finally:
        inside.close()
        for descriptor in opened:
            os.close(descriptor)


def _joins(pidfd_of_init: int, root: int, spec: dict[str, Any], entrances: list[int]) -> list[Step]:
    """Into the group, into all namespaces of init that differ from ours, in one setns(2) with its pidfd (5.8), and to
    init's root: that of its mount namespace is another one when the engine itself runs in a chroot(2)."""
    flags = 0
    for namespace in (spec.get("linux") or {}).get("namespaces") or ():
        if namespace["type"] not in ("pid", "time"):
            flags |= init.NAMESPACES[namespace["type"]]
    return [
        *(Step(os.write, (entrance, b"0"), "failed to join the cgroup: {}") for entrance in entrances),
        *([Step(libc.raw_setns, (pidfd_of_init, flags), "setns: {}")] if flags else []),
        Step(os.fchdir, (root,), "failed to enter the root of the container: {}"),
        Step(os.chroot, (".",), "failed to enter the root of the container: {}"),
    ]


def _plan(
    inside: Inside, spec: dict[str, Any], wanted: dict[str, Any], stdio: tuple[int, ...], joins: list[Step]
) -> Plan:
    linux = spec.get("linux") or {}
    profile = linux.get("seccomp")
    user = process.identity(wanted, inside.read)
    environment = process.environment(wanted, user)
    own_users = any(namespace["type"] == "user" for namespace in linux.get("namespaces") or ())
    have = capabilities.everything() if own_users else capabilities.inherited()
    cwd = wanted.get("cwd") or "/"
    return Plan(
        [*signals.steps(), Step(os.setsid, ()), *joins, *process.limits(wanted)],
        [] if wanted.get("terminal") else init.stdio_steps(stdio),
        process.become(wanted, user, have, seccomp.compile(profile) if profile else None, 0),
        find_program(wanted["args"][0], environment.get("PATH", ""), lambda path: inside.stat(os.path.join(cwd, path))),
        environment,
    )


def _start(pidfd_of_init: int, door: int | None, child: Callable[[init.Line], NoReturn]) -> Starting:
    """Clone into the container's pid namespace, which only children enter: join, clone, and come back."""
    ours, theirs = socket.socketpair()
    own = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
    try:
        libc.setns(pidfd_of_init, clone.CLONE_NEWPID)
        try:
            pid, pidfd = clone.clone(0, cgroup=door)
            if pid == 0:
                child(init.Line(theirs))
        finally:
            libc.setns(own, clone.CLONE_NEWPID)
    finally:
        os.close(own)
    theirs.close()
    return Starting(pid, pidfd, init.Line(ours))


def _child(plan: Plan, wanted: dict[str, Any], console_socket: int | None, line: init.Line) -> NoReturn:
    try:
        perform(plan.before)
        if wanted.get("terminal"):
            process.controlling(process.terminal(console_socket, wanted.get("consoleSize")))  # type: ignore[arg-type]
        else:
            perform(plan.stdio)
        perform(init.CLOSE_ON_EXEC)
        perform(plan.after)
        process.execute(wanted, plan.program, plan.environment)
    except BaseException as error:
        init.report(line, error)
    finally:
        os._exit(1)
