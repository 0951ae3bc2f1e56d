"""The mount points of a container: binds, named and anonymous volumes, ``--mount`` entries, image volumes."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any

from barque.engine.volumes import VolumeService
from barque.errors import InvalidArgument, NotFound

PROPAGATIONS = {"private", "rprivate", "shared", "rshared", "slave", "rslave"}


@dataclass
class MountPoints:
    """``points`` as inspect shows them (with extras for the specification), ``copies`` to fill from the image."""

    points: list[dict[str, Any]] = field(default_factory=list)
    copies: list[dict[str, str]] = field(default_factory=list)


def _bind(word: str) -> tuple[str, str, set[str]]:
    parts = word.split(":")
    if len(parts) > 3 or not parts[0]:
        raise InvalidArgument(f"invalid volume specification: '{word}'")
    if len(parts) == 1:
        return "", parts[0], set()
    return parts[0], parts[1], set(parts[2].split(",")) if len(parts) == 3 else set()


def _point(kind: str, source: str, destination: str, read_only: bool, **more: Any) -> dict[str, Any]:
    if not destination.startswith("/"):
        raise InvalidArgument(
            f"invalid mount config for type \"{kind}\": invalid mount path: '{destination}' mount path must be absolute"
        )
    if os.path.normpath(destination) == "/":
        raise InvalidArgument("invalid specification: destination can't be '/'")
    return {
        "Type": kind,
        "Source": source,
        "Destination": os.path.normpath(destination),
        "Mode": "",
        "RW": not read_only,
        "Propagation": "",
        **more,
    }


class Mounter:
    """Turns a create request into mount points, making volumes on the way and referring to them."""

    def __init__(self, volumes: VolumeService, container_id: str) -> None:
        self._volumes, self._id = volumes, container_id
        self.out = MountPoints()

    def all(self, config: dict[str, Any], host: dict[str, Any], inherited: list[dict[str, Any]]) -> MountPoints:
        """Later sources win over earlier ones at the same destination."""
        found: dict[str, dict[str, Any]] = {entry["Destination"]: dict(entry) for entry in inherited}
        asked: dict[str, dict[str, Any]] = {}
        for word in host.get("Binds") or ():
            entry = self._from_bind(word)
            self._unique(asked, entry)
        for mount in host.get("Mounts") or ():
            self._unique(asked, self._from_mount(mount))
        found.update(asked)
        tmpfs = {os.path.normpath(path) for path in host.get("Tmpfs") or ()}
        for path in config.get("Volumes") or ():
            where = os.path.normpath(path)
            if where not in found and where not in tmpfs:
                found[where] = self._volume("", path, False, True)
        self.out.points = list(found.values())
        for entry in self.out.points:
            if entry["Type"] == "volume":
                self._volumes.use(self._id, entry["Name"])
        return self.out

    def _unique(self, found: dict[str, dict[str, Any]], entry: dict[str, Any]) -> None:
        if entry["Destination"] in found:
            raise InvalidArgument(f"Duplicate mount point: {entry['Destination']}")
        found[entry["Destination"]] = entry

    def _from_bind(self, word: str) -> dict[str, Any]:
        source, destination, modes = _bind(word)
        read_only = "ro" in modes
        if not source.startswith("/"):
            entry = self._volume(source, destination, read_only, "nocopy" not in modes)
            return entry | {"Mode": ",".join(sorted(modes)) or "z"}
        if not os.path.exists(source):
            os.makedirs(source, exist_ok=True)
        propagation = next(iter(modes & PROPAGATIONS), "rprivate")
        mode = ",".join(sorted(modes))
        return _point("bind", source, destination, read_only) | {"Mode": mode, "Propagation": propagation}

    def _from_mount(self, mount: dict[str, Any]) -> dict[str, Any]:
        kind = mount.get("Type") or "volume"
        source, target = mount.get("Source") or "", mount.get("Target") or ""
        read_only = bool(mount.get("ReadOnly"))
        if not target:
            raise InvalidArgument(f'invalid mount config for type "{kind}": field Target must not be empty')
        if kind == "bind":
            options = mount.get("BindOptions") or {}
            if not source:
                raise InvalidArgument('invalid mount config for type "bind": field Source must not be empty')
            if not os.path.exists(source):
                if not options.get("CreateMountpoint"):
                    raise InvalidArgument(
                        f'invalid mount config for type "bind": bind source path does not exist: {source}'
                    )
                os.makedirs(source, exist_ok=True)
            entry = _point("bind", source, target, read_only)
            return entry | {"Propagation": options.get("Propagation") or "rprivate", "BindOptions": options}
        if kind == "tmpfs":
            if source:
                raise InvalidArgument('invalid mount config for type "tmpfs": field Source must not be specified')
            return _point("tmpfs", "", target, read_only) | {"TmpfsOptions": mount.get("TmpfsOptions") or {}}
        if kind == "volume":
            options = mount.get("VolumeOptions") or {}
            driver = options.get("DriverConfig") or {}
            subpath = options.get("Subpath") or ""
            copy = not options.get("NoCopy") and not subpath
            kind = driver.get("Name") or ""
            entry = self._volume(source, target, read_only, copy, kind, driver.get("Options"), options.get("Labels"))
            return entry | ({"Subpath": subpath} if subpath else {})
        raise InvalidArgument(f"mount type unknown: {kind}")

    def _volume(
        self,
        name: str,
        destination: str,
        read_only: bool,
        copy: bool,
        driver: str = "",
        options: dict[str, str] | None = None,
        labels: dict[str, str] | None = None,
    ) -> dict[str, Any]:
        volume = self._volumes.use(self._id, name, driver, options, labels)
        where = self._volumes.filled_at(volume.name) if copy else None
        if where is not None and not os.listdir(where):
            self.out.copies.append({"from": destination, "to": where})
        point = _point("volume", volume.mountpoint, destination, read_only)
        return point | {"Name": volume.name, "Driver": "local", "Mode": "z" if name else "", "Anonymous": not name}


def inherited(points: list[dict[str, Any]], read_only: bool) -> list[dict[str, Any]]:
    """--volumes-from: everything but tmpfs."""
    out = []
    for entry in points:
        if entry["Type"] != "tmpfs":
            out.append(entry | {"RW": entry["RW"] and not read_only})
    return out


def shown(point: dict[str, Any]) -> dict[str, Any]:
    """A mount point as ``inspect`` prints it."""
    keys = ("Type", "Name", "Source", "Destination", "Driver", "Mode", "RW", "Propagation")
    return {key: point[key] for key in keys if key in point}


def split_from(word: str) -> tuple[str, bool]:
    """``container[:ro|rw]`` of --volumes-from: the name and whether it is read-only."""
    name, _, mode = word.partition(":")
    if mode not in ("", "ro", "rw"):
        raise InvalidArgument(f"invalid mode for volumes-from: {mode}")
    if not name:
        raise NotFound("volumes-from: empty container name")
    return name, mode == "ro"
