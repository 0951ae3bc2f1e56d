"""``docker pull``: from a registry's manifest to a named image, downloads overlapping extraction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from barque.errors import BarqueError, InvalidArgument
from barque.images.config import MAX_CONFIG, parse_config
from barque.images.downloads import Downloads, Transfer, fetch_blob
from barque.images.image import Cancelled, Image, Json, Layer, Report
from barque.images.lease import Lease
from barque.images.manifest import ImageManifest, choose, kind, parse_index, parse_manifest
from barque.images.progress import figures, line, short
from barque.images.store import ImageStore
from barque.images.unpack import Unpacker
from barque.model.descriptor import Descriptor
from barque.model.digest import chain_ids
from barque.model.platform import Platform, host
from barque.model.reference import Reference
from barque.registry import Manifest, Repository
from barque.registry.failures import pull_error

MAX_NESTING = 4


@dataclass(frozen=True)
class Puller:
    """What every pull of the daemon shares."""

    store: ImageStore
    downloads: Downloads
    unpacker: Unpacker

    def pull(self, sources: Sequence[Repository], reference: Reference, platform: str, report: Report) -> Image:
        """One tag or digest, or with neither all tags. Raises ``BarqueError`` in Docker's words and ``Cancelled``.

        The image pulled (the last one of all tags) is returned; every line of Docker's goes to ``report``.
        """
        if reference.digest:
            reference = reference.with_digest(reference.digest)
        try:
            image, changed = self._pull_all(sources, reference, platform, report)
        except BarqueError as error:
            raise pull_error(error, reference) from error
        news = "Downloaded newer image for" if changed else "Image is up to date for"
        report(line(f"Status: {news} {reference.familiar}"))
        return image

    def _pull_all(
        self, sources: Sequence[Repository], reference: Reference, platform: str, report: Report
    ) -> tuple[Image, bool]:
        wanted = Platform.parse(platform) if platform else host()
        if reference.tag or reference.digest:
            return _Pull(self, sources, reference, wanted, report).run(bool(platform))
        pulled = []
        for tag in sources[-1].tags():
            pulled.append(_Pull(self, sources, reference.with_tag(tag), wanted, report).run(bool(platform)))
        if not pulled:
            raise InvalidArgument(f"no tags in repository {reference.familiar}")
        return pulled[-1][0], any(changed for _, changed in pulled)


class _Pull:
    """One tag or digest."""

    def __init__(
        self, puller: Puller, sources: Sequence[Repository], reference: Reference, platform: Platform, report: Report
    ) -> None:
        self.puller, self.store = puller, puller.store
        self.sources, self.reference, self.platform, self.report = sources, reference, platform, report

    def run(self, warn: bool) -> tuple[Image, bool]:
        with self.store.lease() as lease:
            top, source = self._first_manifest()
            name = self.reference.digest or self.reference.tag
            self.report(line(f"Pulling from {self.reference.path}", name))
            chosen = self._choose(top, source, lease)
            manifest = parse_manifest(chosen.data)
            image = self.store.get(manifest.config.digest)
            if image is None:
                image = self._fetch_image(manifest, chosen, lease)
            self._keep(chosen, lease)
            changed = self._name(image, top.descriptor.digest, chosen.descriptor.digest)
        self.report(line(f"Digest: {top.descriptor.digest}"))
        named = self.store.get(image.id)
        assert named is not None
        if warn:
            self._warn(named)
        return named, changed

    def _first_manifest(self) -> tuple[Manifest, Repository]:
        """From the first source that has it; a mirror's failure only means to ask the next."""
        for source in self.sources[:-1]:
            try:
                return source.manifest(self.reference.digest or self.reference.tag), source
            except BarqueError:
                continue
        return self.sources[-1].manifest(self.reference.digest or self.reference.tag), self.sources[-1]

    def _choose(self, manifest: Manifest, source: Repository, lease: Lease) -> Manifest:
        for _ in range(MAX_NESTING):
            self._keep(manifest, lease)
            if kind(manifest.data, manifest.descriptor.media_type) == "manifest":
                return manifest
            entry = choose(parse_index(manifest.data), self.platform)
            lease.hold(entry.digest)
            if self.store.content.exists(entry.digest):
                manifest = Manifest(entry, self.store.content.read(entry.digest))
            else:
                manifest = source.manifest(entry.digest)
        raise InvalidArgument("index nested too deeply")

    def _keep(self, manifest: Manifest, lease: Lease) -> None:
        lease.hold(manifest.descriptor.digest)
        if not self.store.content.exists(manifest.descriptor.digest):
            self.store.content.write_bytes(manifest.data)

    def _fetch_image(self, manifest: ImageManifest, chosen: Manifest, lease: Lease) -> Image:
        if manifest.config.size > MAX_CONFIG:
            raise InvalidArgument("invalid image config: too large")
        lease.hold(manifest.config.digest)
        if not self.store.content.exists(manifest.config.digest):
            fetch_blob(self.store.content, self.sources, manifest.config, lambda stage, current: None)
        data = self.store.content.read(manifest.config.digest)
        config = parse_config(data)
        diff_ids = config["rootfs"]["diff_ids"]
        if len(diff_ids) != len(manifest.layers):
            raise InvalidArgument("layers from manifest don't match image configuration")
        layers = self._fetch_layers(manifest.layers, diff_ids, lease)
        return self.store.create(data, layers, manifest_digest=chosen.descriptor.digest)

    def _fetch_layers(self, blobs: Sequence[Descriptor], diff_ids: list[str], lease: Lease) -> list[Layer]:
        chain = chain_ids(diff_ids)
        lease.hold(*chain, *(blob.digest for blob in blobs))
        layers: list[Layer] = []
        transfers: list[Transfer | None] = []
        wanted = 0
        for number, (blob, diff_id) in enumerate(zip(blobs, diff_ids, strict=True)):
            here = self.store.snapshots.exists(chain[number])
            kept = blob if self.store.content.exists(blob.digest) else self.store.blob_of(diff_id)
            if here and kept is not None:
                lease.hold(kept.digest)
                self.report(line("Already exists", short(blob.digest)))
            else:
                here = False
                self.report(line("Pulling fs layer", short(blob.digest)))
            layers.append(Layer(diff_id, kept if here and kept is not None else blob))
            transfers.append(None)
            if not here:
                wanted += 1
                if wanted > self.puller.downloads.limit:
                    self.report(line("Waiting", short(blob.digest)))
                transfers[-1] = self._start(blob)
        try:
            for number, transfer in enumerate(transfers):
                if transfer is not None:
                    self._await(transfer, blobs[number])
                    self._unpack(chain[: number + 1], layers[number])
        except BaseException:
            self._gone = True
            raise
        return layers

    _gone = False

    def _start(self, blob: Descriptor) -> Transfer:
        item = short(blob.digest)

        def listener(stage: str, current: int) -> None:
            if self._gone:
                raise Cancelled
            self.report(figures(stage, item, current, blob.size) if stage == "Downloading" else line(stage, item))

        return self.puller.downloads.fetch(self.sources, blob, listener)

    def _await(self, transfer: Transfer, blob: Descriptor) -> None:
        """Wait for a blob; one that another pull had started and gave up is started again from where it stands."""
        while True:
            try:
                transfer.done.result()
                return
            except Cancelled:
                self.report(line("Waiting", short(blob.digest)))  # raises when it was this pull that gave up
                transfer = self._start(blob)

    def _unpack(self, chain: list[str], layer: Layer) -> None:
        item, size = short(layer.blob.digest), layer.blob.size
        if not self.store.snapshots.exists(chain[-1]):
            self.report(figures("Extracting", item, min(size, 32 << 10), size))
            self.puller.unpacker.unpack(chain, layer)
            self.report(figures("Extracting", item, size, size))
        self.report(line("Pull complete", item))

    def _name(self, image: Image, top: str, chosen: str) -> bool:
        """Point the tag and the digest at the image; whether the name is new or moved."""
        repository = self.reference.repository()
        before = self.store.lookup(self.reference)
        names = [repository.with_digest(top)]
        if self.reference.tag:
            names.append(self.reference)
        if before == image.id and all(self.store.lookup(name) == image.id for name in names):
            return False
        self.store.name_pulled(image, names, chosen, [layer.blob.digest for layer in image.layers])
        return before != image.id

    def _warn(self, image: Image) -> None:
        try:
            self.store.resolve(image.id, str(self.platform))
        except BarqueError as error:
            text = str(error).replace(image.id, self.reference.familiar)
            self.report(line(f"WARNING: {text}"))


def pulled_name(reference: Reference) -> Json:
    """Attributes of the ``pull`` event."""
    return {"name": reference.familiar_name}
