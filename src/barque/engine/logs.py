"""``logs``: entries from disk as Docker's stream, and on as they come."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator

from barque.engine.log_reader import Entry, Follower, read
from barque.engine.record import Container
from barque.model.requests import LogOptions
from barque.wire.frames import frame

BATCH = 512
POLL = 0.02
STREAMS = {"stdout": 1, "stderr": 2}


def _encode(entry: Entry, options: LogOptions, tty: bool) -> bytes:
    wanted = options.stdout if entry.stream == "stdout" else options.stderr
    if not wanted:
        return b""
    data = entry.data
    if options.details:
        data = ",".join(f"{k}={v}" for k, v in sorted(entry.attrs.items())).encode() + b" " + data
    if options.timestamps:
        data = entry.time.encode() + b" " + data
    return data if tty else frame(STREAMS[entry.stream], data)


async def stream(
    container: Container, path: str, options: LogOptions, ended: asyncio.Event | None
) -> AsyncIterator[bytes]:
    """Chunks in order. With ``follow`` until the container has ended (``ended`` is set) and all is read."""
    if not os.path.exists(path):
        return
    follower = Follower(path) if options.follow and not options.until else None
    if follower is not None and options.tail < 0:
        follower.from_start()
    batch: list[bytes] = []
    if follower is None or options.tail >= 0 or os.path.exists(f"{path}.1") or os.path.exists(f"{path}.1.gz"):
        if follower is not None and options.tail < 0:
            follower.file.seek(0, os.SEEK_END)
        for entry in read(path, options.since, options.until, options.tail):
            batch.append(_encode(entry, options, container.tty))
            if len(batch) >= BATCH:
                yield b"".join(batch)
                batch.clear()
                await asyncio.sleep(0)
        if batch:
            yield b"".join(batch)
    if follower is None:
        return
    try:
        while True:
            over = ended is None or ended.is_set()
            new = [
                _encode(e, options, container.tty)
                for e in follower.more()
                if not options.since or e.seconds >= options.since
            ]
            if new:
                yield b"".join(new)
            if over:
                return
            if ended is not None:
                try:
                    # the file tells nobody here that it grew; the container's end ends the wait at once
                    await asyncio.wait_for(ended.wait(), POLL)
                except TimeoutError:
                    continue
    finally:
        follower.close()
