"""``barque run -it`` under a real pseudo-terminal: size, resize, keys, detaching, the terminal restored."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time

import pytest
from conftest import BARQUE, Clients


class Screen:
    """The program on a terminal of 40 columns and 10 rows."""

    def __init__(self, clients: Clients, *words: str) -> None:
        self.seen = b""
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            os.execve(BARQUE, [BARQUE, *words], clients.environment)
        self.resize(10, 40)

    def resize(self, rows: int, columns: int) -> None:
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, data: bytes) -> None:
        os.write(self.master, data)

    def expect(self, text: bytes) -> None:
        end = time.monotonic() + 30
        while text not in self.seen:
            ready, _, _ = select.select([self.master], [], [], max(end - time.monotonic(), 0))
            assert ready, (text, self.seen)
            try:
                self.seen += os.read(self.master, 65536)
            except OSError:
                raise AssertionError((text, self.seen)) from None
        self.seen = self.seen.partition(text)[2]

    def flags(self) -> list[object]:
        return termios.tcgetattr(self.master)

    def end(self) -> int:
        end = time.monotonic() + 30
        while time.monotonic() < end:
            ready, _, _ = select.select([self.master], [], [], 0.1)
            try:
                if ready and not os.read(self.master, 65536):
                    break
            except OSError:
                break
        _, status = os.waitpid(self.pid, 0)
        os.close(self.master)
        return os.waitstatus_to_exitcode(status)

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        self.end()


def test_size_keys_and_exit_code(clients: Clients) -> None:
    screen = Screen(clients, "run", "-it", "--rm", "--network", "none", "bb", "sh")
    before = screen.flags()
    screen.expect(b"# ")
    screen.type(b"until test \"$(stty size)\" = '10 40'; do sleep 0.1; done; echo it-$((0+1))-fits\r")
    screen.expect(b"it-1-fits")
    screen.resize(20, 60)
    screen.type(b"while test \"$(stty size)\" != '20 60'; do sleep 0.1; done; echo it-$((1+1))-fits\r")
    screen.expect(b"it-2-fits")
    screen.type(b"sh -c 'trap \"echo got-$((2+1)); exit\" INT; echo ready-$((1+1)); sleep 1000'\r")
    screen.expect(b"ready-2")
    screen.type(b"\x03")
    screen.expect(b"got-3")
    screen.type(b"exit 5\r")
    assert before[3] != 0
    assert screen.end() == 5


def test_detach_and_attach_again(clients: Clients) -> None:
    screen = Screen(clients, "run", "-it", "--name", "term", "--network", "none", "bb", "sh")
    screen.expect(b"# ")
    screen.type(b"A=kept\r")
    screen.expect(b"# ")
    screen.type(b"\x10\x11")
    assert screen.end() == 0
    assert clients.docker("inspect -f '{{.State.Running}}' term")[1] == "true\n"
    again = Screen(clients, "attach", "--detach-keys", "x,y", "term")
    again.type(b"echo $A\r")
    again.expect(b"kept\r\n")
    again.type(b"xy")
    again.expect(b"read escape sequence")
    assert again.end() == 0
    clients.docker("rm -f term")


def test_exec_on_a_terminal(clients: Clients) -> None:
    waiting = "test -t 0 || exit 1; until test \"$(stty size)\" = '10 40'; do sleep 0.1; done; echo fits; exit 7"
    screen = Screen(clients, "exec", "-it", "c1", "sh", "-c", waiting)
    screen.expect(b"fits")
    assert screen.end() == 7


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_signals_are_passed_on_without_a_terminal(clients: Clients, number: signal.Signals, code: int) -> None:
    import subprocess

    process = subprocess.Popen(
        [
            BARQUE,
            "run",
            "--rm",
            "--network",
            "none",
            "bb",
            "sh",
            "-c",
            f"trap 'exit {code}' TERM INT; echo up; while :; do sleep 0.1; done",
        ],
        env=clients.environment,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    with process.stdout:
        assert process.stdout.readline() == b"up\n"
        process.send_signal(number)
        assert process.wait(30) == code
