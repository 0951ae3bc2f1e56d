"""What the cloned init does, from its first instruction to execve.

It talks to the creator over one socket, one JSON line each way: ``ready`` when everything is set up, then it waits for
``start``; the socket closes by exec, or carries the error. The order of the steps is runc's.
"""

from __future__ import annotations

import json
import os
import socket
from typing import Any, NoReturn

from barque.errors import StartError
from barque.linux import clone, libc
from barque.runtime import capabilities, process, reaper, rootfs, signals
from barque.runtime.hooks import run_hooks
from barque.runtime.loopback import bring_up as bring_loopback_up
from barque.runtime.program import find_program
from barque.runtime.steps import Step, perform

NAMESPACES = {
    "mount": clone.CLONE_NEWNS,
    "network": clone.CLONE_NEWNET,
    "uts": clone.CLONE_NEWUTS,
    "ipc": clone.CLONE_NEWIPC,
    "pid": clone.CLONE_NEWPID,
    "user": clone.CLONE_NEWUSER,
    "cgroup": clone.CLONE_NEWCGROUP,
    "time": clone.CLONE_NEWTIME,
}


class Line:
    """JSON lines over the sync socket."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.buffer = b""

    def send(self, **message: Any) -> None:
        self.connection.sendall(json.dumps(message).encode() + b"\n")

    def receive(self) -> dict[str, Any] | None:
        """The next message; None at the end of the stream."""
        while b"\n" not in self.buffer:
            chunk = self.connection.recv(65536)
            if not chunk:
                return None
            self.buffer += chunk
        line, _, self.buffer = self.buffer.partition(b"\n")
        message: dict[str, Any] = json.loads(line)
        return message


def run(spec: dict[str, Any], setup: dict[str, Any], sync: socket.socket) -> NoReturn:
    """``setup``: rootfs; mounts, devices and limits as planned; stdio, console_socket, filter, pdeathsig, entrances,
    at_once, joined (kind, fd), new_*."""
    line = Line(sync)
    try:
        _run(spec, setup, line)
    except BaseException as error:
        report(line, error)
    finally:
        os._exit(1)


def report(line: Line, error: BaseException) -> None:
    """Send what went wrong, in runc's words where we have them."""
    if isinstance(error, StartError):
        message = error.message
    elif isinstance(error, OSError):
        message = f"{error.strerror}: {error.filename}" if error.filename else str(error.strerror)
    else:
        message = f"{type(error).__name__}: {error}"
    try:
        line.send(error=message)
    except OSError:
        pass


def _run(spec: dict[str, Any], setup: dict[str, Any], line: Line) -> None:
    perform(signals.steps())
    os.umask(0)
    os.setsid()
    libc.prctl(process.PR_SET_PDEATHSIG, setup["pdeathsig"])
    for entrance in setup["entrances"]:
        os.write(entrance, b"0")
    for kind, descriptor in setup["joined"]:
        libc.setns(descriptor, kind)
        os.close(descriptor)
    if setup["new_user"]:
        line.send(wants="maps")
        line.receive()
        os.setresgid(0, 0, 0)
        os.setresuid(0, 0, 0)
    if setup["new_network"]:
        bring_loopback_up()
    if setup["new_cgroup"]:
        libc.unshare(clone.CLONE_NEWCGROUP)  # rooted where we are now
    root = rootfs.build(spec, setup) if setup["new_mount"] else None
    if spec.get("hooks"):
        _creation_hooks(spec, line)
    slave = _inside(spec, setup, root)
    if not setup["at_once"]:
        line.send(ready=True)
        answer = line.receive()
        if answer is None or not answer.get("start"):
            os._exit(1)
        run_hooks(spec, "startContainer", answer.get("state") or {})
    _exec(spec, setup, slave, line)


def _creation_hooks(spec: dict[str, Any], line: Line) -> None:
    """Before the pivot: the creator runs its own in its namespaces, then ours run in those of the container."""
    line.send(wants="hooks")
    answer = line.receive()
    if answer is None:
        os._exit(1)
    run_hooks(spec, "createContainer", answer["state"])


def _inside(spec: dict[str, Any], setup: dict[str, Any], root: Any) -> int | None:
    """From the pivot to the point where only the program is missing; the terminal's slave, if one was asked for."""
    wanted = spec["process"]
    if root is not None:
        rootfs.pivot(root)
    if spec.get("hostname") and setup["new_uts"]:
        libc.sethostname(spec["hostname"])
    if spec.get("domainname") and setup["new_uts"]:
        libc.setdomainname(spec["domainname"])
    slave = None
    if wanted.get("terminal"):
        slave = process.terminal(setup["console_socket"], wanted.get("consoleSize"))
        if root is not None:
            rootfs.bind_console(slave)
    if root is not None:
        rootfs.finish(spec)
    _make_cwd(wanted.get("cwd") or "/")
    return slave


def _make_cwd(cwd: str) -> None:
    if not os.path.isdir(cwd):
        try:
            os.makedirs(cwd, 0o755)
        except OSError:
            pass  # become() says what is wrong with it


CLOSE_ON_EXEC = [Step(libc.raw_syscall, libc.words(libc.SYS_CLOSE_RANGE, 3, 0xFFFFFFFF, 4), "close_range: {}")]
"""Every descriptor but stdio ends with the execve (close_range(2), CLOSE_RANGE_CLOEXEC)."""


def stdio_steps(stdio: tuple[int, ...]) -> list[Step]:
    """Put the given descriptors at 0, 1 and 2."""
    return [
        Step(os.set_inheritable, (number, True)) if descriptor == number else Step(os.dup2, (descriptor, number))
        for number, descriptor in enumerate(stdio)
    ]


def _exec(spec: dict[str, Any], setup: dict[str, Any], slave: int | None, line: Line) -> None:
    wanted = spec["process"]
    perform(setup["limits"])
    if slave is not None:
        process.controlling(slave)
    else:
        perform(stdio_steps(setup["stdio"]))
    perform(CLOSE_ON_EXEC)
    user = process.identity(wanted)
    perform(process.become(wanted, user, capabilities.available(), setup["filter"], setup["pdeathsig"]))
    pairs = process.environment(wanted, user)
    program = find_program(wanted["args"][0], pairs.get("PATH", ""))
    if setup["reaper"]:
        reaper.run(wanted, program, pairs, line.connection)
    process.execute(wanted, program, pairs)
