"""The volumes part of the Engine API, and what containers need of volumes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from barque.errors import InvalidArgument
from barque.model.mount import Mount
from barque.model.requests import Filters, Json, Records
from barque.volumes import Volume, VolumeStore, resolve_subpath

Publish = Callable[..., Any]
LIST_FILTERS = {"dangling", "driver", "label", "name"}
PRUNE_FILTERS = {"label", "label!", "all"}
TRUE, FALSE = ("1", "t", "true"), ("0", "f", "false")


class VolumeService:
    """Implements ``api.backends.Volumes``. A container's life with volumes: ``use`` at create, ``mount`` at start,
    ``mounted`` and ``unmounted`` for the events, ``release`` at remove.

    ``publish(type, action, id, attributes)`` is the event bus.
    """

    def __init__(self, store: VolumeStore, publish: Publish) -> None:
        self._store, self._publish = store, publish
        store.recover()

    # The Engine API

    async def list(self, filters: Filters) -> Json:
        _check(filters, LIST_FILTERS)
        used = self._store.used()
        volumes = [v.to_json() for v in self._store.walk() if _listed(v, filters, v.name in used)]
        return {"Volumes": volumes, "Warnings": None}

    async def inspect(self, name: str) -> Json:
        return self._store.get(name).to_json()

    async def create(self, config: Json) -> Json:
        if config.get("ClusterVolumeSpec"):
            raise InvalidArgument("cluster volumes need a swarm, and this node is not part of one")
        volume = self._create(
            config.get("Name") or "", config.get("Driver") or "", config.get("DriverOpts"), config.get("Labels")
        )
        return volume.to_json()

    async def remove(self, name: str, force: bool) -> None:
        volume = await asyncio.to_thread(self._store.remove, name, force)
        if volume is not None:
            self._publish("volume", "destroy", volume.name, {"driver": "local"})

    async def prune(self, filters: Filters) -> Json:
        _check(filters, PRUNE_FILTERS)
        everything = _boolean(filters, "all")
        used = self._store.used()
        deleted, reclaimed = [], 0
        for volume in [*self._store.walk()]:
            if volume.name in used or not (volume.anonymous or everything) or not _labelled(volume, filters):
                continue
            size = await asyncio.to_thread(self._store.size, volume.name)
            if await asyncio.to_thread(self._store.remove, volume.name, True):
                self._publish("volume", "destroy", volume.name, {"driver": "local"})
                deleted.append(volume.name)
                reclaimed += size
        self._publish("volume", "prune", "", {"reclaimed": str(reclaimed)})
        return {"VolumesDeleted": deleted or None, "SpaceReclaimed": reclaimed}

    async def disk_usage(self) -> Records:
        """Every volume with its ``UsageData`` (``Size`` bytes, ``RefCount``)."""

        def measure() -> Records:
            return [
                volume.to_json()
                | {
                    "UsageData": {
                        "Size": self._store.size(volume.name),
                        "RefCount": len(self._store.users(volume.name)),
                    }
                }
                for volume in self._store.walk()
            ]

        return await asyncio.to_thread(measure)

    # Containers

    def _create(
        self,
        name: str,
        driver: str,
        options: dict[str, str] | None,
        labels: dict[str, str] | None,
        container: str = "",
    ) -> Volume:
        volume, made = self._store.create(name, driver, options, labels, container)
        if made:
            self._publish("volume", "create", volume.name, {"driver": "local"})
        return volume

    def use(
        self,
        container_id: str,
        name: str = "",
        driver: str = "",
        options: dict[str, str] | None = None,
        labels: dict[str, str] | None = None,
    ) -> Volume:
        """The volume of that name (without: a new anonymous one), made when not there, referred to by the container.

        Raises InvalidArgument, NotFound (driver), Conflict (other options).
        """
        volume = self._create(name, driver, options, labels, container_id)
        self._store.refer(volume.name, container_id)
        return volume

    def mount(self, name: str, destination: str, read_only: bool = False, subpath: str = "") -> Mount:
        """What the container's mount of the volume is: a bind of its directory, or what its options describe (``type``,
        ``device``, ``o``; with ``type=tmpfs`` each container has its own). Raises NotFound, InvalidArgument."""
        volume = self._store.get(name)
        described = self._store.mount(name)
        access = "ro" if read_only else "rw"
        if described is not None and not {"bind", "rbind"} & set(described.options):
            options = tuple(o for o in described.options if o not in ("ro", "rw"))
            access = "ro" if "ro" in described.options else access
            return Mount(described.type, described.source, destination, (*options, access))
        source = described.source if described is not None else volume.mountpoint
        if subpath:
            source = resolve_subpath(source, subpath)
        return Mount("bind", source, destination, ("rbind", access))

    def filled_at(self, name: str) -> str | None:
        """The directory that takes the image's files on the volume's first use; None for one that is mounted only in
        its containers."""
        described = self._store.mount(name)
        if described is None:
            return self._store.path(name)
        return described.source if {"bind", "rbind"} & set(described.options) else None

    def mounted(self, name: str, container_id: str, destination: str, read_only: bool = False) -> None:
        """Publish the ``mount`` event."""
        attributes = {
            "container": container_id,
            "destination": destination,
            "driver": "local",
            "propagation": "",
            "read/write": str(not read_only).lower(),
        }
        self._publish("volume", "mount", name, attributes)

    def unmounted(self, name: str, container_id: str) -> None:
        """Publish the ``unmount`` event."""
        self._publish("volume", "unmount", name, {"container": container_id, "driver": "local"})

    async def release(self, container_id: str, remove_anonymous: bool = False) -> None:
        """The container is removed; with ``remove_anonymous`` (``rm -v``, ``--rm``) so are its anonymous volumes that
        nobody else uses."""
        for name in await asyncio.to_thread(self._store.release, container_id, remove_anonymous):
            self._publish("volume", "destroy", name, {"driver": "local"})

    async def sweep(self, known: set[str]) -> None:
        """At the daemon's start: what is kept for containers that never came to be, or were half removed, is let go."""
        for container in self._store.strangers(known):
            await self.release(container, remove_anonymous=True)

    def users(self, name: str) -> Records:
        """``[{"Id"}]`` of the containers that use the volume."""
        return [{"Id": container} for container in self._store.users(name)]


def _check(filters: Filters, known: set[str]) -> None:
    unknown = set(filters) - known
    if unknown:
        raise InvalidArgument(f"invalid filter '{min(unknown)}'")


def _boolean(filters: Filters, name: str) -> bool:
    values = [value.lower() for value in filters.get(name) or ()]
    if not values:
        return False
    if values[0] not in TRUE + FALSE:
        raise InvalidArgument(f"invalid filter '{name}={values}'")
    return values[0] in TRUE


def _has(volume: Volume, label: str) -> bool:
    key, equals, value = label.partition("=")
    return key in volume.labels and (not equals or volume.labels[key] == value)


def _labelled(volume: Volume, filters: Filters) -> bool:
    wanted, unwanted = filters.get("label") or (), filters.get("label!") or ()
    return all(_has(volume, label) for label in wanted) and not any(_has(volume, label) for label in unwanted)


def _listed(volume: Volume, filters: Filters, used: bool) -> bool:
    if filters.get("dangling") and _boolean(filters, "dangling") == used:
        return False
    if (names := filters.get("name")) and not any(name in volume.name for name in names):
        return False
    if (drivers := filters.get("driver")) and "local" not in drivers:
        return False
    return _labelled(volume, filters)
