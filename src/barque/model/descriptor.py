"""OCI descriptors and the media types this engine reads and writes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from barque.errors import InvalidArgument
from barque.model import digest as digests
from barque.model.platform import Platform

DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_SCHEMA1 = "application/vnd.docker.distribution.manifest.v1+json"
DOCKER_SCHEMA1_SIGNED = "application/vnd.docker.distribution.manifest.v1+prettyjws"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
DOCKER_LAYER_GZIP = "application/vnd.docker.image.rootfs.diff.tar.gzip"
DOCKER_LAYER_TAR = "application/vnd.docker.image.rootfs.diff.tar"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER_TAR = "application/vnd.oci.image.layer.v1.tar"
OCI_LAYER_GZIP = "application/vnd.oci.image.layer.v1.tar+gzip"
OCI_LAYER_ZSTD = "application/vnd.oci.image.layer.v1.tar+zstd"
INDEXES = frozenset({DOCKER_LIST, OCI_INDEX})
MANIFESTS = frozenset({DOCKER_MANIFEST, OCI_MANIFEST})


@dataclass(frozen=True, slots=True)
class Descriptor:
    """What a blob is, which bytes it must be (``digest``) and how many (``size``, bytes)."""

    media_type: str
    digest: str
    size: int
    platform: Platform | None = None
    annotations: tuple[tuple[str, str], ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The descriptor as in a manifest: empty members left out."""
        value: dict[str, Any] = {"mediaType": self.media_type, "digest": self.digest, "size": self.size}
        if self.annotations:
            value["annotations"] = dict(self.annotations)
        if self.platform is not None:
            value["platform"] = self.platform.to_json()
        return value

    @classmethod
    def from_json(cls, value: Any) -> Descriptor:
        """Checks an untrusted descriptor. Raises ``InvalidArgument``."""
        if not isinstance(value, dict):
            raise InvalidArgument("invalid descriptor: not an object")
        size, media_type = value.get("size"), value.get("mediaType", "")
        if not isinstance(size, int) or isinstance(size, bool) or size < 0 or not isinstance(media_type, str):
            raise InvalidArgument(f"invalid descriptor: bad size or media type for {value.get('digest')!r}")
        if not isinstance(value.get("digest"), str):
            raise InvalidArgument("invalid descriptor: no digest")
        annotations = value.get("annotations") or {}
        if not isinstance(annotations, dict):
            raise InvalidArgument("invalid descriptor: annotations are not an object")
        platform = value.get("platform")
        return cls(
            media_type,
            digests.check(value["digest"]),
            size,
            Platform.from_json(platform) if platform else None,
            tuple((str(k), str(v)) for k, v in annotations.items()),
        )
