"""``docker save``: one tar that is a Docker archive (``manifest.json``) and an OCI layout (``index.json``) at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from barque.errors import InvalidArgument
from barque.images.image import Image, Json
from barque.images.manifest import make_manifest, parse_manifest
from barque.images.oci_layout import blob_name
from barque.images.spool import CHUNK
from barque.images.store import ImageStore, encode, image_platform
from barque.model.descriptor import OCI_CONFIG, OCI_INDEX, Descriptor
from barque.model.digest import sha256
from barque.model.reference import Reference

Chosen = list[tuple[Image, list[Reference]]]


def choose_images(store: ImageStore, names: Sequence[str], platform: str = "") -> Chosen:
    """The images to save, each with the tags it is saved under. Raises ``NotFound`` and ``InvalidArgument``.

    A name without a tag means every tag of the repository, an ID none.
    """
    chosen: dict[str, tuple[Image, list[Reference]]] = {}
    for name in names:
        for image, reference in _named(store, name, platform):
            tags = chosen.setdefault(image.id, (image, []))[1]
            if reference is not None and reference not in tags:
                tags.append(reference)
    return list(chosen.values())


def _named(store: ImageStore, name: str, platform: str) -> list[tuple[Image, Reference | None]]:
    reference = _reference(name)
    if reference is not None and (reference.tag or reference.digest):
        if store.lookup(reference):
            return [(store.resolve(name, platform), None if reference.digest else reference)]
    elif reference is not None:
        tags = store.tags(reference)
        if tags:
            return [(store.resolve(image, platform), reference.with_tag(tag)) for tag, image in sorted(tags.items())]
    return [(store.resolve(name, platform), None)]


def _reference(name: str) -> Reference | None:
    try:
        return Reference.parse(name)
    except InvalidArgument:
        return None  # an ID, or nothing that exists: resolving says which


def save_images(store: ImageStore, chosen: Chosen) -> Iterator[bytes]:
    """The archive's bytes. What it holds is protected until the iterator ends or is closed."""
    with store.lease() as lease:
        for image, _ in chosen:
            lease.hold(
                image.id, image.manifest_digest, *image.chain_ids, *(layer.blob.digest for layer in image.layers)
            )
        yield from _archive(store, chosen)


def _archive(store: ImageStore, chosen: Chosen) -> Iterator[bytes]:
    written: set[str] = set()
    index: list[Json] = []
    docker: list[Json] = []
    repositories: dict[str, dict[str, str]] = {}
    yield from (header("blobs/", 0, folder=True), header("blobs/sha256/", 0, folder=True))
    for image, references in chosen:
        media_type, data = image_manifest(store, image)
        descriptor = Descriptor(media_type, sha256(data), len(data))
        manifest = parse_manifest(data)
        yield from _member(store, written, image.id)
        for layer in manifest.layers:
            yield from _member(store, written, layer.digest)
        if descriptor.digest not in written:
            written.add(descriptor.digest)
            yield from small(blob_name(descriptor.digest), data)
        docker.append(_docker_entry(image, manifest.layers, references))
        index += _index_entries(image, descriptor, references)
        for reference in references:
            top = image.chain_id or image.id
            repositories.setdefault(reference.familiar_name, {})[reference.tag] = top.partition(":")[2]
    yield from small("index.json", encode({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": index}))
    yield from small("manifest.json", encode(docker))
    yield from small("oci-layout", b'{"imageLayoutVersion":"1.0.0"}')
    if repositories:
        yield from small("repositories", encode(repositories))
    yield bytes(1024)


def image_manifest(store: ImageStore, image: Image) -> tuple[str, bytes]:
    """The manifest the image came with, as long as its blobs are here; else one for the blobs that are."""
    if image.manifest_digest and store.content.exists(image.manifest_digest):
        data = store.content.read(image.manifest_digest)
        manifest = parse_manifest(data)
        if all(store.content.exists(layer.digest) for layer in manifest.layers):
            return manifest.media_type, data
    config = Descriptor(OCI_CONFIG, image.id, store.content.size(image.id))
    return make_manifest(config, [layer.blob for layer in image.layers], docker=False)


def _docker_entry(image: Image, layers: Sequence[Descriptor], references: list[Reference]) -> Json:
    return {
        "Config": blob_name(image.id),
        "RepoTags": [reference.familiar for reference in references] or None,
        "Layers": [blob_name(layer.digest) for layer in layers],
        "LayerSources": {diff: layer.to_json() for diff, layer in zip(image.diff_ids, layers, strict=True)},
    }


def _index_entries(image: Image, descriptor: Descriptor, references: list[Reference]) -> list[Json]:
    entry = descriptor.to_json() | {"platform": image_platform(image).to_json()}
    if not references:
        return [entry]
    return [
        entry
        | {
            "annotations": {
                "io.containerd.image.name": str(reference),
                "org.opencontainers.image.ref.name": reference.tag,
            }
        }
        for reference in references
    ]


def _member(store: ImageStore, written: set[str], digest: str) -> Iterator[bytes]:
    if digest in written:
        return
    written.add(digest)
    size = store.content.size(digest)
    yield header(blob_name(digest), size)
    with open(store.content.path(digest), "rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk
    yield bytes(-size % 512)


def small(name: str, data: bytes) -> Iterator[bytes]:
    """A whole member: header, data, padding."""
    yield header(name, len(data)) + data + bytes(-len(data) % 512)


def header(name: str, size: int, *, folder: bool = False) -> bytes:
    """A ustar header (POSIX.1-1988) of a file or folder of root, from the epoch; sizes over 8 GiB in base 256."""
    length = f"{size:011o}".encode() + b"\0" if size < 8 << 30 else b"\x80" + size.to_bytes(11, "big")
    fields: list[Any] = [
        name.encode().ljust(100, b"\0"),
        b"0000755\0" if folder else b"0000644\0",
        b"0000000\0" * 2,
        length,
        b"00000000000\0",
        b" " * 8,
        b"5" if folder else b"0",
        bytes(100),
        b"ustar\x0000",
        bytes(64),
        b"0000000\0" * 2,
    ]
    block = b"".join(fields).ljust(512, b"\0")
    return block[:148] + f"{sum(block):06o}".encode() + b"\0 " + block[156:]
