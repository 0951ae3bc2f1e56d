"""Between the user's three streams and a hijacked connection, signals included: one poll loop, no threads."""

from __future__ import annotations

import _signal  # type: ignore[import-not-found, unused-ignore]
import os
import select

from barque.cli import frames, terminal
from barque.cli.failure import Failure
from barque.cli.session import write
from barque.client.hijack import MULTIPLEXED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from barque.client.hijack import Hijacked

_FORWARDED = (1, 2, 3, 10, 12, 14, 15, 18, 20, 21, 22)
_ENDING = (1, 2, 3, 15)
_WINDOW = 28
_PIECE = 65536


class Signals:
    """Signals as bytes on a descriptor. ``on_signal`` gets each number, ``on_resize`` is called for a new window."""

    def __init__(self) -> None:
        self.on_signal: Callable[[int], None] | None = None
        self.on_resize: Callable[[], None] | None = None
        self._read, self._write = os.pipe()
        os.set_blocking(self._read, False)
        os.set_blocking(self._write, False)
        self._before: dict[int, object] = {}

    def fileno(self) -> int:
        return self._read

    def catch(self, numbers: tuple[int, ...]) -> None:
        _signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        for number in numbers:
            self._before.setdefault(number, _signal.signal(number, lambda *_: None))

    def forward(self, action: Callable[[int], None]) -> None:
        """Hand the signals that ask a program to do something to ``action`` instead of obeying them."""
        self.on_signal = action
        self.catch(_FORWARDED)

    def watch_window(self, action: Callable[[], None]) -> None:
        self.on_resize = action
        self.catch((_WINDOW,))

    def end_cleanly(self) -> None:
        """Let ending signals unwind the stack (the terminal must be restored) and exit with 128+n."""
        self.catch(_ENDING)

    def handle(self) -> None:
        for number in os.read(self._read, 64):
            if number == _WINDOW:
                if self.on_resize:
                    self.on_resize()
            elif self.on_signal:
                self.on_signal(number)
            elif number in _ENDING:
                raise Failure("", 128 + number)

    def close(self) -> None:
        if self._before:
            _signal.set_wakeup_fd(-1)
        for number, action in self._before.items():
            _signal.signal(number, action)
        os.close(self._read)
        os.close(self._write)


class Stream:
    """One attached program. ``stdin`` is whether our standard input goes there."""

    def __init__(
        self,
        connection: Hijacked,
        tty: bool,
        stdin: bool,
        stdout: bool = True,
        stderr: bool = True,
        keys: bytes = b"",
        signals: Signals | None = None,
    ) -> None:
        self._connection = connection
        self._wanted = {1: stdout, 2: stderr}
        self._splitter = None if tty and connection.media_type != MULTIPLEXED else frames.Splitter()
        self._reading = stdin
        self._half_closed = not stdin
        self._scanner = terminal.DetachScanner(keys)
        self._pending = b""
        self._signals = signals

    def run(self) -> bool:
        """Until the program's side ends. False when the user detached."""
        connection = self._connection
        connection.setblocking(False)
        while connection.pending:
            self._receive()
        poll = select.poll()
        ours = connection.fileno()
        signals = self._signals.fileno() if self._signals else -1
        if signals >= 0:
            poll.register(signals, select.POLLIN)
        poll.register(ours, select.POLLIN)
        if self._reading:
            poll.register(0, select.POLLIN)
        while True:
            for descriptor, happened in poll.poll():
                if descriptor == signals and self._signals:
                    self._signals.handle()
                elif descriptor == 0 and ours != 0:
                    self._read_input()
                    if self._scanner.detached:
                        return False
                else:
                    if happened & select.POLLOUT:
                        self._flush()
                    if happened & ~select.POLLOUT and not self._receive():
                        return True
            self._rearm(poll, ours)

    def _rearm(self, poll: select.poll, ours: int) -> None:
        poll.modify(ours, select.POLLIN | (select.POLLOUT if self._pending else 0))
        if self._reading and not self._pending:
            poll.register(0, select.POLLIN)
        else:
            try:
                poll.unregister(0)
            except KeyError:
                pass
        if not self._reading and not self._pending and not self._half_closed:
            self._half_closed = True
            self._connection.close_write()

    def _read_input(self) -> None:
        data = os.read(0, _PIECE)
        if not data:
            self._reading = False
            return
        self._pending += self._scanner.feed(data)
        self._flush()

    def _flush(self) -> None:
        if not self._pending:
            return
        try:
            self._pending = self._pending[self._connection.send(self._pending) :]
        except BlockingIOError:
            pass
        except (BrokenPipeError, ConnectionResetError):
            # the program's stdin is gone; what it still prints is wanted
            self._pending = b""
            self._reading = False

    def _receive(self) -> bool:
        try:
            data = self._connection.recv(_PIECE)
        except BlockingIOError:
            return True
        if not data:
            return False
        if self._splitter is None:
            write(1, data)
            return True
        for descriptor, payload in self._splitter.feed(data):
            if self._wanted[descriptor]:
                write(descriptor, payload)
        return True


def wait_readable(descriptor: int, signals: Signals | None) -> None:
    """Until ``descriptor`` has something to read, handling signals meanwhile."""
    if signals is None:
        return
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    poll.register(signals.fileno(), select.POLLIN)
    while True:
        for ready, _ in poll.poll():
            if ready == descriptor:
                return
            signals.handle()
