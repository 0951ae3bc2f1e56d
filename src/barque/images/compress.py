"""Layers made here, gzipped for a registry; the compressed blob takes the plain one's place in the image."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import replace

from isal import isal_zlib

from barque.images.image import Image, Layer
from barque.images.spool import CHUNK, keep_file, spooled
from barque.images.store import ImageStore
from barque.model.descriptor import DOCKER_LAYER_GZIP, DOCKER_LAYER_TAR, OCI_LAYER_GZIP, OCI_LAYER_TAR

_PLAIN = frozenset({OCI_LAYER_TAR, DOCKER_LAYER_TAR})
_HEADER = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"
"""RFC 1952: deflate, no name, no time, so that equal layers give equal blobs."""


def compressed_layers(store: ImageStore, image: Image) -> Image:
    """The image with gzip blobs for all its layers, recorded; under Docker's media types."""
    layers = [_compressed(store, layer) if layer.blob.media_type in _PLAIN else _typed(layer) for layer in image.layers]
    if layers == list(image.layers):
        return image
    plain = {layer.blob.digest for layer in image.layers} - {layer.blob.digest for layer in layers}
    store.create(store.content.read(image.id), layers)
    for digest in plain:
        store.release_blob(digest)
    named = store.get(image.id)
    assert named is not None
    return named


def _typed(layer: Layer) -> Layer:
    if layer.blob.media_type != OCI_LAYER_GZIP:
        return layer
    return Layer(layer.diff_id, replace(layer.blob, media_type=DOCKER_LAYER_GZIP))


def _compressed(store: ImageStore, layer: Layer) -> Layer:
    with spooled(store.content, _gzip(store.content.path(layer.blob.digest))) as spool:
        return Layer(layer.diff_id, keep_file(store.content, spool, DOCKER_LAYER_GZIP))


def _gzip(path: str) -> Iterator[bytes]:
    """The file's bytes as one gzip member."""
    packer = isal_zlib.compressobj(level=1, wbits=-15)
    checksum, size = 0, 0
    yield _HEADER
    with open(path, "rb") as file:
        while chunk := file.read(CHUNK):
            checksum = isal_zlib.crc32(chunk, checksum)
            size += len(chunk)
            yield packer.compress(chunk)
    yield packer.flush() + struct.pack("<II", checksum, size & 0xFFFFFFFF)
