"""Files of a container: cp both ways, diff, export, through workers that are locked into its root."""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncIterator
from typing import Any

from barque.engine.record import Container, rfc3339
from barque.engine.rootfs import Rootfs
from barque.engine.tasks import Connection, Tasks
from barque.errors import Internal, InvalidArgument
from barque.model import Mount
from barque.snapshots import Snapshotter

Json = dict[str, Any]


class ArchiveService:
    """The archive part of ``api.backends.Containers``, on records instead of names."""

    def __init__(self, tasks: Tasks, snapshots: Snapshotter, rootfs: Rootfs, data_root: str) -> None:
        self._tasks, self._snapshots, self._rootfs, self._data_root = tasks, snapshots, rootfs, data_root

    @contextlib.contextmanager
    def _where(self, container: Container) -> Any:
        """How a worker reaches the container's root."""
        if container.running:
            yield {"pid": container.state.pid, "container": container.name}
            return
        rootfs = os.path.join(self._data_root, "containers", container.id, "rootfs")
        os.makedirs(rootfs, exist_ok=True)
        mounts = [m.to_json() for m in self._rootfs.mounts(container.id)]
        for point in sorted(container.mounts, key=lambda p: p["Destination"]):
            if point["Type"] in ("bind", "volume") and os.path.exists(point["Source"]):
                mounts.append(Mount("none", point["Source"], point["Destination"], ("rbind",)).to_json())
        try:
            yield {"mounts": mounts, "rootfs": rootfs, "container": container.name}
        finally:
            with contextlib.suppress(OSError):
                os.rmdir(rootfs)

    @staticmethod
    def _shown(found: Json) -> Json:
        return {**found, "mtime": rfc3339(found["mtime"])}

    async def stat(self, container: Container, path: str) -> Json:
        with self._where(container) as where:
            return self._shown(await self._tasks.work({"op": "stat", "path": path, **where}))

    async def get(self, container: Container, path: str) -> tuple[Json, AsyncIterator[bytes]]:
        with self._where(container) as where:
            connection, found = await self._tasks.open_work({"op": "tar", "path": path, **where})
        return self._shown(found), _chunks(connection)

    async def export(self, container: Container) -> AsyncIterator[bytes]:
        if container.running:
            connection, _ = await self._tasks.open_work(
                {"op": "tar", "path": "", "root": self._tasks.files(container.id)}
            )
            return _chunks(connection)
        mounts = [m.to_json() for m in self._rootfs.mounts(container.id)]
        with self._where(container) as where:
            connection, _ = await self._tasks.open_work({"op": "tar", "path": "", **where, "mounts": mounts})
        return _chunks(connection)

    async def put(self, container: Container, path: str, tar: AsyncIterator[bytes], no_overwrite: bool) -> None:
        if container.host_config.get("ReadonlyRootfs"):
            raise InvalidArgument("container rootfs is marked read-only")
        with self._where(container) as where:
            request = {"op": "untar", "path": path, "no_overwrite": no_overwrite, **where}
            connection, _ = await self._tasks.open_work(request)
            try:
                with contextlib.suppress(OSError):
                    async for chunk in tar:
                        await connection.write(chunk)
                connection.write_eof()
                await connection.result()
            finally:
                connection.close()

    async def changes(self, container: Container) -> list[Json]:
        chain = self._snapshots.chain(container.id)
        upper = self._snapshots.layer_dir(container.id)
        lower = [self._snapshots.layer_dir(info.key) for info in chain[1:]]
        reply = await self._tasks.work({"op": "changes", "upper": upper, "lower": lower})
        rows: list[Json] = reply["changes"]
        return rows

    async def layer(self, container: Container) -> AsyncIterator[bytes]:
        """What the container wrote, as a layer tar."""
        source = self._snapshots.layer_dir(container.id)
        connection, _ = await self._tasks.open_work({"op": "layer", "source": source})
        return _chunks(connection)


async def _chunks(connection: Connection) -> AsyncIterator[bytes]:
    """To the end of the stream; a tar that lacks its closing blocks has failed."""
    last = b""
    try:
        while data := await connection.read():
            last = (last + data)[-1024:]
            yield data
        if last != b"\0" * 1024:
            raise Internal("the archive ended early")
    finally:
        connection.close()
