"""``docker import``: a root file system's tar as an image of one layer."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

from barque.images.changes import apply_changes
from barque.images.image import Image, Layer
from barque.images.inspect import rfc3339
from barque.images.spool import spooled, store_layer
from barque.images.store import ImageStore
from barque.images.unpack import Unpacker
from barque.model.platform import Platform, host
from barque.model.reference import Reference


def import_image(
    store: ImageStore,
    unpacker: Unpacker,
    chunks: Iterable[bytes],
    *,
    reference: Reference | None = None,
    message: str = "",
    changes: Sequence[str] = (),
    platform: str = "",
) -> Image:
    """The new image. Raises ``InvalidArgument`` for a broken tar or a bad change, and leaves nothing then."""
    target = Platform.parse(platform) if platform else host()
    inner = apply_changes({}, changes)
    with store.lease() as lease, spooled(store.content, chunks) as spool:
        lease.hold(spool.digest)
        blob, diff_id = store_layer(store.content, spool)
        lease.hold(blob.digest, diff_id)
        layer = Layer(diff_id, blob)
        try:
            unpacker.unpack([diff_id], layer)
        except BaseException:
            if store.blob_of(diff_id) is None and store.content.exists(blob.digest):
                store.content.delete(blob.digest)
            raise
        created = rfc3339(time.time_ns())
        config = {
            "architecture": target.architecture,
            "comment": message,
            "config": inner,
            "created": created,
            "docker_version": "28.2.2",
            "history": [{"created": created, "comment": message}],
            "os": target.os,
            "rootfs": {"type": "layers", "diff_ids": [diff_id]},
        }
        if target.variant:
            config["variant"] = target.variant
        return store.create(config, [layer], [reference] if reference else [])


def source_message(source: str) -> str:
    """The history comment when the user gave none: where the tar came from."""
    return f"Imported from {source or '-'}"


__all__ = ["import_image", "source_message"]
