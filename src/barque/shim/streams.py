"""The stdio of one process: from its pipes or terminal to the log and the attached clients, and from a client to it."""

from __future__ import annotations

import fcntl
import os
import struct
import termios

from barque.shim.client import Client
from barque.shim.logs import Writer
from barque.shim.loop import GONE, READ, WRITE, Loop
from barque.shim.stdio import Stdio

CHUNK = 1 << 18
INPUT_LIMIT = 1 << 20


class Streams:
    """``stdio`` is our side of the process's ends. The loop calls back."""

    def __init__(self, loop: Loop, stdio: Stdio, log: Writer | None) -> None:
        self.loop = loop
        self.tty = stdio.tty
        self.log = log
        self.clients: list[Client] = []
        self.outputs = stdio.outputs
        self.input = stdio.input
        self.input_buffer = bytearray()
        self.input_ends = False
        self.held = False
        self.close_input_with_client = False
        for descriptor in self.outputs:
            loop.watch(descriptor, READ, self.readable)

    def readable(self, descriptor: int, events: int) -> None:
        """Output is there (or the last writer has gone), or a terminal takes input again."""
        if events & WRITE:
            self._write_input()
        if events & READ:
            self._read(descriptor)

    def _read(self, descriptor: int) -> bool:
        """One chunk onwards; False when there is nothing now."""
        try:
            data = os.read(descriptor, CHUNK)
        except BlockingIOError:
            return False
        except OSError:
            data = b""  # EIO: the last slave of a terminal has been closed
        if not data:
            self._close_output(descriptor)
            return False
        stream = self.outputs[descriptor]
        if self.log is not None:
            self.log.write(stream, data)
        for client in list(self.clients):
            client.offer(stream, data)
            self.pump(client)
        self._hold_back()
        return True

    def _close_output(self, descriptor: int) -> None:
        del self.outputs[descriptor]
        self.loop.forget(descriptor)
        os.close(descriptor)
        if descriptor == self.input:
            self.input = -1

    def drain(self) -> None:
        """Everything that is in the pipes now; called when the process has gone."""
        for descriptor in list(self.outputs):
            while descriptor in self.outputs and self._read(descriptor):
                pass

    def _hold_back(self) -> None:
        """Stop reading output while a client that takes bytes has a lot waiting; cut off one that takes none."""
        for client in [c for c in self.clients if c.full and c.stalled]:
            self.drop(client)
        wanted = any(c.full for c in self.clients)
        if wanted != self.held:
            self.held = wanted
            for descriptor in self.outputs:
                if wanted:
                    self.loop.forget(descriptor)
                else:
                    self.loop.watch(descriptor, READ, self.readable)

    def attach(self, client: Client) -> None:
        client.connection.setblocking(False)
        self.clients.append(client)
        self.loop.watch(client.connection.fileno(), READ, lambda _, events: self._client(client, events))

    def pump(self, client: Client) -> None:
        """Send what can be sent; watch for room when something stays."""
        if not client.flush():
            self.drop(client)
            return
        if client.finishing and not client.waiting:
            self.drop(client)
            return
        events = WRITE if client.waiting else 0
        if not client.input_ended and len(self.input_buffer) < INPUT_LIMIT:
            events |= READ
        self.loop.watch(client.connection.fileno(), events, lambda _, happened: self._client(client, happened))

    def _client(self, client: Client, events: int) -> None:
        if events & READ:
            self._from_client(client)
        if events & GONE:
            self.drop(client)
        if client in self.clients:
            self.pump(client)
            self._hold_back()

    def _from_client(self, client: Client) -> None:
        try:
            data = client.connection.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            self.drop(client)
            return
        if data:
            if client.stdin and self.input >= 0 and not self.input_ends:
                self.input_buffer += data
                self._write_input()
            return
        client.input_ended = True
        if client.stdin and self.close_input_with_client and not self.tty:
            self.end_input()

    def end_input(self) -> None:
        """No more input will come: close the pipe once what waits is written."""
        self.input_ends = True
        self._write_input()

    def _write_input(self) -> None:
        while self.input_buffer and self.input >= 0:
            try:
                written = os.write(self.input, memoryview(self.input_buffer)[:65536])
            except BlockingIOError:
                break
            except OSError:
                self.input_buffer.clear()
                self.input_ends = True
                break
            del self.input_buffer[:written]
        if self.input < 0:
            return
        watched = bool(self.input_buffer)
        if self.tty:
            if self.input in self.outputs and not self.held:
                events = READ | (WRITE if watched else 0)
                self.loop.watch(self.input, events, self.readable)
            return
        self.loop.forget(self.input)
        if watched:
            self.loop.watch(self.input, WRITE, self._input_room)
        elif self.input_ends:
            os.close(self.input)
            self.input = -1

    def _input_room(self, _: int, __: int) -> None:
        self._write_input()
        for client in list(self.clients):
            self.pump(client)

    def drop(self, client: Client) -> None:
        """Forget a client."""
        if client in self.clients:
            self.clients.remove(client)
            self.loop.forget(client.connection.fileno())
            client.connection.close()
        if client.stdin and self.close_input_with_client and not self.tty and not self.input_ends:
            self.end_input()

    def finish(self) -> None:
        """No output will come any more: clients get what waits for them and are closed."""
        if self.log is not None:
            self.log.flush()
        for client in list(self.clients):
            client.finishing = True
            self.pump(client)
        if self.input >= 0 and not self.tty:
            self.loop.forget(self.input)
            os.close(self.input)
            self.input = -1

    def close(self) -> None:
        """Also let go of outputs that somebody outside still holds open."""
        for descriptor in list(self.outputs):
            self._close_output(descriptor)

    def resize(self, rows: int, columns: int) -> None:
        """TIOCSWINSZ on the terminal."""
        if self.tty and self.input >= 0:
            fcntl.ioctl(self.input, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
