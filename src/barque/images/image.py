"""What an image is here: a config (whose digest is the ID), its layers, and the names that point at it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from barque.model.descriptor import Descriptor
from barque.model.digest import chain_ids

Json = dict[str, Any]

Apply = Callable[[Json], Json]
"""Blocking layer extraction: the supervisor's ``apply`` op without ``op``. See ``layers/worker.py``."""

Report = Callable[[Json], None]
"""Takes one of Docker's progress lines; raises ``Cancelled`` when nobody wants the work any more."""


class Cancelled(Exception):
    """The client went away: the work stops, what was fetched so far is kept for the next time."""


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer: ``diff_id`` is the digest of its tar, ``blob`` the bytes kept for push and save."""

    diff_id: str
    blob: Descriptor


@dataclass(frozen=True, slots=True)
class Image:
    """A whole image. ``references`` are familiar ``name:tag``, ``repo_digests`` familiar ``name@digest``."""

    id: str
    config: Json
    """The OCI image config: ``architecture``, ``os``, ``config`` (Cmd, Env, ...), ``rootfs``, ``history``."""
    layers: tuple[Layer, ...]
    parent: str = ""
    manifest_digest: str = ""
    """Digest of the manifest this image was pulled or loaded with; empty when it was made here and never pushed."""
    references: tuple[str, ...] = ()
    repo_digests: tuple[str, ...] = ()
    last_tag_time: int = 0
    """Nanoseconds since the epoch; 0 when never tagged here."""
    size: int = 0
    """Bytes on disk of all layers together."""
    labels: dict[str, str] = field(default_factory=dict)

    @property
    def diff_ids(self) -> list[str]:
        return [layer.diff_id for layer in self.layers]

    @property
    def chain_ids(self) -> list[str]:
        """Snapshot names of the layers, bottom first."""
        return chain_ids(self.diff_ids)

    @property
    def chain_id(self) -> str | None:
        """The snapshot to prepare a container on; None for an image without layers."""
        chain = self.chain_ids
        return chain[-1] if chain else None

    @property
    def container_config(self) -> Json:
        """The inner ``config``: Cmd, Entrypoint, Env, Labels, User, WorkingDir, Volumes, ExposedPorts, ..."""
        return self.config.get("config") or {}


@dataclass(frozen=True, slots=True)
class ContainerUse:
    """A container as far as images care."""

    id: str
    image_id: str
    image: str
    """The name the container was made from, as the user gave it."""
    running: bool
