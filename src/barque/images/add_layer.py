"""A new layer on top of an image, from its tar: what commit and build end with."""

from __future__ import annotations

from collections.abc import Iterable

from barque.images.image import Layer
from barque.images.lease import Lease
from barque.images.spool import spooled, store_layer
from barque.images.store import ImageStore
from barque.images.unpack import Unpacker
from barque.model.digest import chain_ids


def add_layer(
    store: ImageStore,
    unpacker: Unpacker,
    lease: Lease,
    chunks: Iterable[bytes],
    below: list[str],
    *,
    snapshot: str = "",
) -> Layer:
    """Keep the tar as a blob and its files as a snapshot under the chain id; ``below`` are the diff_ids under it.

    With ``snapshot``, that active snapshot (whose files the tar was made from) is committed instead of unpacking the
    tar again; it is gone as an active one afterwards. ``lease`` must live until ``store.create`` has used the layer.
    """
    with spooled(store.content, chunks) as spool:
        lease.hold(spool.digest)
        blob, diff_id = store_layer(store.content, spool)
    chain = chain_ids([*below, diff_id])
    lease.hold(blob.digest, *chain)
    layer = Layer(diff_id, blob)
    if not snapshot:
        unpacker.unpack(chain, layer)
    elif store.snapshots.exists(chain[-1]):
        store.snapshots.remove(snapshot)
    else:
        size = store.snapshots.usage(snapshot)[0]
        store.snapshots.commit(chain[-1], snapshot)
        store.record_layer(chain[-1], layer, size)
    return layer
