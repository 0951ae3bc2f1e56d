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
from barque.runtime import process, reaper, rootfs, signals
from barque.runtime.hooks import run_hooks
from barque.runtime.loopback import bring_up as bring_loopback_up

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
    """``setup``: rootfs, stdio, console_socket, filter, pdeathsig, cgroup, at_once, joined (kind, fd), new_*."""
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
    signals.reset()
    os.umask(0)
    os.setsid()
    libc.prctl(process.PR_SET_PDEATHSIG, setup["pdeathsig"])
    if setup["cgroup"] is not None:
        setup["cgroup"].join()
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
    root = rootfs.build(spec, setup["rootfs"], setup["new_cgroup"]) if setup["new_mount"] else None
    slave = _inside(spec, setup, root)
    if not setup["at_once"]:
        line.send(ready=True)
        answer = line.receive()
        if answer is None or not answer.get("start"):
            os._exit(1)
        run_hooks(spec, "startContainer", answer.get("state") or {})
    _exec(spec, setup, slave, line)


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


def take_stdio(setup: dict[str, Any], slave: int | None) -> None:
    """Put the given descriptors, or the terminal, at 0, 1 and 2."""
    if slave is not None:
        process.controlling(slave)
        return
    for number, descriptor in enumerate(setup["stdio"]):
        if descriptor == number:
            os.set_inheritable(number, True)
        else:
            os.dup2(descriptor, number)


def _exec(spec: dict[str, Any], setup: dict[str, Any], slave: int | None, line: Line) -> None:
    wanted = spec["process"]
    process.limits(wanted)
    take_stdio(setup, slave)
    sync = line.connection.detach()
    libc.syscall(libc.SYS_CLOSE_RANGE, "close_range", 3, 0xFFFFFFFF, 4)  # CLOSE_RANGE_CLOEXEC
    line.connection = socket.socket(fileno=sync)
    program = process.become(wanted, setup["filter"], setup["pdeathsig"])
    if setup["reaper"]:
        reaper.run(wanted, program, line.connection)
    process.execute(wanted, program)
