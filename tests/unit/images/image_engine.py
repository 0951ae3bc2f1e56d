"""An image service over real stores in a folder, and tars to feed it."""

from __future__ import annotations

import asyncio
import io
import tarfile
from collections.abc import AsyncIterator, Awaitable, Coroutine
from pathlib import Path
from typing import Any

from barque.content import ContentStore
from barque.engine.images import ImageService
from barque.images import ContainerUse, ImageStore
from barque.registry import Registries, RegistryConfig
from barque.snapshots import VfsSnapshotter
from barque.state import Database

Json = dict[str, Any]


def make_tar(files: dict[str, bytes]) -> bytes:
    """A tar of plain files of root."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


async def chunks(data: bytes, size: int = 10_000) -> AsyncIterator[bytes]:
    for at in range(0, len(data), size):
        yield data[at : at + size]


class Engine:
    """One image service with its own loop: ``engine(coroutine)`` runs it, ``engine.lines(...)`` drains a stream."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self.events: list[tuple[str, str, str, dict[str, str]]] = []
        self.uses: list[ContainerUse] = []
        self.runner = asyncio.Runner()
        self.db = Database(str(folder / "state.db"))
        content = ContentStore(str(folder / "content"))
        self.store = ImageStore(self.db, content, VfsSnapshotter(self.db, str(folder / "snapshots")))
        self.service = self(self._make())

    async def _make(self) -> ImageService:
        registries = Registries(RegistryConfig(attempts=3), lambda seconds: None)
        return ImageService(self.store, registries, lambda *event: self.events.append(event), lambda: self.uses)

    def __call__(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.runner.run(work)

    def lines(self, work: Awaitable[AsyncIterator[Json]]) -> list[Json]:
        async def drain() -> list[Json]:
            return [line async for line in await work]

        return self(drain())

    def bytes(self, work: Awaitable[AsyncIterator[bytes]]) -> bytes:
        async def drain() -> bytes:
            return b"".join([block async for block in await work])

        return self(drain())

    def import_(self, files: dict[str, bytes], name: str = "", *changes: str) -> str:
        """The ID of a new image of these files."""
        repository, _, tag = name.rpartition(":") if ":" in name else (name, "", "")
        source = chunks(make_tar(files))
        return str(self.lines(self.service.import_(source, repository, tag, "", list(changes), ""))[-1]["status"])

    def stored(self) -> tuple[set[str], set[str]]:
        """Digests of all blobs and keys of all snapshots."""
        keys = {key if isinstance(key, str) else key.key for key in self.store.snapshots.walk()}
        return set(self.store.content.walk()), keys

    def close(self) -> None:
        self.service.close()
        self.runner.close()
        self.db.close()
