"""After a kill: what was half done goes, what can be gone on with stays."""

from __future__ import annotations

from barque.errors import BarqueError
from barque.images.spool import clear_spool
from barque.images.store import ImageStore
from barque.images.unpack import PREFIX


def recover(store: ImageStore) -> None:
    """Remove spooled streams and half-unpacked snapshots. Fetched blobs stay, for the next pull or a prune."""
    clear_spool(store.content)
    for key in list(store.snapshots.walk()):
        name = key if isinstance(key, str) else key.key
        if name.startswith(PREFIX):
            try:
                store.snapshots.remove(name)
            except BarqueError:
                continue
