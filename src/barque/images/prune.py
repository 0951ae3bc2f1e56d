"""``docker image prune``: dangling images, or with ``dangling=false`` every image no container uses."""

from __future__ import annotations

from collections.abc import Iterable

from barque.errors import Conflict, NotFound
from barque.images import filters as f
from barque.images.collect import collect
from barque.images.filters import Filters
from barque.images.image import ContainerUse, Image, Json
from barque.images.remove import Event, remove_image
from barque.images.store import ImageStore


def prune_images(store: ImageStore, containers: Iterable[ContainerUse], filters: Filters, event: Event) -> Json:
    """``{"ImagesDeleted": rows or None, "SpaceReclaimed": bytes}``; also frees what no image needs any more."""
    f.check_names(filters, f.PRUNE_FILTERS)
    dangling = f.flag(filters, "dangling", default=True)
    until = f.until(filters)
    uses = list(containers)
    rows: list[Json] = []
    reclaimed = 0
    for image in store.images():
        if until is not None and f.created(image) > until:
            continue
        if not f.labels_match(filters, image.container_config.get("Labels") or {}):
            continue
        for name in _names(store, image, bool(dangling), uses):
            try:
                done, size = remove_image(store, name, uses, event)
            except (Conflict, NotFound):
                continue  # in use, or gone with a child: not for pruning
            rows += done
            reclaimed += size
    reclaimed += collect(store)
    return {"ImagesDeleted": rows or None, "SpaceReclaimed": reclaimed}


def _names(store: ImageStore, image: Image, dangling: bool, uses: list[ContainerUse]) -> list[str]:
    """What to remove so that the image goes; empty when it is to stay."""
    references = store.references(image.id)
    if not references:
        return [] if store.children(image.id) else [image.id]
    if dangling and any(r.tag for r in references):
        return []
    if any(use.image_id == image.id for use in uses):
        return []
    return [str(r) for r in references]
