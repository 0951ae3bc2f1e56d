"""The image store: what is here, what it is called, and every operation on it. All calls block.

    store = ImageStore(db, content, snapshots)
    image = store.resolve("busybox")            # NotFound("No such image: busybox:latest")
    snapshots.prepare(container_id, image.chain_id, {})
    image.container_config["Cmd"]

An image's ID is the digest of its config. Layers lie twice: as the blob that came (for push and save) and unpacked,
as a snapshot committed under its chain id. A name is written last, in one durable transaction, so an image is whole
or absent. What no image needs is freed by ``remove`` and ``collect``; work under way protects its blobs and
snapshots with ``store.lease()``.

Making an image on top of another:

    with store.lease() as lease:
        layer = add_layer(store, unpacker, lease, tar_chunks, parent.diff_ids, snapshot=key)
        config = parent.config | {"config": ..., "history": [...], "rootfs": {"type": "layers", "diff_ids": [...]}}
        image = store.create(config, [*parent.layers, layer], [Reference.parse("app:latest")], parent=parent.id)
"""

from barque.images.add_layer import add_layer
from barque.images.image import Apply, Cancelled, ContainerUse, Image, Layer, Report
from barque.images.store import ImageStore

__all__ = ["Apply", "Cancelled", "ContainerUse", "Image", "ImageStore", "Layer", "Report", "add_layer"]
