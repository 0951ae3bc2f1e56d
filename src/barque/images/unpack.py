"""A layer's blob into a snapshot committed under its chain id, once, however many ask for it."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from barque.errors import InvalidArgument
from barque.images.image import Apply, Layer
from barque.images.store import ImageStore

PREFIX = "extract-"
"""Of the keys of snapshots being filled."""


class Unpacker:
    """Extracts layers through ``apply``; two threads that want the same chain id do it once."""

    def __init__(self, store: ImageStore, apply: Apply) -> None:
        self._store, self._apply = store, apply
        self._lock = threading.Lock()
        self._busy: dict[str, tuple[threading.Lock, int]] = {}

    def unpack(self, chain: Sequence[str], layer: Layer) -> None:
        """Make sure the snapshot ``chain[-1]`` exists; ``chain`` are the chain ids from the bottom up to it.

        The caller holds them and the blob in a lease.

        Raises ``InvalidArgument`` when the tar's digest is not ``layer.diff_id``, and what ``apply`` raises;
        nothing is left then.
        """
        with self._alone(chain[-1]):
            if not self._store.snapshots.exists(chain[-1]):
                self._extract(chain, layer)

    @contextmanager
    def _alone(self, chain_id: str) -> Iterator[None]:
        with self._lock:
            lock, users = self._busy.get(chain_id, (threading.Lock(), 0))
            self._busy[chain_id] = lock, users + 1
        try:
            with lock:
                yield
        finally:
            with self._lock:
                users = self._busy[chain_id][1] - 1
                if users:
                    self._busy[chain_id] = lock, users
                else:
                    del self._busy[chain_id]

    def _extract(self, chain: Sequence[str], layer: Layer) -> None:
        below = chain[:-1]
        snapshots = self._store.snapshots
        key = f"{PREFIX}{secrets.token_hex(8)}"
        snapshots.prepare(key, below[-1] if below else None, {})
        try:
            reply = self._apply(
                {
                    "blob": self._store.content.path(layer.blob.digest),
                    "media_type": layer.blob.media_type,
                    "target": snapshots.layer_dir(key),
                    "diff_id": layer.diff_id,
                    "driver": snapshots.driver,
                    "parents": [snapshots.layer_dir(name) for name in reversed(below)],
                }
            )
            if reply["diff_id"] != layer.diff_id:
                raise InvalidArgument(f"layer {layer.blob.digest} has diff_id {reply['diff_id']}, not {layer.diff_id}")
            snapshots.commit(chain[-1], key)
        except BaseException:
            snapshots.remove(key)
            raise
        self._store.record_layer(chain[-1], layer, int(reply["size"]))
