"""``docker push``: what the registry lacks of an image, then its manifest."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from barque.errors import BarqueError, NotFound
from barque.images.compress import compressed_layers
from barque.images.image import Cancelled, Image, Report
from barque.images.manifest import make_manifest, parse_manifest
from barque.images.progress import figures, line, short
from barque.images.spool import CHUNK
from barque.images.store import ImageStore
from barque.model.descriptor import DOCKER_CONFIG, Descriptor
from barque.model.digest import sha256
from barque.model.reference import Reference
from barque.registry import Repository
from barque.registry.failures import RegistryError, known_kind
from barque.registry.upload import mount, put_manifest, upload


def push_images(
    store: ImageStore, repository: Repository, reference: Reference, platform: str, report: Report, uploads: int = 5
) -> list[Image]:
    """Push one tag, or every tag of the repository when ``reference`` has none. Raises ``BarqueError``.

    An image goes out under the manifest it came with, so digests stay; layers made here are compressed first.
    """
    tags = store.tags(reference)
    if reference.tag:
        if reference.tag not in tags:
            raise NotFound(_missing(store, reference))
        tags = {reference.tag: tags[reference.tag]}
    if not tags:
        raise NotFound(f"An image does not exist locally with the tag: {reference.familiar_name}")
    report(line(f"The push refers to repository [{reference.name}]"))
    pushed = []
    for tag, image_id in sorted(tags.items()):
        image = store.resolve(image_id, platform)
        try:
            pushed.append(_Push(store, repository, reference.with_tag(tag), image, report, uploads).run())
        except RegistryError as error:
            raise known_kind(error) from error
    return pushed


def _missing(store: ImageStore, reference: Reference) -> str:
    if store.tags(reference):
        return f"tag does not exist: {reference.familiar}"
    return f"An image does not exist locally with the tag: {reference.familiar_name}"


@dataclass
class _Push:
    store: ImageStore
    repository: Repository
    reference: Reference
    image: Image
    report: Report
    uploads: int
    gone: bool = False

    def run(self) -> Image:
        with self.store.lease() as lease:
            lease.hold(self.image.id, self.image.manifest_digest, *self.image.chain_ids)
            lease.hold(*(layer.blob.digest for layer in self.image.layers))
            for diff_id in reversed(self.image.diff_ids):
                self.report(line("Preparing", short(diff_id)))
            media_type, data, layers = self._manifest()
            lease.hold(sha256(data), *(layer.digest for layer in layers))
            self._send_layers(layers)
            config = Descriptor(DOCKER_CONFIG, self.image.id, self.store.content.size(self.image.id))
            if self.repository.has_blob(config.digest) is None:
                upload(self.repository, config, lambda offset: self._read(config, offset), lambda sent: None)
            put_manifest(self.repository, self.reference.tag, media_type, data)
            digest = self.store.content.write_bytes(data)
            repository = self.reference.repository()
            self.store.name_pushed(self.image, repository.with_digest(digest), [layer.digest for layer in layers])
        tag = self.reference.tag
        self.report(line(f"{tag}: digest: {digest} size: {len(data)}"))
        self.report({"progressDetail": {}, "aux": {"Tag": tag, "Digest": digest, "Size": len(data)}})
        return self.image

    def _manifest(self) -> tuple[str, bytes, list[Descriptor]]:
        """The manifest to push: the one kept when its layers are here or there, else a new one."""
        kept = self.image.manifest_digest
        if kept and self.store.content.exists(kept):
            data = self.store.content.read(kept)
            manifest = parse_manifest(data)
            if all(self._somewhere(layer) for layer in manifest.layers):
                return manifest.media_type, data, list(manifest.layers)
        self.image = compressed_layers(self.store, self.image)
        layers = [layer.blob for layer in self.image.layers]
        config = Descriptor(DOCKER_CONFIG, self.image.id, self.store.content.size(self.image.id))
        media_type, data = make_manifest(config, layers, docker=True)
        return media_type, data, layers

    def _somewhere(self, layer: Descriptor) -> bool:
        return self.store.content.exists(layer.digest) or self.repository.has_blob(layer.digest) is not None

    def _send_layers(self, layers: list[Descriptor]) -> None:
        names = [short(diff_id) for diff_id in self.image.diff_ids]
        work = list(zip(layers, names, strict=True))[::-1]
        for _, name in work[self.uploads :]:
            self.report(line("Waiting", name))
        failed: list[BaseException] = []
        lock = threading.Lock()
        seen: set[str] = set()

        def send(layer: Descriptor, name: str) -> None:
            try:
                with lock:
                    again = layer.digest in seen
                    seen.add(layer.digest)
                if not self.gone:
                    self._send(layer, name, again)
            except BaseException as error:
                self.gone = True
                failed.append(error)

        with ThreadPoolExecutor(self.uploads, "upload") as pool:
            for layer, name in work:
                pool.submit(send, layer, name)
        if failed:
            raise next((e for e in failed if isinstance(e, BarqueError)), failed[0])

    def _send(self, layer: Descriptor, name: str, again: bool) -> None:
        if again or self.repository.has_blob(layer.digest) is not None:
            self.report(line("Layer already exists", name))
            return
        url = ""
        own = self.reference.repository()
        for source in self.store.sources_of(layer.digest):
            if source.domain == own.domain and source.path != own.path:
                begun = mount(self.repository, layer.digest, source.path)
                if begun is None:
                    self.report(line(f"Mounted from {source.path}", name))
                    return
                url = begun
                break
        step, told = max(layer.size // 100, 512 << 10), 0
        self.report(figures("Pushing", name, 0, layer.size))

        def progress(sent: int) -> None:
            nonlocal told
            if self.gone:
                raise Cancelled
            if sent - told >= step or sent == layer.size:
                told = sent
                self.report(figures("Pushing", name, sent, layer.size))

        upload(self.repository, layer, lambda offset: self._read(layer, offset), progress, url=url)
        self.report(line("Pushed", name))

    def _read(self, blob: Descriptor, offset: int) -> Iterator[bytes]:
        with open(self.store.content.path(blob.digest), "rb") as file:
            file.seek(offset)
            while chunk := file.read(CHUNK):
                yield chunk
