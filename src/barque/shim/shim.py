"""The shim's loop: one selector over the container's streams, its processes, and the sockets of those who ask."""

from __future__ import annotations

import _socket
import contextlib
import json
import os
import signal
import time
from collections.abc import Callable
from typing import Any

from barque import runtime
from barque.errors import BarqueError, Conflict, InvalidArgument, NotFound, StartError
from barque.shim import making
from barque.shim.client import Client
from barque.shim.logs import Writer
from barque.shim.loop import READ, Loop
from barque.shim.stdio import Stdio
from barque.shim.streams import Streams
from barque.shim.task import Task
from barque.wire import lines

LINGER = 10.0
"""Seconds that clients have to take the last output."""


class ExecProcess:
    def __init__(self, pid: int, pidfd: int, streams: Streams) -> None:
        self.pid = pid
        self.pidfd = pidfd
        self.streams = streams
        self.exit: dict[str, Any] | None = None


class Shim:
    """``watcher`` is the connection of who asked for the task: it hears of everything, as from ``events``. ``maker``
    is a pidfd of the child that made the container, -1 when it has gone already."""

    def __init__(
        self,
        task: Task,
        stdio: Stdio,
        stdin_once: bool,
        log: Writer | None,
        listener: int,
        watcher: _socket.socket,
        maker: int,
    ) -> None:
        self.task = task
        self.loop = Loop()
        self.streams = Streams(self.loop, stdio, log)
        self.streams.close_input_with_client = stdin_once
        self.listener = _socket.socket(fileno=listener)
        self.execs: dict[str, ExecProcess] = {}
        self.watchers: list[_socket.socket] = []
        self._watch(watcher)
        self.asking: dict[_socket.socket, bytes] = {}
        self.done_at = 0.0
        self.operations: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "start": self._start,
            "kill": self._kill,
            "pause": self._pause,
            "resume": self._resume,
            "update": self._update,
            "resize": self._resize,
            "pids": lambda _: {"pids": self.task.cgroup.procs()},
            "stats": lambda _: {"cgroup": self.task.cgroup.stats()},
            "close_stdin": self._close_stdin,
        }
        self.loop.watch(listener, READ, self._accept)
        self.loop.watch(task.pidfd, READ, self._ended)
        if maker >= 0:
            self.loop.watch(maker, READ, self._made)

    def run(self) -> None:
        """Until the container has ended and everybody has been told."""
        while not self._finished():
            busy = self.done_at or any(c.waiting for c in self.streams.clients)
            self.loop.once(1.0 if busy else None)

    def _finished(self) -> bool:
        if not self.done_at:
            return False
        everyone = [self.streams, *(e.streams for e in self.execs.values())]
        return time.monotonic() > self.done_at + LINGER or not any(s.clients for s in everyone)

    def _made(self, maker: int, _: int) -> None:
        self.loop.forget(maker)
        os.waitid(os.P_PIDFD, maker, os.WEXITED)
        os.close(maker)

    def _accept(self, _: int, __: int) -> None:
        try:
            descriptor, _address = self.listener._accept()  # type: ignore[attr-defined]  # a descriptor, no object
        except OSError:
            return
        connection = _socket.socket(fileno=descriptor)
        connection.setblocking(False)
        self.asking[connection] = b""
        self.loop.watch(descriptor, READ, lambda *_: self._asked(connection))
        self._asked(connection)

    def _asked(self, connection: _socket.socket) -> None:
        try:
            data, ended = lines.take(connection)
        except BlockingIOError:
            return
        except OSError:
            data, ended = b"", False
        self.asking[connection] += data
        if data and not ended and len(self.asking[connection]) < lines.MAX_LINE:
            return
        line = self.asking.pop(connection)
        self.loop.forget(connection.fileno())
        if not ended or not self._answer(line, connection):
            connection.close()

    def _answer(self, line: bytes, connection: _socket.socket) -> bool:
        """Do what was asked; True when the connection lives on as a stream."""
        try:
            request = json.loads(line)
            op = request["op"]
            if op in self.operations:
                connection.sendall(lines.ok(**self.operations[op](request)))
                return False
            if op == "events":
                return self._events(connection)
            if op == "attach":
                return self._attach(request, connection)
            if op == "exec":
                return self._exec(request, connection)
            raise InvalidArgument(f"the shim knows no operation {op!r}")
        except (BarqueError, OSError, ValueError, KeyError) as error:
            with contextlib.suppress(OSError):
                connection.sendall(lines.failed(error))
            return False

    def _start(self, _: dict[str, Any]) -> dict[str, Any]:
        if self.task.started_at:
            raise Conflict("the task has been started")
        self.task.start()
        self.publish(event="start", pid=self.task.pid, at=self.task.started_at)
        return {"pid": self.task.pid, "started_at": self.task.started_at}

    def _process(self, request: dict[str, Any]) -> ExecProcess:
        found = self.execs.get(request["exec"])
        if found is None:
            raise NotFound(f"No such exec instance: {request['exec']}")
        return found

    def _kill(self, request: dict[str, Any]) -> dict[str, Any]:
        if request.get("exec"):
            process = self._process(request)
            if process.exit is None:
                with contextlib.suppress(ProcessLookupError):
                    signal.pidfd_send_signal(process.pidfd, request["signal"])
            return {}
        if self.task.exit is not None:
            raise Conflict("the container has ended")
        self.task.kill(request["signal"])
        if self.task.paused and request["signal"] == signal.SIGKILL:
            self._resume({})  # a frozen v1 process does not see even SIGKILL
        return {}

    def _pause(self, _: dict[str, Any]) -> dict[str, Any]:
        self.task.cgroup.freeze()
        self.task.paused = True
        self.publish(event="paused")
        return {}

    def _resume(self, _: dict[str, Any]) -> dict[str, Any]:
        self.task.cgroup.thaw()
        self.task.paused = False
        self.publish(event="resumed")
        return {}

    def _update(self, request: dict[str, Any]) -> dict[str, Any]:
        self.task.cgroup.update(request["resources"])
        return {}

    def _resize(self, request: dict[str, Any]) -> dict[str, Any]:
        streams = self._process(request).streams if request.get("exec") else self.streams
        streams.resize(request["rows"], request["columns"])
        return {}

    def _close_stdin(self, request: dict[str, Any]) -> dict[str, Any]:
        streams = self._process(request).streams if request.get("exec") else self.streams
        streams.end_input()
        return {}

    def _events(self, connection: _socket.socket) -> bool:
        status = (
            "stopped"
            if self.task.exit
            else "paused"
            if self.task.paused
            else "running"
            if self.task.started_at
            else "created"
        )
        state = {
            "status": status,
            "pid": self.task.pid,
            "started_at": self.task.started_at,
            "exit": self.task.exit if self.done_at else None,
            "execs": {name: {"pid": e.pid, "exit": e.exit} for name, e in self.execs.items()},
        }
        connection.sendall(lines.ok(**state))
        self._watch(connection)
        return True

    def _watch(self, connection: _socket.socket) -> None:
        connection.settimeout(5)
        self.watchers.append(connection)

    def publish(self, **event: Any) -> None:
        """One line to everybody who watches."""
        line = lines.encode(event)
        for watcher in list(self.watchers):
            try:
                watcher.sendall(line)
            except OSError:
                self.watchers.remove(watcher)
                watcher.close()

    def _attach(self, request: dict[str, Any], connection: _socket.socket) -> bool:
        if self.done_at:
            raise Conflict("the container has ended")
        connection.sendall(lines.ok())
        self.streams.attach(_client(request, connection, self.streams.tty))
        return True

    def _exec(self, request: dict[str, Any], connection: _socket.socket) -> bool:
        if self.task.exit is not None:
            raise Conflict("cannot exec in a stopped container")
        wanted = request["process"]
        stdio = Stdio(bool(wanted.get("terminal")), bool(request.get("stdin")))
        try:
            pid, pidfd = self._execute(wanted, stdio)
            stdio.taken()
        except BaseException:
            stdio.abandon()
            raise
        connection.sendall(lines.ok(pid=pid))
        streams = Streams(self.loop, stdio, None)
        streams.close_input_with_client = True
        entry = self.execs[request["id"]] = ExecProcess(pid, pidfd, streams)
        self.loop.watch(pidfd, READ, lambda *_: self._exec_ended(request["id"], entry))
        if not request.get("attach"):
            return False
        streams.attach(_client(request, connection, streams.tty))
        return True

    def _execute(self, wanted: dict[str, Any], stdio: Stdio) -> tuple[int, int]:
        """pid and pidfd of the new process. Raises StartError in runc's words."""
        task = self.task
        if task.runtime:
            pid = task.external().execute(wanted, stdio, making.ROOT)
            return pid, os.pidfd_open(pid)
        made = runtime.exec_process(task.pid, task.spec, wanted, stdio.theirs, stdio.console_socket, task.cgroup)
        failure = made.executed()
        if failure:
            os.waitpid(made.pid, 0)
            os.close(made.pidfd)
            raise StartError(failure)
        return made.pid, made.pidfd

    def _exec_ended(self, name: str, entry: ExecProcess) -> None:
        """Who watches hears of the end before the client's stream ends: the exit code is known by then."""
        self.loop.forget(entry.pidfd)
        os.close(entry.pidfd)
        _, status = os.waitpid(entry.pid, 0)
        code = os.waitstatus_to_exitcode(status)
        entry.exit = {"code": code if code >= 0 else 128 - code, "at": time.time_ns()}
        entry.streams.drain()
        self.publish(event="exec_exit", id=name, **entry.exit)
        entry.streams.finish()

    def _ended(self, _: int, __: int) -> None:
        """Init is gone: what it said is logged, then the exit is written down and told; group and files go last."""
        self.loop.forget(self.task.pidfd)
        self.task.reap()
        for name, entry in self.execs.items():
            if entry.exit is None:
                self.task.cgroup.kill()
                self._exec_ended(name, entry)
        self.task.cgroup.kill()
        for streams in (self.streams, *(e.streams for e in self.execs.values())):
            streams.drain()
            streams.finish()
            streams.close()
        self.task.record()
        self.done_at = time.monotonic()
        self.publish(event="exit", **(self.task.exit or {}))
        self.task.clean()
        self.publish(event="cleaned")


def _client(request: dict[str, Any], connection: _socket.socket, tty: bool) -> Client:
    wanted = [bool(request.get(name)) for name in ("stdin", "stdout", "stderr")]
    return Client(connection, wanted[0], wanted[1], wanted[2], tty)
