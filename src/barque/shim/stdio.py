"""The ends of one process's streams: made here, one side for the process, the other for the shim."""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket

F_SETPIPE_SZ = 1031
PIPE_SIZE = 1 << 18


class Stdio:
    """``theirs`` are the process's 0, 1 and 2, or ``console`` the way on which its terminal's master comes.

    Once it has them, ``taken`` leaves our side: ``input`` to write to (-1: none) and ``outputs``, descriptor to stream.
    """

    def __init__(self, tty: bool, open_stdin: bool) -> None:
        self.tty = tty
        self.input = -1
        self.outputs: dict[int, int] = {}
        self.theirs: tuple[int, int, int] = (-1, -1, -1)
        self.console: tuple[socket.socket, socket.socket] | None = None
        if tty:
            self.console = socket.socketpair()
        else:
            self._pipes(open_stdin)

    def _pipes(self, open_stdin: bool) -> None:
        if open_stdin:
            theirs_in, self.input = os.pipe2(os.O_CLOEXEC)
            os.set_blocking(self.input, False)
        else:
            theirs_in = os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC)
        ends = []
        for stream in (1, 2):
            ours, theirs = os.pipe2(os.O_CLOEXEC)
            os.set_blocking(ours, False)
            with contextlib.suppress(OSError):
                fcntl.fcntl(ours, F_SETPIPE_SZ, PIPE_SIZE)
            self.outputs[ours] = stream
            ends.append(theirs)
        self.theirs = (theirs_in, ends[0], ends[1])

    @property
    def console_socket(self) -> int | None:
        """Where the runtime sends the master; None without a terminal."""
        return self.console[1].fileno() if self.console else None

    def taken(self) -> None:
        """The process has its side: let go of our copies of it, and take the terminal's master."""
        for descriptor in self.theirs:
            if descriptor >= 0:
                os.close(descriptor)
        self.theirs = (-1, -1, -1)
        if self.console is not None:
            ours, theirs = self.console
            _, descriptors, _, _ = socket.recv_fds(ours, 4096, 1)
            ours.close()
            theirs.close()
            self.console = None
            self.input = descriptors[0]
            os.set_blocking(self.input, False)
            os.set_inheritable(self.input, False)
            self.outputs[self.input] = 1

    def by_stream(self) -> tuple[int, int]:
        """The outputs for stdout and stderr, -1 for what there is not."""
        found = {stream: descriptor for descriptor, stream in self.outputs.items()}
        return found.get(1, -1), found.get(2, -1)

    def abandon(self) -> None:
        """The process never came to be: close everything."""
        for descriptor in {*self.theirs, *self.outputs, self.input}:
            if descriptor >= 0:
                with contextlib.suppress(OSError):
                    os.close(descriptor)
        for end in self.console or ():
            end.close()


def kept(tty: bool, given: int, outputs: tuple[int, int]) -> Stdio:
    """Our side alone, from the descriptors that another process has made, -1 for what there is not."""
    ours = object.__new__(Stdio)
    ours.tty, ours.theirs, ours.console = tty, (-1, -1, -1), None
    ours.input = outputs[0] if tty else given
    ours.outputs = {descriptor: stream for stream, descriptor in enumerate(outputs, 1) if descriptor >= 0}
    return ours
