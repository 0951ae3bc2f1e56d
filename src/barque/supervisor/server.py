"""The accept loop: read the request line, fork, let the child answer."""

from __future__ import annotations

import contextlib
import fcntl
import gc
import json
import os
import selectors
import signal
import socket
import sys
import traceback
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from barque import __version__
from barque.errors import BarqueError, Conflict, InvalidArgument
from barque.linux import libc
from barque.wire import lines

Handler = Callable[[dict[str, Any], socket.socket], None]
Service = Callable[[str], None]
PR_SET_NAME = 15
PR_SET_PDEATHSIG = 1
RESTART_LIMIT = 1000


class Server:
    """State of the loop; ``serve`` makes one and runs it."""

    def __init__(self, path: str, handlers: Mapping[str, Handler], services: Mapping[str, Service]) -> None:
        self.path = path
        self.handlers = handlers
        self.services = services
        self.running: dict[int, str] = {}
        self.restarts = 0
        self.stopping = False
        self.buffers: dict[socket.socket, bytes] = {}
        self.selector = selectors.DefaultSelector()
        self.lock = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Conflict(f"another supervisor serves {path}") from None
        self.listener = socket.socket(socket.AF_UNIX)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        self.listener.bind(path)
        os.chmod(path, 0o600)
        self.listener.listen(1024)
        self.listener.setblocking(False)
        self.wakeup = self._signals()

    def _signals(self) -> int:
        read, write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(write, warn_on_full_buffer=False)
        self.wakeup_write = write
        for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: None)
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)
        return read

    def run(self) -> None:
        """Until SIGTERM, SIGINT or a ``shutdown`` request."""
        self.selector.register(self.listener, selectors.EVENT_READ)
        self.selector.register(self.wakeup, selectors.EVENT_READ)
        for name in self.services:
            self._start_service(name)
        gc.collect()
        gc.freeze()
        gc.disable()
        while not self.stopping:
            for key, _ in self.selector.select():
                if key.fileobj is self.listener:
                    self._accept()
                elif key.fileobj == self.wakeup:
                    self._woken()
                else:
                    self._read(key.fileobj)  # type: ignore[arg-type]
        for pid in list(self.running):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)

    def _woken(self) -> None:
        received = os.read(self.wakeup, 4096)
        if signal.SIGTERM in received or signal.SIGINT in received:
            self.stopping = True
        while True:
            try:
                pid, _ = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            name = self.running.pop(pid, None)
            if name and not self.stopping and self.restarts < RESTART_LIMIT:
                self.restarts += 1
                self._start_service(name)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            connection.setblocking(False)
            self.buffers[connection] = b""
            self.selector.register(connection, selectors.EVENT_READ)
            self._read(connection)

    def _read(self, connection: socket.socket) -> None:
        """Take bytes up to the line's end, byte-exact: what follows belongs to the handler."""
        try:
            seen = connection.recv(1 << 20, socket.MSG_PEEK)
            end = seen.find(b"\n") + 1
            data = connection.recv(end or len(seen)) if seen else b""
        except BlockingIOError:
            return
        except OSError:
            self._drop(connection)
            return
        self.buffers[connection] += data
        if not data or len(self.buffers[connection]) > lines.MAX_LINE:
            self._drop(connection)
        elif end:
            line = self.buffers[connection]
            self._handle(line, connection)
            self._drop(connection)

    def _drop(self, connection: socket.socket) -> None:
        if self.buffers.pop(connection, None) is not None:
            self.selector.unregister(connection)
        connection.close()

    def _handle(self, line: bytes, connection: socket.socket) -> None:
        connection.setblocking(True)
        connection.settimeout(5)
        try:
            request = json.loads(line)
            if not isinstance(request, dict):
                raise ValueError
            op = str(request.get("op"))
            if op == "ping":
                connection.sendall(lines.ok(pid=os.getpid(), version=__version__))
            elif op == "shutdown":
                connection.sendall(lines.ok())
                self.stopping = True
            elif op in self.handlers:
                if os.fork() == 0:
                    self._child(self.handlers[op], request, connection)
            else:
                connection.sendall(lines.failed(InvalidArgument(f"the supervisor knows no operation {op!r}")))
        except ValueError:
            with contextlib.suppress(OSError):
                connection.sendall(lines.failed(InvalidArgument("not a JSON object on one line")))
        except OSError as error:
            with contextlib.suppress(OSError):
                connection.sendall(lines.failed(error))

    def _become_child(self, keep: socket.socket | None) -> None:
        """Let go of everything that belongs to the loop."""
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        for other in self.buffers:
            if other is not keep:
                other.close()
        self.listener.close()
        self.selector.close()
        os.close(self.lock)
        os.close(self.wakeup)
        os.close(self.wakeup_write)

    def _child(self, handler: Handler, request: dict[str, Any], connection: socket.socket) -> NoReturn:
        code = 1
        try:
            self._become_child(connection)
            os.setsid()
            connection.settimeout(None)
            handler(request, connection)
            code = 0
        except BaseException as error:
            if not isinstance(error, BarqueError):
                traceback.print_exc(file=sys.stderr)
            with contextlib.suppress(OSError):
                connection.sendall(lines.failed(error))
        finally:
            os._exit(code)

    def _start_service(self, name: str) -> None:
        pid = os.fork()
        if pid:
            self.running[pid] = name
            return
        try:
            self._become_child(None)
            libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
            self.services[name](os.path.join(os.path.dirname(self.path), f"{name}.sock"))
        except BaseException:
            traceback.print_exc(file=sys.stderr)
        finally:
            os._exit(1)


def serve(path: str, handlers: Mapping[str, Handler], services: Mapping[str, Service]) -> None:
    """Serve until told to stop. Raises Conflict when another supervisor has the path."""
    Server(path, handlers, services).run()
