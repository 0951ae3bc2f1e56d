"""The images part of the Engine API: an asyncio face over the blocking ``images`` room."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import Any

from barque.engine.image_registry import credentials, distribution, search
from barque.engine.image_work import ImageThreads, blocking
from barque.images import Apply, ContainerUse, Image, ImageStore, Layer, Report, add_layer
from barque.images.collect import collect
from barque.images.downloads import Downloads
from barque.images.history import history_rows
from barque.images.import_tar import import_image, source_message
from barque.images.inspect import inspect_image
from barque.images.lease import Lease
from barque.images.listing import list_images
from barque.images.load import load_images
from barque.images.progress import line
from barque.images.prune import prune_images
from barque.images.pull import Puller
from barque.images.push import push_images
from barque.images.recover import recover
from barque.images.remove import remove_image
from barque.images.save import choose_images, save_images
from barque.images.tag import tag_image, target_reference
from barque.images.unpack import Unpacker
from barque.images.verify import verify
from barque.layers.worker import apply as apply_here
from barque.model.reference import Reference
from barque.model.requests import Filters, Json, Progress, Records, RegistryAuth, Strings
from barque.registry import Registries

Publish = Callable[[str, str, str, dict[str, str]], Any]
"""``publish(type, action, id, attributes)``: the event bus, called on the event loop."""


class ImageService:
    """Implements ``api.backends.Images``; ``auth`` and ``disk_usage`` are for the system service.

    Made on the event loop. ``apply`` is the supervisor's ``apply`` op (request without ``op`` to reply); None
    extracts in a thread of this process. ``containers_using()`` gives every container, for remove, prune and counts.
    """

    def __init__(
        self,
        store: ImageStore,
        registries: Registries,
        publish: Publish,
        containers_using: Callable[[], Iterable[ContainerUse]],
        apply: Callable[[Json], Awaitable[Json]] | None = None,
        *,
        max_downloads: int = 3,
        max_uploads: int = 5,
    ) -> None:
        self.store, self.registries = store, registries
        self._publish, self._containers = publish, containers_using
        self._loop = asyncio.get_running_loop()
        self._uploads = max_uploads
        self.threads = ImageThreads()
        self.unpacker = Unpacker(store, self._blocking_apply(apply))
        self._downloads = Downloads(store.content, max_downloads)
        self._puller = Puller(store, self._downloads, self.unpacker)
        recover(store)

    def _blocking_apply(self, apply: Callable[[Json], Awaitable[Json]] | None) -> Apply:
        if apply is None:
            here: Apply = apply_here
            return here

        async def ask(request: Json) -> Json:
            return await apply(request)

        return lambda request: asyncio.run_coroutine_threadsafe(ask(request), self._loop).result()

    def _event(self, action: str, image: Image, name: str) -> None:
        """From any thread: labels of the image and the name it is spoken of by are the attributes."""
        labels = {str(k): str(v) for k, v in (image.container_config.get("Labels") or {}).items()}
        attributes = labels | {"name": name}
        self._loop.call_soon_threadsafe(self._publish, "image", action, image.id, attributes)

    def _name_event(self, action: str, image: Image, reference: Reference) -> None:
        labels = {str(k): str(v) for k, v in (image.container_config.get("Labels") or {}).items()}
        attributes = labels | {"name": reference.familiar_name}
        self._loop.call_soon_threadsafe(self._publish, "image", action, reference.familiar, attributes)

    # What is here

    async def list(self, all: bool, filters: Filters, shared_size: bool, digests: bool, manifests: bool) -> Records:
        uses = [*self._containers()]
        return await self.threads.call(lambda: list_images(self.store, uses, filters, all=all, shared_size=shared_size))

    async def inspect(self, name: str, platform: str, manifests: bool) -> Json:
        return inspect_image(self.store, self.store.resolve(name, platform))

    async def history(self, name: str, platform: str) -> Records:
        return history_rows(self.store, self.store.resolve(name, platform))

    async def disk_usage(self) -> Json:
        """``{"LayersSize": bytes of all unpacked layers, each once, "Images": summaries with SharedSize}``."""
        uses = [*self._containers()]

        def measure() -> Json:
            chains = {chain for image in self.store.images() for chain in image.chain_ids}
            rows = list_images(self.store, uses, {}, shared_size=True)
            return {"LayersSize": sum(self.store.layer_size(chain) for chain in chains), "Images": rows}

        return await self.threads.call(measure)

    # Names

    async def tag(self, name: str, repository: str, tag: str) -> None:
        image = self.store.resolve(name)
        reference = tag_image(self.store, image, repository, tag)
        self._event("tag", image, reference.familiar)

    async def remove(self, name: str, force: bool, noprune: bool, platforms: Strings) -> Records:
        uses = [*self._containers()]
        rows, _ = await self.threads.call(
            lambda: remove_image(self.store, name, uses, self._event, force=force, noprune=noprune)
        )
        return rows

    async def prune(self, filters: Filters) -> Json:
        uses = [*self._containers()]
        report = await self.threads.call(lambda: prune_images(self.store, uses, filters, self._event))
        self._publish("image", "prune", "", {"reclaimed": str(report["SpaceReclaimed"])})
        return report

    async def collect(self) -> int:
        """Free blobs and snapshots no image needs; bytes. For the daemon's start."""
        return await self.threads.call(lambda: collect(self.store))

    async def add_layer(self, lease: Lease, tar: AsyncIterator[bytes], below: Strings, *, snapshot: str = "") -> Layer:
        """For commit and build: see ``images.add_layer``."""
        chunks = blocking(tar, self._loop)
        return await self.threads.call(
            lambda: add_layer(self.store, self.unpacker, lease, chunks, below, snapshot=snapshot)
        )

    async def verify(self) -> Strings:
        """Re-hash everything; one line for each thing that is wrong."""
        return await self.threads.call(lambda: verify(self.store))

    # Archives

    async def import_(
        self,
        source: AsyncIterator[bytes] | str,
        repository: str,
        tag: str,
        message: str,
        changes: Strings,
        platform: str,
    ) -> Progress:
        reference = target_reference(repository, tag) if repository else None
        chunks = self.registries.download(source) if isinstance(source, str) else blocking(source, self._loop)
        comment = message or source_message(source if isinstance(source, str) else "")

        def work(report: Report) -> None:
            if isinstance(source, str):
                report(line(f"Downloading from {source}"))
            image = import_image(
                self.store,
                self.unpacker,
                chunks,
                reference=reference,
                message=comment,
                changes=changes,
                platform=platform,
            )
            self._event("import", image, image.id)
            report({"status": image.id})

        return await self.threads.progress(work)

    async def load(self, tar: AsyncIterator[bytes], quiet: bool, platforms: Strings) -> Progress:
        chunks = blocking(tar, self._loop)

        def work(report: Report) -> None:
            images = load_images(self.store, self.unpacker, chunks, report, quiet=quiet, platforms=platforms)
            for image in images:
                self._event("load", image, image.id)

        return await self.threads.progress(work)

    async def save(self, names: Strings, platforms: Strings) -> AsyncIterator[bytes]:
        chosen = choose_images(self.store, names, platforms[0] if platforms else "")
        for image, _ in chosen:
            self._event("save", image, image.id)
        return self._saved(save_images(self.store, chosen))

    async def _saved(self, blocks: Any) -> AsyncIterator[bytes]:
        try:
            while (block := await self.threads.call(lambda: next(blocks, None))) is not None:
                yield block
        finally:
            blocks.close()

    # Registries

    async def pull(self, image: str, tag: str, platform: str, auth: RegistryAuth | None) -> Progress:
        reference = pull_reference(image, tag)

        def work(report: Report) -> None:
            sources = self.registries.sources(reference, credentials(auth))
            pulled = self._puller.pull(sources, reference, platform, report)
            self._name_event("pull", pulled, reference)

        return await self.threads.progress(work)

    async def push(self, name: str, tag: str, platform: str, auth: RegistryAuth | None) -> Progress:
        reference = Reference.parse(name)
        reference = reference.with_tag(tag) if tag else reference

        def work(report: Report) -> None:
            repository = self.registries.repository(reference, credentials(auth), push=True)
            for image in push_images(self.store, repository, reference, platform, report, self._uploads):
                self._name_event("push", image, reference)

        return await self.threads.progress(work)

    async def search(self, term: str, limit: int, filters: Filters, auth: RegistryAuth | None) -> Records:
        return await self.threads.call(lambda: search(self.registries, term, limit, filters, credentials(auth)))

    async def distribution(self, name: str, auth: RegistryAuth | None) -> Json:
        return await self.threads.call(lambda: distribution(self.registries, name, credentials(auth)))

    async def auth(self, auth: RegistryAuth) -> Json:
        """``docker login``: ``{"Status", "IdentityToken"}``. Raises ``Unauthorized``."""
        await self.threads.call(lambda: self.registries.login(auth.server_address, credentials(auth)))
        return {"Status": "Login Succeeded", "IdentityToken": ""}

    def close(self) -> None:
        """End the threads; work under way is given up."""
        self._downloads.close()
        self.threads.close()


def pull_reference(image: str, tag: str) -> Reference:
    """What ``fromImage`` and ``tag`` mean together: ``tag`` may be a digest, and neither means every tag."""
    reference = Reference.parse(image)
    if tag.startswith("sha256:"):
        return reference.with_digest(tag)
    return reference.with_tag(tag) if tag else reference


__all__ = ["ImageService", "Publish", "pull_reference"]
