"""``docker images``: one summary for each image that passes the filters, newest first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from barque.images import filters as f
from barque.images.filters import Filters
from barque.images.image import ContainerUse, Image, Json
from barque.images.store import ImageStore


def list_images(
    store: ImageStore,
    containers: Iterable[ContainerUse],
    filters: Filters,
    *,
    all: bool = False,
    shared_size: bool = False,
) -> list[Json]:
    """Docker's ``ImageSummary`` records. Raises ``InvalidArgument`` for unknown or malformed filters."""
    f.check_names(filters, f.LIST_FILTERS)
    dangling = f.flag(filters, "dangling")
    bounds = _bounds(store, filters)
    images = store.images()
    parents = {image.parent for image in images}
    used = Counter(use.image_id for use in containers)
    holders = Counter(chain for image in images for chain in image.chain_ids) if shared_size else Counter()
    rows = []
    for image in images:
        shown = _names(image, filters, dangling, hidden=not all and image.id in parents)
        if shown is None or not bounds[0] < f.created(image) < bounds[1]:
            continue
        if not f.labels_match(filters, image.container_config.get("Labels") or {}):
            continue
        shared = sum(store.layer_size(c) for c in image.chain_ids if holders[c] > 1) if shared_size else -1
        rows.append(_summary(image, shown, used[image.id], shared))
    rows.sort(key=lambda row: (-row["Created"], row["RepoTags"], row["Id"]))
    return rows


def _bounds(store: ImageStore, filters: Filters) -> tuple[float, float]:
    low, high = float("-inf"), float("inf")
    for name in filters.get("since") or []:
        low = max(low, f.created(store.resolve(name)))
    for name in filters.get("before") or []:
        high = min(high, f.created(store.resolve(name)))
    until = f.until(filters)
    return low, min(high, until) if until is not None else high


def _names(image: Image, filters: Filters, dangling: bool | None, hidden: bool) -> tuple[list[str], list[str]] | None:
    """The tags and digests to show, or None when the image is not to be listed."""
    tags, digests = list(image.references), list(image.repo_digests)
    patterns = filters.get("reference") or []
    if patterns:
        tags = [t for t in tags if any(f.reference_matches(p, t) for p in patterns)]
        digests = [d for d in digests if any(f.reference_matches(p, d) for p in patterns)]
        if not tags and not digests:
            return None
    if not tags and not digests and hidden:
        return None
    if dangling is not None and dangling != (not image.references):
        return None
    return tags, digests


def _summary(image: Image, shown: tuple[list[str], list[str]], containers: int, shared: int) -> Json:
    return {
        "Containers": containers,
        "Created": int(f.created(image)),
        "Id": image.id,
        "Labels": image.container_config.get("Labels") or None,
        "ParentId": image.parent,
        "RepoDigests": shown[1],
        "RepoTags": shown[0],
        "SharedSize": shared,
        "Size": image.size,
    }
