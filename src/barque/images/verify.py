"""Re-hashing everything: is every image whole?"""

from __future__ import annotations

import hashlib

from barque.images.collect import needed
from barque.images.spool import CHUNK
from barque.images.store import ImageStore


def verify(store: ImageStore) -> list[str]:
    """One line for each thing that is wrong; empty when every image is whole."""
    problems: list[str] = []
    for image in store.images():
        for name in [image.id, *(layer.blob.digest for layer in image.layers)]:
            if not store.content.exists(name):
                problems.append(f"image {image.id}: blob {name} is missing")
        problems += [
            f"image {image.id}: snapshot {chain} is missing"
            for chain in image.chain_ids
            if not store.snapshots.exists(chain)
        ]
    for digest in sorted(needed(store)):
        if digest and store.content.exists(digest) and _hash(store.content.path(digest)) != digest:
            problems.append(f"blob {digest} does not match its digest")
    return problems


def _hash(path: str) -> str:
    state = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(CHUNK):
            state.update(chunk)
    return f"sha256:{state.hexdigest()}"
