"""From a ``task`` request to a running shim; the supervisor's handler."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import socket
from typing import Any

from barque.shim.logs.writer import Writer
from barque.shim.shim import Shim
from barque.shim.streams import Streams
from barque.shim.task import Task, own_mounts
from barque.wire import lines


def run(request: dict[str, Any], connection: socket.socket) -> None:
    """Be the shim of one container: create it, answer, serve until it has ended (contract in ARCHITECTURE.md)."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)
    os.chdir("/")
    os.umask(0o022)
    directory = request["dir"]
    selector = selectors.DefaultSelector()
    listener = _listen(directory)
    own_mounts(request)
    log = _log(request.get("log"))
    streams = Streams(selector, bool(request.get("tty")), bool(request.get("open_stdin")), log)
    streams.close_input_with_client = bool(request.get("stdin_once"))
    try:
        task = Task(request, streams)
    except BaseException:
        streams.abandon()
        raise
    shim = Shim(task, streams, selector, listener)
    answer = {"pid": task.pid, "shim_pid": os.getpid()}
    if request.get("start"):
        try:
            task.start()
        except BaseException:
            task.reap()
            task.clean()
            raise
        answer["started_at"] = task.started_at
    with contextlib.suppress(OSError):
        connection.sendall(lines.ok(**answer))
    connection.close()
    shim.run()


def _listen(directory: str) -> socket.socket:
    path = os.path.join(directory, "shim.sock")
    for name in ("shim.sock", "exit.json"):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(os.path.join(directory, name))
    listener = socket.socket(socket.AF_UNIX)
    with lines.reachable(path) as name:
        listener.bind(name)
    os.chmod(path, 0o600)
    listener.listen(128)
    listener.setblocking(False)
    with open(os.path.join(directory, "shim.pid"), "w", encoding="utf-8") as file:
        file.write(str(os.getpid()))
    return listener


def _log(wanted: dict[str, Any] | None) -> Writer | None:
    if not wanted or wanted.get("driver") == "none":
        return None
    attrs = json.dumps(wanted["attrs"], separators=(",", ":"), sort_keys=True) if wanted.get("attrs") else ""
    return Writer(
        wanted["path"],
        int(wanted.get("max_size") or 0),
        int(wanted.get("max_file") or 1),
        bool(wanted.get("compress")),
        attrs,
    )
