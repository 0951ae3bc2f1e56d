"""Attach and exec: a client's raw connection spliced to the shim's stream."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

from barque.engine.lifetimes import Lifetimes, Turn
from barque.engine.record import Container
from barque.engine.tasks import Connection
from barque.errors import BarqueError, InvalidArgument
from barque.model.requests import AttachOptions, Duplex
from barque.wire.frames import STDOUT, Splitter, frame

END_TIMEOUT = 5.0
"""Seconds for the news of an end to come after the end of the stream."""

DEFAULT_KEYS = b"\x10\x11"
NAMED = {"@": 0, "[": 27, "\\": 28, "]": 29, "^": 30, "_": 31}


def detach_keys(text: str | None) -> bytes:
    """``ctrl-p,ctrl-q`` and its like as bytes. Raises InvalidArgument."""
    if not text:
        return DEFAULT_KEYS
    out = []
    for word in text.split(","):
        if len(word) == 1:
            out.append(ord(word))
        elif word.startswith("ctrl-") and len(word) == 6 and (word[5].isalpha() or word[5] in NAMED):
            out.append(NAMED[word[5]] if word[5] in NAMED else ord(word[5].lower()) - 96)
        else:
            raise InvalidArgument(f"Invalid detach keys ({text}) provided")
    return bytes(out)


class DetachWatch:
    """Looks for the detach sequence in what the user types; what was only its beginning is passed on."""

    def __init__(self, keys: bytes) -> None:
        self.keys = keys
        self.matched = 0

    def feed(self, data: bytes) -> tuple[bytes, bool]:
        """Bytes for the container, and whether the user wants to leave."""
        out = bytearray()
        for byte in data:
            if byte == self.keys[self.matched]:
                self.matched += 1
                if self.matched == len(self.keys):
                    return bytes(out), True
                continue
            out += self.keys[: self.matched]
            self.matched = 1 if byte == self.keys[0] else 0
            if not self.matched:
                out.append(byte)
        return bytes(out), False


async def splice(
    connection: Connection,
    duplex: Duplex,
    *,
    stdin: bool,
    keys: bytes | None,
    plain: bool,
    left: Callable[[], None],
    ended: asyncio.Event | None = None,
) -> None:
    """Copy until the shim is done, or the user detaches (``left`` is told). ``plain`` strips the frame headers.

    ``ended`` is set when the process's end is known; the client is not told of the end of the stream before.
    """
    watch = DetachWatch(keys) if keys else None

    async def upward() -> bool:
        while data := await duplex.read():
            wants_out = False
            if watch is not None:
                data, wants_out = watch.feed(data)
            if stdin and data:
                await connection.write(data)
            if wants_out:
                return True
        if stdin:
            connection.write_eof()
        return False

    async def downward() -> None:
        splitter = Splitter() if plain else None
        while data := await connection.read():
            if splitter is not None:
                data = b"".join(piece for _, piece in splitter.feed(data))
            await duplex.write(data)

    up, down = asyncio.ensure_future(_quiet(upward())), asyncio.ensure_future(_quiet(downward()))
    try:
        await asyncio.wait({up, down}, return_when=asyncio.FIRST_COMPLETED)
        if up.done() and up.result():
            left()
        else:
            await down
            if ended is not None:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(ended.wait(), END_TIMEOUT)
        with contextlib.suppress(OSError):
            await duplex.write_eof()
    finally:
        up.cancel()
        down.cancel()
        connection.close()


async def _quiet(work: Any) -> Any:
    try:
        return await work
    except (OSError, ConnectionError):
        return False


class ContainerAttachment:
    """``api.backends.Attachment`` for a container, running or about to be started."""

    def __init__(self, lives: Lifetimes, container: Container, options: AttachOptions, keys: bytes) -> None:
        self._lives, self._container, self._options, self._keys = lives, container, options, keys
        self.tty = container.tty
        self._turn: Turn | None = None
        if options.stream and not container.running:
            self._turn = Turn()
            lives.attachers.setdefault(container.id, []).append(self._turn)

    async def run(self, connection: Duplex) -> None:
        lives, container, options = self._lives, self._container, self._options
        if options.logs:
            from_log = lives.read_logs(container)
            async for chunk in from_log:
                await connection.write(chunk)
        if not options.stream:
            await connection.write_eof()
            return
        try:
            if self._turn is not None:
                await self._turn.come.wait()
            stream, _ = await lives.tasks.stream(
                container.id, "attach", stdin=options.stdin, stdout=options.stdout, stderr=options.stderr
            )
        except BarqueError:
            await connection.write_eof()
            return
        finally:
            if self._turn is not None:
                self._turn.connected.set()
                waiting = lives.attachers.get(container.id, [])
                if self._turn in waiting:
                    waiting.remove(self._turn)
        await splice(
            stream,
            connection,
            stdin=options.stdin and bool(container.config.get("OpenStdin")),
            keys=self._keys if self.tty else None,
            plain=not self.tty and not options.multiplexed,
            left=lambda: lives.publish(container, "detach"),
        )


class ExecAttachment:
    """The stream of an exec that runs already. It has a ``terminal`` or not by its creation, and comes ``plain`` or in
    frames by what its start asks for: as in dockerd the two need not agree."""

    def __init__(
        self,
        stream: Connection,
        terminal: bool,
        plain: bool,
        stdin: bool,
        keys: bytes,
        left: Callable[[], None],
        ended: asyncio.Event,
    ) -> None:
        self._stream, self._terminal, self.tty, self._stdin, self._keys = stream, terminal, plain, stdin, keys
        self._left, self._ended = left, ended

    async def run(self, connection: Duplex) -> None:
        await splice(
            self._stream,
            Framed(connection) if self._terminal and not self.tty else connection,
            stdin=self._stdin,
            keys=self._keys if self._terminal else None,
            plain=self.tty and not self._terminal,
            left=self._left,
            ended=self._ended,
        )


class Framed:
    """A client's connection that takes a terminal's output as frames of stdout."""

    def __init__(self, connection: Duplex) -> None:
        self._connection = connection

    async def read(self) -> bytes:
        return await self._connection.read()

    async def write(self, data: bytes) -> None:
        await self._connection.write(frame(STDOUT, data))

    async def write_eof(self) -> None:
        await self._connection.write_eof()


class FailedExec:
    """An exec whose program could not be started: the client is told in the stream, which it has by then in dockerd."""

    def __init__(self, message: str, tty: bool) -> None:
        self._message, self.tty = message, tty

    async def run(self, connection: Duplex) -> None:
        data = f"{self._message}\r\n".encode()
        await connection.write(data if self.tty else frame(STDOUT, data))
        await connection.write_eof()
