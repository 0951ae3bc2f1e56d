"""A further process in a running container: join its namespaces, then the same last steps as init's.

Everything is looked up and decided before the clone; the child goes through a list, of system calls in our memory where
that can be (``linux.vfork``), of calls into C in a fork elsewhere.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, NoReturn

from barque.cgroups import Cgroup
from barque.errors import StartError
from barque.linux import clone, files, libc, paths, vfork
from barque.runtime import capabilities, init, process, seccomp, signals
from barque.runtime.create import Started, Starting, Stdio
from barque.runtime.program import exec_failed, find_program
from barque.runtime.steps import Step, failed, perform
from barque.runtime.system_calls import spelled

KINDS = {"user": "user", "ipc": "ipc", "uts": "uts", "network": "net", "cgroup": "cgroup", "pid": "pid", "mount": "mnt"}
PR_SET_DUMPABLE = 4


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
) -> Starting | Started:
    """Start ``wanted`` (a runtime-spec process) beside init, as a child of the caller.

    ``executed()`` of what is returned tells whether the program runs. Raises StartError in runc's words.
    """
    try:
        pidfd_of_init = os.pidfd_open(container_pid)
        inside = Inside(container_pid)
    except (ProcessLookupError, FileNotFoundError) as error:
        raise StartError("cannot exec in a stopped container") from error
    opened = [pidfd_of_init]
    libc.prctl(PR_SET_DUMPABLE, 0)  # nobody in the container may look into the child before it is the program
    try:
        entrances = cgroup.entrances() if cgroup is not None else []
        opened += entrances
        plan = _plan(inside, spec, wanted, tuple(stdio), _joins(pidfd_of_init, inside.root, spec, entrances))
        door = cgroup.door() if cgroup is not None else None
        opened += [] if door is None else [door]
        with _children_in(pidfd_of_init):
            made = _run(plan, spec, wanted, door)
            return made or _fork(door, lambda line: _child(plan, wanted, console_socket, line))
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


@contextlib.contextmanager
def _children_in(pidfd_of_init: int) -> Iterator[None]:
    """While the block lasts, our children are born in the container's pid namespace, which only children enter."""
    own = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
    try:
        libc.setns(pidfd_of_init, clone.CLONE_NEWPID)
        try:
            yield
        finally:
            libc.setns(own, clone.CLONE_NEWPID)
    finally:
        os.close(own)


def _run(plan: Plan, spec: dict[str, Any], wanted: dict[str, Any], door: int | None) -> Started | None:
    """By system calls alone. None when that cannot be, or should not: until its execve the child has our memory, which
    a container that may trace everybody must not come to see."""
    if wanted.get("terminal") or not vfork.available() or any(map(_traces, (spec.get("process") or {}, wanted))):
        return None
    execve = Step(os.execve, (plan.program, wanted["args"], plan.environment))
    steps = [*plan.before, *plan.stdio, *init.CLOSE_ON_EXEC, *plan.after, execve]
    calls = spelled(steps)
    if calls is None:
        return None
    outcome = vfork.run(calls, door)
    if outcome.failed is None:
        return Started(outcome.pid, outcome.pidfd, "")
    if not outcome.errno:
        return Started(outcome.pid, outcome.pidfd, "the process ended before its program started")
    error, step = OSError(outcome.errno, os.strerror(outcome.errno)), steps[outcome.failed]
    failure = exec_failed(wanted["args"][0], error) if step is execve else failed(step, error)
    return Started(outcome.pid, outcome.pidfd, failure.message)


def _traces(process: dict[str, Any]) -> bool:
    return "CAP_SYS_PTRACE" in ((process.get("capabilities") or {}).get("bounding") or ())


def _fork(door: int | None, child: Callable[[init.Line], NoReturn]) -> Starting:
    ours, theirs = socket.socketpair()
    pid, pidfd = clone.clone(0, cgroup=door)
    if pid == 0:
        child(init.Line(theirs))
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
