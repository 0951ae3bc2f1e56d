"""Blobs on their way in: at most so many at once, each once however many pulls want it, kept when broken off."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from barque.content import ContentStore
from barque.errors import BarqueError
from barque.images.image import Cancelled
from barque.model.descriptor import Descriptor
from barque.registry import Repository

Listener = Callable[[str, int], None]
"""``(stage, bytes so far)``: stage is ``Downloading``, ``Verifying Checksum`` or ``Download complete``.
Raises ``Cancelled`` when this listener's pull is no longer wanted."""


class Transfer:
    """One blob under way. It is broken off when its last listener has gone."""

    def __init__(self) -> None:
        self.done: Future[None] = Future()
        self._listeners: list[Listener] = []
        self._lock = threading.Lock()

    def listen(self, listener: Listener) -> None:
        with self._lock:
            self._listeners.append(listener)

    def tell(self, stage: str, current: int) -> None:
        with self._lock:
            for listener in list(self._listeners):
                try:
                    listener(stage, current)
                except Cancelled:
                    self._listeners.remove(listener)
            if not self._listeners:
                raise Cancelled


class Downloads:
    """``limit`` blobs at a time over all pulls of the daemon."""

    def __init__(self, content: ContentStore, limit: int = 3) -> None:
        self._content, self.limit = content, limit
        self._pool = ThreadPoolExecutor(limit, "download")
        self._lock = threading.Lock()
        self._transfers: dict[str, Transfer] = {}

    def fetch(self, sources: Sequence[Repository], blob: Descriptor, listener: Listener) -> Transfer:
        """Start the blob, or join its transfer when it is under way. The caller holds it in a lease."""
        with self._lock:
            transfer = self._transfers.get(blob.digest)
            if transfer is not None:
                transfer.listen(listener)
                return transfer
            transfer = self._transfers[blob.digest] = Transfer()
            transfer.listen(listener)
            self._pool.submit(self._run, transfer, sources, blob)
            return transfer

    def _run(self, transfer: Transfer, sources: Sequence[Repository], blob: Descriptor) -> None:
        error: BaseException | None = None
        try:
            fetch_blob(self._content, sources, blob, transfer.tell)
        except BaseException as caught:
            error = caught
        with self._lock:
            self._transfers.pop(blob.digest, None)
        if error is None:
            transfer.done.set_result(None)
        else:
            transfer.done.set_exception(error)

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)


def fetch_blob(content: ContentStore, sources: Sequence[Repository], blob: Descriptor, tell: Listener) -> None:
    """One blob into the content store, verified, from where the last attempt stopped; sources in order."""
    for number, source in enumerate(sources, 1):
        if content.exists(blob.digest):
            break
        try:
            _fetch_from(content, source, blob, tell)
        except BarqueError:
            if number == len(sources):
                raise
    tell("Download complete", blob.size)


def _fetch_from(content: ContentStore, source: Repository, blob: Descriptor, tell: Listener) -> None:
    writer = content.ingest(blob.digest, blob.size)
    step, told = max(blob.size // 100, 512 << 10), -1
    try:
        tell("Downloading", writer.offset)
        for chunk in source.blob(blob, writer.offset):
            writer.write(chunk)
            if writer.offset - told >= step or told < 0:
                told = writer.offset
                tell("Downloading", told)
        tell("Verifying Checksum", blob.size)
    except BaseException:
        writer.close()  # what came so far stays for the next attempt
        raise
    writer.commit()
