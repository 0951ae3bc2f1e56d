"""Reading untrusted manifests and indexes (image-spec manifest.md, image-index.md; Docker's schema 2)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from barque.errors import InvalidArgument, NotFound
from barque.model.descriptor import (
    DOCKER_CONFIG,
    DOCKER_LAYER_GZIP,
    DOCKER_LAYER_TAR,
    DOCKER_LIST,
    DOCKER_MANIFEST,
    DOCKER_SCHEMA1,
    DOCKER_SCHEMA1_SIGNED,
    INDEXES,
    MANIFESTS,
    OCI_CONFIG,
    OCI_INDEX,
    OCI_LAYER_GZIP,
    OCI_LAYER_TAR,
    OCI_LAYER_ZSTD,
    OCI_MANIFEST,
    Descriptor,
)
from barque.model.platform import Platform

MAX_LAYERS = 127
"""As in dockerd: what one overlay mount is sure to take."""
_LAYERS = frozenset(
    {DOCKER_LAYER_GZIP, DOCKER_LAYER_TAR, OCI_LAYER_TAR, OCI_LAYER_GZIP, OCI_LAYER_ZSTD}
    | {"application/vnd.docker.image.rootfs.diff.tar.zstd", "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"}
    | {f"application/vnd.oci.image.layer.nondistributable.v1.tar{end}" for end in ("", "+gzip", "+zstd")}
)


@dataclass(frozen=True, slots=True)
class ImageManifest:
    """The manifest of one image."""

    media_type: str
    config: Descriptor
    layers: tuple[Descriptor, ...]


def _load(data: bytes) -> dict[str, Any]:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise InvalidArgument(f"invalid manifest: {error}") from None
    if not isinstance(value, dict):
        raise InvalidArgument("invalid manifest: not an object")
    return value


def kind(data: bytes, media_type: str) -> str:
    """``index`` or ``manifest``, from the media type or else the members. Raises ``InvalidArgument``."""
    value = _load(data)
    declared = value.get("mediaType") or media_type
    if declared in {DOCKER_SCHEMA1, DOCKER_SCHEMA1_SIGNED} or value.get("schemaVersion") == 1:
        raise InvalidArgument("Docker Image manifest version 2, schema 1 is not supported: use a newer image format")
    if declared in INDEXES or (declared not in MANIFESTS and isinstance(value.get("manifests"), list)):
        return "index"
    if declared in MANIFESTS or (isinstance(value.get("config"), dict) and isinstance(value.get("layers"), list)):
        return "manifest"
    raise InvalidArgument(f"unsupported manifest media type: {declared or 'none'}")


def parse_manifest(data: bytes) -> ImageManifest:
    """Raises ``InvalidArgument`` for anything that is not a runnable image's manifest."""
    value = _load(data)
    layers = value.get("layers")
    if value.get("schemaVersion") != 2 or not isinstance(layers, list):
        raise InvalidArgument("invalid manifest: no layers")
    if len(layers) > MAX_LAYERS:
        raise InvalidArgument("max depth exceeded")
    config = Descriptor.from_json(value.get("config"))
    if config.media_type not in {DOCKER_CONFIG, OCI_CONFIG, ""}:
        raise InvalidArgument(f'Encountered remote "{config.media_type}" (unknown) when fetching')
    parsed = tuple(Descriptor.from_json(layer) for layer in layers)
    for layer in parsed:
        if layer.media_type not in _LAYERS:
            raise InvalidArgument(f"unsupported layer media type: {layer.media_type}")
    docker = config.media_type == DOCKER_CONFIG
    return ImageManifest(value.get("mediaType") or (DOCKER_MANIFEST if docker else OCI_MANIFEST), config, parsed)


def parse_index(data: bytes) -> list[Descriptor]:
    """The manifests (and nested indexes) an index lists, in its order. Raises ``InvalidArgument``."""
    manifests = _load(data).get("manifests")
    if not isinstance(manifests, list):
        raise InvalidArgument("invalid index: no manifests")
    return [Descriptor.from_json(entry) for entry in manifests]


def choose(entries: Sequence[Descriptor], wanted: Platform) -> Descriptor:
    """The best entry for a platform, the first of equals. Raises ``NotFound`` in Docker's words."""
    best: tuple[int, Descriptor] | None = None
    for entry in entries:
        if entry.media_type not in INDEXES | MANIFESTS or _is_attestation(entry):
            continue
        rank = wanted.rank(entry.platform) if entry.platform else 99
        if rank is not None and (best is None or rank < best[0]):
            best = (rank, entry)
    if best is None:
        raise NotFound(f"no matching manifest for {spelled(wanted)} in the manifest list entries")
    return best[1]


def _is_attestation(entry: Descriptor) -> bool:
    return any(key == "vnd.docker.reference.type" for key, _ in entry.annotations)


def spelled(platform: Platform) -> str:
    """As containerd formats it: arm64 with its default variant."""
    variant = "/v8" if platform.architecture == "arm64" and not platform.variant else ""
    return f"{platform}{variant}"


def make_manifest(config: Descriptor, layers: Sequence[Descriptor], docker: bool) -> tuple[str, bytes]:
    """``(media type, bytes)`` of a manifest, as Docker prints its own (indented by three) or as OCI (compact)."""
    value = {
        "schemaVersion": 2,
        "mediaType": DOCKER_MANIFEST if docker else OCI_MANIFEST,
        "config": config.to_json(),
        "layers": [layer.to_json() for layer in layers],
    }
    data = json.dumps(value, indent=3) if docker else json.dumps(value, separators=(",", ":"))
    return str(value["mediaType"]), data.encode()


__all__ = [
    "DOCKER_LIST",
    "OCI_INDEX",
    "ImageManifest",
    "choose",
    "kind",
    "make_manifest",
    "parse_index",
    "parse_manifest",
]
