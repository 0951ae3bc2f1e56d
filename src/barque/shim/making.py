"""The maker: a child of the shim that makes the container, answers who asked for it, and goes.

The container's init is cloned as the maker's sibling, so that it is the shim's child. The shim gets one message over a
socket: ``FACTS``, the request (marshal: both are one program), and as ancillary data those of the ``ENDS`` that there
are. The end of the socket without a message says that nothing was made.
"""

from __future__ import annotations

import _socket
import contextlib
import json
import marshal
import os
import signal
import socket
import struct
import time
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from barque import runtime
from barque.cgroups import Cgroup
from barque.linux import clone, files, libc, mounts
from barque.shim.logs import opened
from barque.shim.stdio import Stdio
from barque.wire import lines

Handler = Callable[[dict[str, Any], socket.socket], None]
Handle = Callable[[socket.socket, Mapping[str, Handler]], None]
"""What reads a request and calls the handler of its operation; an error is the answer then."""

FACTS = struct.Struct("=qqq")
"""pid of init, time of the start (ns, 0: not started yet), and which of ENDS there are (a bit each)."""

ADOPT = b"adopt"
"""The maker's word, before the message, that another program's init will be the shim's: sent back when it may come."""

ENDS = 6
"""shim.sock, the root file system, the way to init until the start, stdin, stdout or the terminal, stderr."""

ROOT = 63
"""The descriptor at which the shim keeps the root file system; ``<task>/root`` is a link to it."""

PR_SET_PDEATHSIG = 1


def run(connection: int, shim: _socket.socket, handle: Handle) -> NoReturn:
    """In the maker: from the connection to a container that is created, or started if that is asked."""
    try:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        handle(socket.socket(fileno=connection), {"task": lambda request, asking: _make(request, asking, shim)})
    finally:
        os._exit(0)


def _make(request: dict[str, Any], asking: socket.socket, shim: _socket.socket) -> None:
    directory = request["dir"]
    spec = json.loads(files.read(os.path.join(directory, "config.json")))
    listener = _listen(directory)
    root = _mounts(request, spec["root"]["path"])
    opened(request.get("log"))  # what is wrong with it is found out before anything runs
    stdio = Stdio(bool(request.get("tty")), bool(request.get("open_stdin")))
    if request.get("runtime"):
        pid, started_at = _external(request, spec, stdio, shim)
        _finished(request, asking, shim, pid, started_at, [listener, root, -1, *_ours(stdio)])
        return
    cgroup = Cgroup.create(request["cgroup"], runtime.resources(spec))
    started_at = 0
    try:
        start = bool(request.get("start"))
        created = runtime.create(
            request["id"], directory, spec, stdio.theirs, stdio.console_socket, cgroup, sibling=True, at_once=start
        )
        stdio.taken()
        if start:
            started_at = time.time_ns()
    except BaseException:
        cgroup.kill()
        cgroup.delete()
        raise
    line = -1 if started_at else created.line.connection.fileno()
    _finished(request, asking, shim, created.pid, started_at, [listener, root, line, *_ours(stdio)])


def _ours(stdio: Stdio) -> list[int]:
    out, err = stdio.by_stream()
    return [-1 if stdio.tty else stdio.input, out, err]


def _external(request: dict[str, Any], spec: dict[str, Any], stdio: Stdio, shim: _socket.socket) -> tuple[int, int]:
    """Another program makes it; the shim is to adopt its init. pid, and time of the start, if that is asked for."""
    from barque.shim.external import External

    shim.send(ADOPT)
    shim.recv(len(ADOPT))
    other = External(request["runtime"], request["id"], request["dir"])
    pid = other.create(spec, stdio)
    try:
        stdio.taken()
        if not request.get("start"):
            return pid, 0
        other.start()
        return pid, time.time_ns()
    except BaseException:
        other.delete()
        raise


def _finished(
    request: dict[str, Any], asking: socket.socket, shim: _socket.socket, pid: int, started_at: int, ends: list[int]
) -> None:
    """Answer who asked, and hand everything over."""
    answer = {"pid": pid, "shim_pid": os.getppid()}
    asking.sendall(lines.ok(**answer, **({"started_at": started_at} if started_at else {})))
    present = sum(1 << n for n, descriptor in enumerate(ends) if descriptor >= 0)
    rights = struct.pack(f"{present.bit_count()}i", *(d for d in ends if d >= 0))
    message = FACTS.pack(pid, started_at, present) + marshal.dumps(request)
    shim.sendmsg([message], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])


def state(container_id: str, bundle: str, pid: int) -> dict[str, Any]:
    """What hooks get on stdin (runtime-spec, State)."""
    return {"ociVersion": "1.2.0", "id": container_id, "status": "created", "pid": pid, "bundle": bundle}


def _mounts(request: dict[str, Any], rootfs: str) -> int:
    """A mount namespace of our own, in which host mounts still arrive, with the container's root file system.

    The namespace ends with us; the descriptor, and init's copy, keep the file system.
    """
    libc.unshare(clone.CLONE_NEWNS)
    libc.mount("", "/", None, mounts.MS_SLAVE | mounts.MS_REC)
    for entry in request.get("mounts") or ():
        mounts.perform(entry, rootfs)
    return os.open(rootfs, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)


def _listen(directory: str) -> int:
    """shim.sock, and beside it who we are and where the files are; what an earlier run has left goes."""
    os.chdir(directory)  # the socket's whole path might not fit into its address (unix(7))
    for name in ("shim.sock", "exit.json", "root"):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)
    listener = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    listener.bind("shim.sock")
    os.chmod("shim.sock", 0o600)
    listener.listen(128)
    listener.setblocking(False)
    files.make("shim.pid", str(os.getppid()).encode())
    os.symlink(f"/proc/{os.getppid()}/fd/{ROOT}", "root")
    os.chdir("/")
    return listener.detach()
