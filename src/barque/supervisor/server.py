"""The accept loop: fork for every connection, and let the child read what it says.

A page that this process writes to is a page that every child forked before has for itself from then on. So the loop
takes no request apart: it accepts by a call into C, forks, and forgets.
"""

from __future__ import annotations

import _socket
import contextlib
import fcntl
import gc
import os
import select
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
Pair = tuple[_socket.socket, _socket.socket]
Child = Callable[[int, Pair], None]
Service = Callable[[str], None]
PR_SET_PDEATHSIG = 1
RESTART_LIMIT = 1000


class Server:
    """Made with the socket bound; ``run`` serves it."""

    def __init__(self, path: str, services: Mapping[str, Service]) -> None:
        """Raises Conflict when another supervisor has the path."""
        self.path = path
        self.pid = os.getpid()
        self.services = services
        self.running: dict[int, str] = {}
        self.restarts = 0
        self.stopping = False
        self.lock = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Conflict(f"another supervisor serves {path}") from None
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        self.listener = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
        with lines.reachable(path) as name:
            self.listener.bind(name)
        os.chmod(path, 0o600)
        self.listener.listen(1024)
        self.listener.setblocking(False)
        self.wakeup, self.wakeup_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(self.wakeup_write, warn_on_full_buffer=False)
        for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: None)
        for number in (signal.SIGPIPE, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        self.poll = select.epoll()
        self.poll.register(self.listener.fileno(), select.EPOLLIN)
        self.poll.register(self.wakeup, select.EPOLLIN)

    def run(self, child: Child) -> None:
        """Until SIGTERM, SIGINT or a ``shutdown`` request.

        ``child(connection, pair)`` runs in a process of its own that ends with it. ``pair`` are two sockets connected
        to each other, for a child that forks again: what is made before the fork costs it nothing.
        """
        gc.collect()
        libc.trim()
        gc.freeze()  # what lives now is never written to again by a collection, here or in a child
        gc.disable()
        for name in self.services:
            self._start_service(name)
        while not self.stopping:
            for descriptor, _ in self.poll.poll():
                if descriptor == self.wakeup:
                    self._woken()
                else:
                    self._accept(child)
        for pid in list(self.running):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)

    def _accept(self, child: Child) -> None:
        try:
            connection, _ = self.listener._accept()  # type: ignore[attr-defined]  # a descriptor, no object
        except OSError:
            return
        pair = _socket.socketpair()
        try:
            if os.fork() == 0:
                self._child(child, connection, pair)
        except OSError as error:
            os.write(connection, lines.failed(error))
        os.close(connection)
        pair[0].close()
        pair[1].close()

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

    def _let_go(self) -> None:
        """Of what belongs to the loop. The handlers of signals stay: they do nothing, as a child wants it."""
        signal.set_wakeup_fd(-1)
        for descriptor in (self.listener.detach(), self.poll.fileno(), self.lock, self.wakeup, self.wakeup_write):
            os.close(descriptor)

    def _child(self, child: Child, connection: int, pair: Pair) -> NoReturn:
        code = 1
        try:
            self._let_go()
            os.setsid()
            child(connection, pair)
            code = 0
        except BaseException:
            traceback.print_exc(file=sys.stderr)
        finally:
            os._exit(code)

    def _start_service(self, name: str) -> None:
        pid = os.fork()
        if pid:
            self.running[pid] = name
            return
        try:
            self._let_go()
            for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT):
                signal.signal(number, signal.SIG_DFL)
            libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
            gc.enable()
            self.services[name](os.path.join(os.path.dirname(self.path), f"{name}.sock"))
        except BaseException:
            traceback.print_exc(file=sys.stderr)
        finally:
            os._exit(1)

    def handle(self, connection: socket.socket, handlers: Mapping[str, Handler]) -> None:
        """In a child: read the request and do it, or what every server does, ``ping`` and ``shutdown``."""
        try:
            request = lines.request_of(lines.read_line(connection))
            op = str(request.get("op"))
            if op == "ping":
                connection.sendall(lines.ok(pid=self.pid, version=__version__))
            elif op == "shutdown":
                connection.sendall(lines.ok())
                os.kill(self.pid, signal.SIGTERM)
            elif op in handlers:
                handlers[op](request, connection)
            else:
                raise InvalidArgument(f"the supervisor knows no operation {op!r}")
        except BaseException as error:
            if not isinstance(error, BarqueError):
                traceback.print_exc(file=sys.stderr)
            with contextlib.suppress(OSError):
                connection.sendall(lines.failed(error))


def serve(path: str, handlers: Mapping[str, Handler], services: Mapping[str, Service]) -> None:
    """A child per connection that does what it asks. Raises Conflict when another server has the path."""
    server = Server(path, services)
    server.run(lambda connection, _: server.handle(socket.socket(fileno=connection), handlers))
