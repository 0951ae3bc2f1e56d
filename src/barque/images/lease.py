"""Protection of blobs and snapshots that work under way needs, from collection."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager


class Lease:
    """Names held until the work ends. Hold first, look whether it exists afterwards: nobody frees it in between."""

    def __init__(self, leases: Leases) -> None:
        self._leases = leases
        self.names: list[str] = []

    def hold(self, *names: str) -> None:
        """Blob digests and chain ids."""
        self._leases.add(names)
        self.names.extend(names)


class Leases:
    """Counts holders of each name. ``lock`` is held by a collection from its decision to its last deletion."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._held: Counter[str] = Counter()

    @contextmanager
    def lease(self) -> Iterator[Lease]:
        lease = Lease(self)
        try:
            yield lease
        finally:
            self.drop(lease.names)

    def add(self, names: tuple[str, ...]) -> None:
        with self.lock:
            self._held.update(names)

    def drop(self, names: list[str]) -> None:
        with self.lock:
            self._held.subtract(names)
            self._held = +self._held

    def held(self, name: str) -> bool:
        return self._held[name] > 0
