"""``api.backends.Containers``: one method a verb, each a line or two over the file that does it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator, Awaitable

from barque.engine import inspection, lifecycle, listing, logs, stats, top
from barque.engine.archive import ArchiveService
from barque.engine.commit import commit
from barque.engine.create import create
from barque.engine.images import ImageService
from barque.engine.lifetimes import Lifetimes
from barque.engine.links import without
from barque.engine.listing import has_labels
from barque.engine.record import NAME, Container
from barque.engine.streams import ContainerAttachment, detach_keys
from barque.engine.update import update
from barque.errors import BarqueError, Conflict, InvalidArgument, Unsupported
from barque.images import ContainerUse
from barque.model.requests import AttachOptions, Filters, Json, LogOptions, Records, Strings

DEFAULT_PS = ("", "-ef", "ef")


class ContainerService:
    def __init__(self, lives: Lifetimes, images: ImageService, archives: ArchiveService) -> None:
        self._lives, self._images, self._archives = lives, images, archives

    def _find(self, name: str) -> Container:
        return self._lives.store.find(name)

    # For images, system and networks

    def uses(self) -> list[ContainerUse]:
        return [ContainerUse(c.id, c.image_id, c.image, c.running) for c in self._lives.store]

    def states(self) -> list[str]:
        return [c.state.status for c in self._lives.store]

    async def usage(self) -> Records:
        return await self.list(True, 0, True, {})

    # Making and looking

    async def create(self, name: str, config: Json, platform: str) -> Json:
        return await create(self._lives, self._images.store, name, config, platform)

    async def list(self, all: bool, limit: int, size: bool, filters: Filters) -> Records:
        listing.check(filters)
        found = sorted(self._lives.store, key=lambda c: -c.created)
        for word, newer in (("before", False), ("since", True)):
            for name in filters.get(word, ()):
                edge = self._find(name).created
                found = [c for c in found if (c.created > edge if newer else c.created < edge)]
        anything = all or limit > 0 or "status" in filters or "exited" in filters
        kept = [c for c in found if (anything or c.running) and listing.matches(c, filters)]
        rows = [inspection.row(c) for c in (kept[:limit] if limit > 0 else kept)]
        if size:
            for row in rows:
                row |= await self._sizes(self._find(row["Id"]))
        return rows

    async def _sizes(self, container: Container) -> Json:
        own = (await asyncio.to_thread(self._lives.snapshots.usage, container.id))[0]
        try:
            image = self._images.store.resolve(container.image_id).size
        except BarqueError:
            image = 0
        return {"SizeRw": own, "SizeRootFs": own + image}

    async def inspect(self, name: str, size: bool) -> Json:
        container = self._find(name)
        body = inspection.inspect(container, self._lives.directory(container), self._graph(container))
        return body | (await self._sizes(container) if size else {})

    def _graph(self, container: Container) -> Json:
        snapshots = self._lives.snapshots
        chain = snapshots.chain(container.id)
        folders = [snapshots.layer_dir(info.key) for info in chain]
        if container.driver != "overlay2":
            return {"Name": container.driver, "Data": None}
        work = os.path.join(os.path.dirname(folders[0]), "work")
        merged = self._lives.tasks.rootfs(container.id)
        data = {"LowerDir": ":".join(folders[1:]), "MergedDir": merged, "UpperDir": folders[0], "WorkDir": work}
        return {"Name": container.driver, "Data": data}

    # The life

    async def start(self, name: str) -> None:
        await self._lives.start(self._find(name))

    async def stop(self, name: str, signal: str | None, timeout: int | None) -> None:
        await self._lives.stop(self._find(name), signal, timeout)

    async def restart(self, name: str, signal: str | None, timeout: int | None) -> None:
        container = self._find(name)
        if container.running:
            container.comes_back = True
            try:
                await self._lives.stop(container, signal, timeout)
            finally:
                container.comes_back = False
        await self._lives.start(container)
        self._lives.publish(container, "restart")

    async def kill(self, name: str, signal: str) -> None:
        await self._lives.kill(self._find(name), signal)

    async def pause(self, name: str) -> None:
        await self._freeze(self._find(name), "pause", "paused")

    async def unpause(self, name: str) -> None:
        await self._freeze(self._find(name), "unpause", "running")

    async def _freeze(self, container: Container, verb: str, status: str) -> None:
        async with container.lock:
            lifecycle.check(container, verb)
            await self._lives.tasks.ask(container.id, "pause" if verb == "pause" else "resume")
            container.state.status = status
            self._lives.store.save(container)
        self._lives.publish(container, verb)

    async def rename(self, name: str, new_name: str) -> None:
        container, new_name = self._find(name), new_name.removeprefix("/")
        if not NAME.fullmatch(new_name):
            raise InvalidArgument(f"Invalid container name ({new_name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed")
        if new_name == container.name:
            raise Conflict("Renaming a container with the same name as its current name")
        old = container.name
        self._lives.store.rename(container, new_name)
        self._lives.networks.rename(container.id, new_name)
        self._lives.publish(container, "rename", oldName=f"/{old}")

    async def resize(self, name: str, rows: int, columns: int) -> None:
        container = self._find(name)
        lifecycle.check(container, "resize")
        await self._lives.tasks.ask(container.id, "resize", rows=rows, columns=columns)
        self._lives.publish(container, "resize", height=rows, width=columns)

    async def update(self, name: str, changes: Json) -> Json:
        return await update(self._lives, self._find(name), changes)

    async def remove(self, name: str, force: bool, volumes: bool, link: bool) -> None:
        if link:
            parent, _, alias = name.strip("/").rpartition("/")
            container = self._find(parent)
            container.host_config["Links"] = without(container.host_config, alias)
            self._lives.store.save(container)
            return
        await self._lives.remove(self._find(name), force, volumes)

    async def wait(self, name: str, condition: str) -> Awaitable[Json]:
        return self._lives.wait(self._find(name), condition)

    # Streams

    async def logs(self, name: str, options: LogOptions) -> tuple[bool, AsyncIterator[bytes]]:
        container = self._find(name)
        if not (options.stdout or options.stderr):
            raise InvalidArgument("Bad parameters: you must choose at least one stream")
        if (container.host_config.get("LogConfig") or {}).get("Type") == "none":
            raise Unsupported("configured logging driver does not support reading")
        ended = self._lives.ended.get(container.id)
        return container.tty, logs.stream(container, self._lives.log_path(container), options, ended)

    async def attach(self, name: str, options: AttachOptions) -> ContainerAttachment:
        container = self._find(name)
        if container.state.status == "paused":
            raise Conflict(f"Container {container.id} is paused, unpause the container before attach")
        if container.state.status == "restarting":
            raise Conflict(f"Container {container.id} is restarting, wait until the container is running")
        attachment = ContainerAttachment(self._lives, container, options, detach_keys(options.detach_keys))
        self._lives.publish(container, "attach")
        return attachment

    async def top(self, name: str, ps_args: str) -> Json:
        container = self._find(name)
        if not container.running:
            raise Conflict(f"Container {container.id} is not running")
        pids = (await self._lives.tasks.ask(container.id, "pids"))["pids"]
        self._lives.publish(container, "top")
        if ps_args.strip() in DEFAULT_PS:
            return top.table(pids)
        return await top.by_ps(pids, ps_args)

    async def stats(self, name: str, stream: bool, one_shot: bool) -> AsyncIterator[Json]:
        container = self._find(name)
        return self._stats(container, stream, one_shot)

    async def _stats(self, container: Container, stream: bool, one_shot: bool) -> AsyncIterator[Json]:
        before: Json | None = None
        while True:
            if not container.running:
                yield stats.empty(container)
                if not stream or container.id not in {c.id for c in self._lives.store}:
                    return
            else:
                try:
                    raw = (await self._lives.tasks.ask(container.id, "stats"))["cgroup"]
                except BarqueError:
                    raw = None
                if raw is not None:
                    sample = stats.sample(container, raw, time.time_ns(), before)
                    if before is not None or one_shot or stream:
                        yield sample
                        if not stream:
                            return
                    before = sample
            # the interval is the format's: one reading a second
            await asyncio.sleep(1)

    # Files

    async def changes(self, name: str) -> Records:
        return await self._archives.changes(self._find(name))

    async def export(self, name: str) -> AsyncIterator[bytes]:
        container = self._find(name)
        chunks = await self._archives.export(container)
        self._lives.publish(container, "export")
        return chunks

    async def archive_stat(self, name: str, path: str) -> Json:
        return await self._archives.stat(self._find(name), path)

    async def archive_get(self, name: str, path: str) -> tuple[Json, AsyncIterator[bytes]]:
        container = self._find(name)
        found = await self._archives.get(container, path)
        self._lives.publish(container, "archive-path")
        return found

    async def archive_put(
        self, name: str, path: str, tar: AsyncIterator[bytes], no_overwrite_dir_non_dir: bool, copy_uid_gid: bool
    ) -> None:
        container = self._find(name)
        await self._archives.put(container, path, tar, no_overwrite_dir_non_dir)
        self._lives.publish(container, "extract-to-dir")

    async def commit(
        self,
        name: str,
        repository: str,
        tag: str,
        comment: str,
        author: str,
        pause: bool,
        changes: Strings,
        config: Json,
    ) -> Json:
        container = self._find(name)
        frozen = pause and container.state.status == "running"
        if frozen:
            with contextlib.suppress(BarqueError):  # it may end at any moment, and is as good to commit then
                await self._freeze(container, "pause", "paused")
        try:
            target = (repository, tag)
            found = await commit(self._images, self._archives, container, target, comment, author, changes, config)
        finally:
            if container.state.status == "paused" and frozen:
                with contextlib.suppress(BarqueError):
                    await self._freeze(container, "unpause", "running")
        self._lives.publish(container, "commit", comment=comment, imageID=found, imageRef=f"{repository}:{tag}")
        return {"Id": found}

    async def prune(self, filters: Filters) -> Json:
        for word in filters:
            if word not in ("label", "label!", "until"):
                raise InvalidArgument(f"invalid filter '{word}'")
        removed, freed = [], 0
        for container in self._lives.store:
            labels = container.config.get("Labels") or {}
            unwanted = filters.get("label!", ())
            if container.state.status not in ("created", "exited", "dead"):
                continue
            if not has_labels(labels, filters.get("label", ())) or (unwanted and has_labels(labels, unwanted)):
                continue
            freed += (await self._sizes(container))["SizeRw"]
            await self._lives.remove(container, False, False)
            removed.append(container.id)
        return {"ContainersDeleted": removed or None, "SpaceReclaimed": freed}
