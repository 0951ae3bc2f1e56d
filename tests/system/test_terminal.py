"""A real pseudo-terminal in front of the clients."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time
from collections.abc import Iterator

import pytest
from conftest import BIN, DOCKER, EngineUnderTest


class Terminal:
    """A client on the slave side of a pty; we hold the master."""

    def __init__(self, engine: EngineUnderTest, client: str, *argv: str) -> None:
        program = DOCKER if client == "docker" else str(BIN / "barque")
        assert program
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            os.execve(program, [program, *argv], os.environ | {"DOCKER_HOST": f"unix://{engine.socket}"})
        self.seen = b""
        self.status: int | None = None

    def size(self, rows: int, columns: int) -> None:
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        os.kill(self.pid, signal.SIGWINCH)

    def type(self, text: str) -> None:
        os.write(self.master, text.encode())

    def expect(self, text: str, seconds: float = 20) -> None:
        """Read until ``text`` has appeared; what was read up to it is forgotten."""
        deadline = time.monotonic() + seconds
        while text.encode() not in self.seen:
            ready, _, _ = select.select([self.master], [], [], max(0, deadline - time.monotonic()))
            assert ready, f"{text!r} not in {self.seen!r}"
            try:
                chunk = os.read(self.master, 65536)
            except OSError:
                chunk = b""
            assert chunk, f"{text!r} not in {self.seen!r} before the end"
            self.seen += chunk
        self.seen = self.seen.split(text.encode(), 1)[1]

    def finish(self, seconds: float = 20) -> int:
        deadline = time.monotonic() + seconds
        while self.status is None:
            ready, _, _ = select.select([self.master], [], [], 0.05)
            if ready:
                try:
                    self.seen += os.read(self.master, 65536)
                except OSError:
                    pass
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
            assert time.monotonic() < deadline, f"does not end: {self.seen!r}"
        return self.status

    def close(self) -> None:
        if self.status is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.master)


@pytest.fixture(params=["docker", "barque"])
def terminal(request: pytest.FixtureRequest, engine: EngineUnderTest) -> Iterator[object]:
    if request.param == "docker" and DOCKER is None:
        pytest.skip("no stock docker CLI could be had")
    opened: list[Terminal] = []

    def open_terminal(*argv: str) -> Terminal:
        opened.append(Terminal(engine, request.param, *argv))
        return opened[-1]

    yield open_terminal
    for each in opened:
        each.close()


def test_size_resize_interrupt_and_exit(terminal: object, engine: EngineUnderTest) -> None:
    t: Terminal = terminal("run", "--rm", "-it", "--name", "tty", "busybox", "sh")  # type: ignore[operator]
    t.expect("# ")
    t.type("tty; echo ready-$((1+1))\n")
    t.expect("/dev/pts/0")
    t.expect("ready-2")
    t.size(33, 77)
    t.type("while [ \"$(stty size)\" != '33 77' ]; do :; done; echo sized-$((1+1))\n")
    t.expect("sized-2")
    t.type("sh -c 'echo asleep-$((1+1)); exec sleep 1000'\n")
    t.expect("asleep-2")
    t.type("\x03")
    t.expect("# ")
    t.type("exit 5\n")
    assert t.finish() == 5


def test_detach_and_attach_again(terminal: object, engine: EngineUnderTest) -> None:
    t: Terminal = terminal("run", "-it", "--name", "tty", "busybox", "sh")  # type: ignore[operator]
    t.expect("# ")
    t.type("A=kept\n")
    t.expect("# ")
    t.type("\x10\x11")
    assert t.finish() == 0
    assert engine.ok("inspect", "-f", "{{.State.Running}}", "tty") == "true"
    again: Terminal = terminal("attach", "tty")  # type: ignore[operator]
    again.type("echo $A-again\n")
    again.expect("kept-again")
    again.type("exit\n")
    assert again.finish() == 0


def test_exec_with_a_terminal(terminal: object, engine: EngineUnderTest) -> None:
    engine.ok("run", "-d", "--name", "box", "busybox", "sleep", "1000")
    t: Terminal = terminal("exec", "-it", "box", "sh")  # type: ignore[operator]
    t.expect("# ")
    t.type("tty\n")
    t.expect("/dev/pts/")
    t.type("exit 4\n")
    assert t.finish() == 4
