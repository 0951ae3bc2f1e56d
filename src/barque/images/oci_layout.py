"""OCI image layouts inside an archive (image-spec image-layout.md)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from barque.errors import InvalidArgument
from barque.images.archive import Archive
from barque.images.manifest import ImageManifest, choose, kind, parse_index, parse_manifest
from barque.model import digest as digests
from barque.model.descriptor import INDEXES, Descriptor
from barque.model.platform import host
from barque.model.reference import Reference

MAX_NESTING = 4


@dataclass(frozen=True, slots=True)
class LayoutImage:
    """One image of a layout: member names of its config and layers, its names, its manifest's bytes."""

    config: str
    layers: tuple[str, ...]
    references: tuple[Reference, ...]
    manifest: bytes


def blob_name(digest: str) -> str:
    """Where a blob lies in a layout."""
    algorithm, _, encoded = digest.partition(":")
    return f"blobs/{algorithm}/{encoded}"


def read_layout(archive: Archive) -> list[LayoutImage]:
    """Every image ``index.json`` names; of a nested index the one for this host. Raises ``InvalidArgument``."""
    found: dict[str, LayoutImage] = {}
    for entry in parse_index(archive.read("index.json")):
        data = _manifest_bytes(archive, entry)
        if data is None:
            continue
        manifest = parse_manifest(data)
        name = _reference(entry)
        key = manifest.config.digest
        names = (*(found[key].references if key in found else ()), *((name,) if name else ()))
        found[key] = LayoutImage(
            blob_name(key), tuple(blob_name(layer.digest) for layer in manifest.layers), names, data
        )
    if not found:
        raise InvalidArgument("invalid archive: index.json names no image")
    return list(found.values())


def manifests_by_config(archive: Archive) -> dict[str, bytes]:
    """Config member name to manifest bytes, of what a layout beside a ``manifest.json`` has; unusable ones left out."""
    found: dict[str, bytes] = {}
    for data, manifest in _usable(archive):
        if all(blob_name(layer.digest) in archive for layer in manifest.layers):
            found[blob_name(manifest.config.digest)] = data
    return found


def _usable(archive: Archive) -> Iterator[tuple[bytes, ImageManifest]]:
    try:
        entries = parse_index(archive.read("index.json"))
    except InvalidArgument:
        return
    for entry in entries:
        try:
            data = _manifest_bytes(archive, entry)
            if data is not None:
                yield data, parse_manifest(data)
        except InvalidArgument:
            continue


def _manifest_bytes(archive: Archive, entry: Descriptor) -> bytes | None:
    """The manifest an entry leads to, verified; None for something that is no image (an attestation)."""
    for _ in range(MAX_NESTING):
        data = archive.read(blob_name(entry.digest))
        if entry.digest.startswith("sha256:") and digests.sha256(data) != entry.digest:
            raise InvalidArgument(f"invalid archive: blob {entry.digest} does not match its digest")
        if kind(data, entry.media_type) == "manifest":
            return data
        here = [item for item in parse_index(data) if blob_name(item.digest) in archive]
        entry = choose(here, host())
        if entry.media_type not in INDEXES and blob_name(entry.digest) not in archive:
            return None
    raise InvalidArgument("index nested too deeply")


def _reference(entry: Descriptor) -> Reference | None:
    annotations = dict(entry.annotations)
    full = annotations.get("io.containerd.image.name") or annotations.get("org.opencontainers.image.ref.name") or ""
    if ":" not in full and "/" not in full:
        return None  # a bare tag names nothing without a repository
    try:
        reference = Reference.parse(full).with_default_tag()
    except InvalidArgument:
        return None
    return None if reference.digest else reference
