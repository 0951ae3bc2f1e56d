"""``docker load``: images from ``docker save`` archives (old and new layout) and OCI archives."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from barque.errors import InvalidArgument, NotFound
from barque.images import oci_layout
from barque.images.archive import Archive
from barque.images.config import parse_config
from barque.images.image import Image, Json, Layer, Report
from barque.images.lease import Lease
from barque.images.manifest import MAX_LAYERS
from barque.images.progress import figures, short
from barque.images.spool import compression, ingest, plain_chunks, spooled
from barque.images.store import ImageStore, config_platform
from barque.images.unpack import Unpacker
from barque.model.descriptor import OCI_LAYER_GZIP, OCI_LAYER_TAR, OCI_LAYER_ZSTD, Descriptor
from barque.model.digest import chain_ids
from barque.model.platform import Platform
from barque.model.reference import Reference

_MEDIA_TYPES = {"": OCI_LAYER_TAR, "gzip": OCI_LAYER_GZIP, "zstd": OCI_LAYER_ZSTD}


@dataclass(frozen=True, slots=True)
class Entry:
    """One image of an archive, checked: where its parts lie and what it is to be called."""

    config: str
    layers: tuple[str, ...]
    references: tuple[Reference, ...]
    parent: str = ""
    manifest: bytes = b""


@dataclass
class Load:
    """One load under way."""

    store: ImageStore
    unpacker: Unpacker
    report: Report
    quiet: bool = False
    platforms: tuple[Platform, ...] = ()
    loaded: list[tuple[Image, tuple[Reference, ...]]] = field(default_factory=list)


def load_images(
    store: ImageStore,
    unpacker: Unpacker,
    chunks: Iterable[bytes],
    report: Report,
    *,
    quiet: bool = False,
    platforms: Sequence[str] = (),
) -> list[Image]:
    """Load every image of the stream; ``Loaded image: x`` lines go to ``report`` once all are in.

    Raises ``InvalidArgument`` for a broken archive; images are recorded only after all of them were checked and
    unpacked, so a broken archive leaves none.
    """
    load = Load(store, unpacker, report, quiet, tuple(Platform.parse(p) for p in platforms))
    with store.lease() as lease, spooled(store.content, chunks, hashed=False) as spool:
        with open(spool.path, "rb") as file:
            packed = compression(file.read(6))
        if packed:
            with spooled(store.content, plain_chunks(spool.path), hashed=False) as plain:
                return _load_archive(load, plain.path, lease)
        return _load_archive(load, spool.path, lease)


def _load_archive(load: Load, path: str, lease: Lease) -> list[Image]:
    archive = Archive(path)
    try:
        ready = []
        for entry in _entries(archive):
            prepared = _prepare(load, archive, entry, lease)
            if prepared is not None:
                ready.append(prepared)
    finally:
        archive.close()
    if not ready and load.platforms:
        raise NotFound(f"requested platform ({load.platforms[0]}) not found: image might be filtered out")
    for entry, data, layers in ready:
        _record(load, entry, data, layers)
    if any(references for _, references in load.loaded):
        names = [f"Loaded image: {r.familiar}" for _, references in load.loaded for r in references]
    else:
        names = [f"Loaded image ID: {image.id}" for image, _ in load.loaded]
    for name in names:
        load.report({"stream": name + "\n"})
    return [image for image, _ in load.loaded]


def _entries(archive: Archive) -> list[Entry]:
    if "manifest.json" in archive:
        kept = oci_layout.manifests_by_config(archive) if "index.json" in archive else {}
        return [_docker_entry(item, kept) for item in _json_list(archive.read("manifest.json"))]
    if "index.json" in archive:
        found = oci_layout.read_layout(archive)
        return [Entry(i.config, i.layers, i.references, manifest=i.manifest) for i in found]
    raise InvalidArgument("invalid archive: does not contain a manifest.json or index.json")


def _json_list(data: bytes) -> list[Any]:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise InvalidArgument(f"invalid archive: manifest.json: {error}") from None
    if not isinstance(value, list) or not value:
        raise InvalidArgument("invalid archive: manifest.json names no image")
    return value


def _docker_entry(item: Any, kept: dict[str, bytes]) -> Entry:
    if not isinstance(item, dict) or not isinstance(item.get("Config"), str):
        raise InvalidArgument("invalid archive: manifest.json entry without a Config")
    layers, tags = item.get("Layers") or [], item.get("RepoTags") or []
    parent = item.get("Parent") or ""
    texts = isinstance(layers, list) and isinstance(tags, list) and all(isinstance(x, str) for x in [*layers, *tags])
    if not texts or not isinstance(parent, str):
        raise InvalidArgument("invalid archive: manifest.json entry has bad Layers or RepoTags")
    references = tuple(Reference.parse(tag).with_default_tag() for tag in tags)
    return Entry(item["Config"], tuple(layers), references, parent, kept.get(item["Config"], b""))


def _prepare(load: Load, archive: Archive, entry: Entry, lease: Lease) -> tuple[Entry, bytes, list[Layer]] | None:
    """Everything of one image but its row: blobs kept, layers unpacked. None when its platform is not wanted."""
    data = archive.read(entry.config)
    config = parse_config(data)
    diff_ids = config["rootfs"]["diff_ids"]
    if load.platforms and all(p.rank(config_platform(config)) is None for p in load.platforms):
        return None
    if len(diff_ids) != len(entry.layers):
        raise InvalidArgument(
            f"invalid manifest, layers length mismatch: expected {len(entry.layers)}, got {len(diff_ids)}"
        )
    if len(diff_ids) > MAX_LAYERS:
        raise InvalidArgument("max depth exceeded")
    chain = chain_ids(diff_ids)
    lease.hold(*chain, "sha256:" + hashlib.sha256(data).hexdigest())
    layers = []
    for number, (name, diff_id) in enumerate(zip(entry.layers, diff_ids, strict=True)):
        blob = load.store.blob_of(diff_id)
        fresh = blob is None
        if blob is None:
            blob = _keep_blob(load.store, archive, name, diff_id, lease)
        lease.hold(blob.digest)
        layer = Layer(diff_id, blob)
        layers.append(layer)
        if not load.store.snapshots.exists(chain[number]):
            _tell(load, diff_id, 0, blob.size)
            try:
                load.unpacker.unpack(chain[: number + 1], layer)
            except BaseException:
                if fresh:
                    load.store.content.delete(blob.digest)
                raise
            _tell(load, diff_id, blob.size, blob.size)
    return entry, data, layers


def _tell(load: Load, diff_id: str, current: int, total: int) -> None:
    if not load.quiet:
        load.report(figures("Loading layer", short(diff_id), current, total))


def _keep_blob(store: ImageStore, archive: Archive, name: str, diff_id: str, lease: Lease) -> Descriptor:
    """A member of the archive as a blob. Plain tars must be their ``diff_id``; others are checked on unpacking."""
    kind = compression(archive.head(name))
    if kind not in _MEDIA_TYPES:
        raise InvalidArgument(f"invalid archive: layer {name} is compressed with {kind}")
    digest = diff_id
    if kind:
        state = hashlib.sha256()
        for chunk in archive.chunks(name):
            state.update(chunk)
        digest = f"sha256:{state.hexdigest()}"
    lease.hold(digest)
    if not store.content.exists(digest):
        ingest(store.content, digest, archive.size(name), archive.chunks(name))
    return Descriptor(_MEDIA_TYPES[kind], digest, archive.size(name))


def _record(load: Load, entry: Entry, data: bytes, layers: list[Layer]) -> None:
    for reference in entry.references:
        _displace(load, reference, "sha256:" + hashlib.sha256(data).hexdigest())
    manifest = load.store.content.write_bytes(entry.manifest) if entry.manifest else ""
    parent = load.store.get(entry.parent) if entry.parent else None
    image = load.store.create(
        data, layers, entry.references, parent=parent.id if parent else "", manifest_digest=manifest
    )
    load.loaded.append((image, entry.references))


def _displace(load: Load, reference: Reference, image_id: str) -> None:
    before = load.store.lookup(reference)
    if before and before != image_id:
        text = f"The image {reference.familiar} already exists, renaming the old one with ID {before} to empty string\n"
        load.report({"stream": text})


def loaded_name(image: Image) -> Json:
    """Attributes of the ``load`` event."""
    return {"name": image.id}
