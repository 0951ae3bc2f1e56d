"""The index of images: rows in the state file, held in memory too, so that looking up costs no disk."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

from barque.content import ContentStore
from barque.errors import InvalidArgument, NotFound
from barque.images.config import parse_config
from barque.images.image import Image, Json, Layer
from barque.images.lease import Lease, Leases
from barque.images.tables import STEPS
from barque.model.descriptor import Descriptor
from barque.model.platform import Platform, host
from barque.model.reference import Reference
from barque.snapshots import Snapshotter
from barque.state import Database

_HEX = re.compile(r"[0-9a-f]{1,64}")


class ImageStore:
    """Everything about images that is on disk. Safe to call from several threads."""

    def __init__(self, db: Database, content: ContentStore, snapshots: Snapshotter) -> None:
        self.db, self.content, self.snapshots = db, content, snapshots
        self.leases = Leases()
        self._images: dict[str, Image] = {}
        self._names: dict[str, str] = {}
        db.migrate("images", STEPS)
        self._read_rows()

    def _read_rows(self) -> None:
        for reference, image in self.db.query("SELECT reference, image FROM image_name"):
            self._names[reference] = image
        for row in self.db.query("SELECT id, parent, manifest, layers, size, last_tag_time FROM image"):
            config = parse_config(self.content.read(row[0]))
            layers = tuple(Layer(item["diff"], Descriptor.from_json(item["blob"])) for item in json.loads(row[3]))
            self._images[row[0]] = Image(row[0], config, layers, row[1], row[2], size=row[4], last_tag_time=row[5])

    def lease(self) -> AbstractContextManager[Lease]:
        """Protects what is held through it from collection until the block ends."""
        return self.leases.lease()

    # Looking up

    def images(self) -> list[Image]:
        """Every image, with its names."""
        with self.leases.lock:
            names = self._names_by_image()
            return [self._named(image, names.get(image.id, [])) for image in self._images.values()]

    def get(self, image_id: str) -> Image | None:
        """By full ID (``sha256:...``)."""
        with self.leases.lock:
            image = self._images.get(image_id)
            return self._named(image, [r for r, i in self._names.items() if i == image_id]) if image else None

    def resolve(self, name: str, platform: str = "") -> Image:
        """By reference, ID or unique ID prefix. Raises ``NotFound`` (``No such image: x``), ``InvalidArgument``."""
        image = self._find(name)
        if platform:
            wanted = Platform.parse(platform)
            actual = image_platform(image)
            if wanted.rank(actual) is None:
                raise NotFound(
                    f"image with reference {name} was found but its platform ({actual}) "
                    f"does not match the specified platform ({wanted})"
                )
        return image

    def _find(self, name: str) -> Image:
        bare = name.removeprefix("sha256:")
        if re.fullmatch(r"[0-9a-f]{64}", bare):
            if image := self.get("sha256:" + bare):
                return image
            raise NotFound(f"No such image: {name}")
        reference: Reference | None = None
        if not name.startswith("sha256:"):
            reference = Reference.parse(name)
            if image_id := self.lookup(reference):
                image = self.get(image_id)
                assert image is not None
                return image
        found = [i for i in self._images if i.startswith("sha256:" + bare)] if _HEX.fullmatch(bare) else []
        if len(found) > 1:
            raise NotFound(f"ambiguous reference: {name}")
        if found and (image := self.get(found[0])):
            return image
        raise NotFound(f"No such image: {reference.with_default_tag().familiar if reference else name}")

    def lookup(self, reference: Reference) -> str | None:
        """The ID a reference points at; a digest beats a tag, and no tag means ``latest``."""
        if reference.digest:
            return self._names.get(str(reference.with_digest(reference.digest)))
        return self._names.get(str(reference.with_default_tag()))

    def references(self, image_id: str) -> list[Reference]:
        """Every tag and digest reference of an image, tags first, each sorted."""
        with self.leases.lock:
            found = [Reference.parse(r) for r, i in self._names.items() if i == image_id]
        return sorted(found, key=lambda r: (bool(r.digest), str(r)))

    def tags(self, repository: Reference) -> dict[str, str]:
        """Tag to ID of one repository."""
        with self.leases.lock:
            found = [(Reference.parse(r), i) for r, i in self._names.items() if r.startswith(repository.name)]
        return {r.tag: i for r, i in found if r.tag and r.name == repository.name}

    def _names_by_image(self) -> dict[str, list[str]]:
        names: dict[str, list[str]] = {}
        for reference, image in self._names.items():
            names.setdefault(image, []).append(reference)
        return names

    @staticmethod
    def _named(image: Image, names: Iterable[str]) -> Image:
        parsed = [Reference.parse(name) for name in sorted(names)]
        return replace(
            image,
            references=tuple(r.familiar for r in parsed if not r.digest),
            repo_digests=tuple(r.familiar for r in parsed if r.digest),
        )

    def children(self, image_id: str) -> list[str]:
        """IDs of images made on top of this one here."""
        with self.leases.lock:
            return [i.id for i in self._images.values() if i.parent == image_id]

    # Changing

    def create(
        self,
        config: Json | bytes,
        layers: Sequence[Layer],
        references: Sequence[Reference] = (),
        *,
        parent: str = "",
        manifest_digest: str = "",
    ) -> Image:
        """Record an image and point ``references`` at it, in one durable transaction.

        ``config`` is the OCI image config, whose bytes are kept as given; its ``rootfs.diff_ids`` must be those of
        ``layers``, whose blobs are in the content store and whose snapshots are committed under their chain ids.
        An image that exists keeps its row. Raises ``InvalidArgument``.
        """
        data = config if isinstance(config, bytes) else encode(config)
        parsed = parse_config(data)
        if parsed["rootfs"]["diff_ids"] != [layer.diff_id for layer in layers]:
            raise InvalidArgument("invalid image config: rootfs.diff_ids do not match the layers")
        with self.leases.lock:
            image_id = self.content.write_bytes(data)
            old = self._images.get(image_id)
            image = Image(image_id, parsed, tuple(layers), parent, manifest_digest)
            image = replace(image, size=sum(self.layer_size(chain) for chain in image.chain_ids))
            if old is not None:
                image = replace(old, manifest_digest=manifest_digest or old.manifest_digest, layers=tuple(layers))
            if references:
                image = replace(image, last_tag_time=time.time_ns())
            self._write(image, references)
            named = self.get(image_id)
            assert named is not None
            return named

    def _write(self, image: Image, references: Sequence[Reference]) -> None:
        layers = json.dumps([{"diff": layer.diff_id, "blob": layer.blob.to_json()} for layer in image.layers])
        with self.db.transaction(durable=True) as tx:
            tx.execute(
                "INSERT INTO image VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET"
                " manifest = excluded.manifest, layers = excluded.layers, last_tag_time = excluded.last_tag_time",
                (image.id, image.parent, image.manifest_digest, layers, image.size, image.last_tag_time),
            )
            for layer in image.layers:
                self._record_blob(tx, layer)
            for reference in references:
                tx.execute("INSERT OR REPLACE INTO image_name VALUES (?, ?)", (str(reference), image.id))
        self._images[image.id] = image
        self._names.update({str(reference): image.id for reference in references})

    def point(self, reference: Reference, image_id: str) -> str | None:
        """Make a tag or digest reference name an image; the ID it named before, if another."""
        with self.leases.lock:
            image = replace(self._images[image_id], last_tag_time=time.time_ns())
            before = self._names.get(str(reference))
            self._write(image, [reference])
            return before if before != image_id else None

    def name_pulled(self, image: Image, references: Sequence[Reference], manifest: str, blobs: Iterable[str]) -> None:
        """Point names at an image that came from their repository, and remember which blobs lie there."""
        with self.leases.lock:
            current = self._images[image.id]
            current = replace(
                current, last_tag_time=time.time_ns(), manifest_digest=current.manifest_digest or manifest
            )
            self._write(current, references)
            self.record_source(references[0], blobs)

    def name_pushed(self, image: Image, reference: Reference, blobs: Iterable[str]) -> None:
        """An image is now in a repository under this digest."""
        with self.leases.lock:
            if image.id in self._images:
                current = replace(self._images[image.id], manifest_digest=reference.digest)
                self._write(current, [reference])
            self.record_source(reference, blobs)

    def record_source(self, repository: Reference, blobs: Iterable[str]) -> None:
        """Remember that blobs are in a repository of a registry."""
        with self.db.transaction() as tx:
            rows = [(blob, repository.name) for blob in blobs]
            tx.executemany("INSERT OR IGNORE INTO image_source VALUES (?, ?)", rows)

    def sources_of(self, blob: str) -> list[Reference]:
        """Repositories a blob is known to be in."""
        rows = self.db.query("SELECT repository FROM image_source WHERE digest = ? ORDER BY rowid DESC", (blob,))
        return [Reference.parse(row[0]) for row in rows]

    def unpoint(self, reference: Reference) -> None:
        """Forget a reference."""
        with self.leases.lock:
            with self.db.transaction(durable=True) as tx:
                tx.execute("DELETE FROM image_name WHERE reference = ?", (str(reference),))
            self._names.pop(str(reference), None)

    def forget(self, image_id: str) -> Image:
        """Delete an image's row and names, not its blobs and snapshots: see ``collect``."""
        with self.leases.lock:
            with self.db.transaction(durable=True) as tx:
                tx.execute("DELETE FROM image_name WHERE image = ?", (image_id,))
                tx.execute("DELETE FROM image WHERE id = ?", (image_id,))
                tx.execute("UPDATE image SET parent = '' WHERE parent = ?", (image_id,))
            self._names = {r: i for r, i in self._names.items() if i != image_id}
            for child in self.children(image_id):
                self._images[child] = replace(self._images[child], parent="")
            return self._images.pop(image_id)

    # Layers

    def release_blob(self, digest: str) -> None:
        """Delete a blob that no image has as a layer."""
        with self.leases.lock:
            used = any(layer.blob.digest == digest for image in self._images.values() for layer in image.layers)
            if used:
                return
            self.content.delete(digest)
            with self.db.transaction() as tx:
                tx.execute("DELETE FROM image_blob WHERE digest = ?", (digest,))

    @staticmethod
    def _record_blob(tx: Any, layer: Layer) -> None:
        blob = layer.blob
        tx.execute(
            "INSERT OR IGNORE INTO image_blob VALUES (?, ?, ?, ?)",
            (blob.digest, layer.diff_id, blob.media_type, blob.size),
        )

    def record_layer(self, chain_id: str, layer: Layer, size: int) -> None:
        """Remember that a snapshot is committed under ``chain_id``, from this blob, with ``size`` bytes of files."""
        with self.db.transaction() as tx:
            tx.execute("INSERT OR REPLACE INTO image_layer VALUES (?, ?, ?)", (chain_id, layer.diff_id, size))
            self._record_blob(tx, layer)

    def layer_size(self, chain_id: str) -> int:
        """Bytes of files in one unpacked layer."""
        rows = self.db.query("SELECT size FROM image_layer WHERE chain = ?", (chain_id,))
        if rows:
            return int(rows[0][0])
        return self.snapshots.usage(chain_id)[0] if self.snapshots.exists(chain_id) else 0

    def blob_of(self, diff_id: str) -> Descriptor | None:
        """A blob in the content store that holds this layer, compressed ones first."""
        rows = self.db.query("SELECT media_type, digest, size FROM image_blob WHERE diff = ? ORDER BY size", (diff_id,))
        found = (Descriptor(*row) for row in rows if self.content.exists(row[1]))
        return next(found, None)


def encode(value: Any) -> bytes:
    """Compact JSON, members in the order they were put in."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def image_platform(image: Image) -> Platform:
    """The platform in an image's config."""
    return config_platform(image.config)


def config_platform(config: Json) -> Platform:
    """The platform a config says; what it does not say is this host's."""
    value = {"os": config.get("os") or "linux", "architecture": config.get("architecture") or host().architecture}
    return Platform.from_json(value | {"variant": config.get("variant") or ""})
