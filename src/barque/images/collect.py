"""Freeing blobs and snapshots that no image and no work under way needs."""

from __future__ import annotations

import json
from collections.abc import Iterable

from barque.errors import BarqueError
from barque.images.image import Image
from barque.images.store import ImageStore

MAX_MANIFEST = 8 << 20


def needed(store: ImageStore) -> set[str]:
    """Digests of blobs and chain ids of snapshots that images need."""
    names: set[str] = set()
    for image in store.images():
        names.update((image.id, image.manifest_digest), image.chain_ids, (layer.blob.digest for layer in image.layers))
        for reference in store.references(image.id):
            if reference.digest:
                names.add(reference.digest)
        names.update(layer_digests(store, image.manifest_digest))
    return names


def layer_digests(store: ImageStore, manifest: str) -> list[str]:
    """Blobs named by a stored manifest; none when it is not here or is not one."""
    if not manifest or not store.content.exists(manifest) or store.content.size(manifest) > MAX_MANIFEST:
        return []
    try:
        return [layer["digest"] for layer in json.loads(store.content.read(manifest))["layers"]]
    except (ValueError, KeyError, TypeError):
        return []


def free_image(store: ImageStore, image: Image) -> tuple[list[str], int]:
    """After ``store.forget(image.id)``: delete what only it needed. ``(chain ids freed, bytes of files)``."""
    candidates = [image.id, image.manifest_digest, *(layer.blob.digest for layer in image.layers)]
    candidates += [name.partition("@")[2] for name in image.repo_digests]
    candidates += layer_digests(store, image.manifest_digest)
    with store.leases.lock:
        keep = needed(store)
        freed, size = _free_chains(store, reversed(image.chain_ids), keep)
        _free_blobs(store, candidates, keep)
    return freed, size


def collect(store: ImageStore) -> int:
    """Free everything no image needs, also what an interrupted pull left; bytes of unpacked files freed."""
    with store.leases.lock:
        keep = needed(store)
        chains = [row[0] for row in store.db.query("SELECT chain FROM image_layer")]
        total, progress = 0, True
        while progress:
            freed, size = _free_chains(store, chains, keep)
            total, progress = total + size, bool(freed)
            chains = [chain for chain in chains if chain not in freed]
        _free_blobs(store, list(store.content.walk()), keep)
        return total


def _free_chains(store: ImageStore, chains: Iterable[str], keep: set[str]) -> tuple[list[str], int]:
    freed, total = [], 0
    for chain in chains:
        if chain in keep or store.leases.held(chain):
            continue
        size = store.layer_size(chain)
        if store.snapshots.exists(chain):
            try:
                store.snapshots.remove(chain)
            except BarqueError:
                continue  # a container's or another layer's snapshot still lies on it
        with store.db.transaction() as tx:
            tx.execute("DELETE FROM image_layer WHERE chain = ?", (chain,))
        freed.append(chain)
        total += size
    return freed, total


def _free_blobs(store: ImageStore, digests: Iterable[str], keep: set[str]) -> None:
    for digest in digests:
        if not digest or digest in keep or store.leases.held(digest):
            continue
        if store.content.exists(digest):
            store.content.delete(digest)
        with store.db.transaction() as tx:
            tx.execute("DELETE FROM image_blob WHERE digest = ?", (digest,))
            tx.execute("DELETE FROM image_source WHERE digest = ?", (digest,))
