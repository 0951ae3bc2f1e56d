from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from barque.engine.volumes import VolumeService
from barque.errors import InvalidArgument
from barque.model.mount import Mount
from barque.state import Database
from barque.volumes import VolumeStore


class Stage:
    def __init__(self, path: Path) -> None:
        self.events: list[tuple[Any, ...]] = []
        self.store = VolumeStore(Database(str(path / "state.db")), str(path / "volumes"))
        self.service = VolumeService(self.store, lambda *event: self.events.append(event))

    def names(self, filters: dict[str, list[str]]) -> list[str]:
        return [volume["Name"] for volume in asyncio.run(self.service.list(filters))["Volumes"]]


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    stage = Stage(tmp_path)
    for name, labels in (("free", {"team": "a"}), ("used", {"team": "b"})):
        asyncio.run(stage.service.create({"Name": name, "Labels": labels}))
    stage.service.use("c1", "used")
    return stage


def test_create_once_one_event(stage: Stage) -> None:
    asyncio.run(stage.service.create({"Name": "free"}))
    assert stage.events == [
        ("volume", "create", "free", {"driver": "local"}),
        ("volume", "create", "used", {"driver": "local"}),
    ]
    assert asyncio.run(stage.service.inspect("free"))["Scope"] == "local"


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ({}, ["free", "used"]),
        ({"dangling": ["true"]}, ["free"]),
        ({"dangling": ["0"]}, ["used"]),
        ({"name": ["re"]}, ["free"]),
        ({"driver": ["nfs"]}, []),
        ({"label": ["team=b"]}, ["used"]),
        ({"label": ["team"]}, ["free", "used"]),
    ],
)
def test_list(stage: Stage, filters: dict[str, list[str]], names: list[str]) -> None:
    assert stage.names(filters) == names


@pytest.mark.parametrize("filters", [{"colour": ["x"]}, {"dangling": ["maybe"]}])
def test_bad_filters(stage: Stage, filters: dict[str, list[str]]) -> None:
    with pytest.raises(InvalidArgument, match="invalid filter"):
        stage.names(filters)


def test_prune_takes_unused_anonymous_ones_and_the_rest_with_all(stage: Stage) -> None:
    anonymous = asyncio.run(stage.service.create({}))
    Path(anonymous["Mountpoint"], "f").write_bytes(b"12345")
    pruned = asyncio.run(stage.service.prune({}))
    assert pruned == {"VolumesDeleted": [anonymous["Name"]], "SpaceReclaimed": 5}
    assert asyncio.run(stage.service.prune({"all": ["true"], "label!": ["team=a"]}))["VolumesDeleted"] is None
    assert asyncio.run(stage.service.prune({"all": ["true"]}))["VolumesDeleted"] == ["free"]
    assert stage.names({}) == ["used"]


def test_release_takes_anonymous_volumes_only_when_asked_and_unshared(stage: Stage) -> None:
    mine, shared, kept = (stage.service.use("c2").name, stage.service.use("c2").name, stage.service.use("c3").name)
    stage.service.use("c1", shared)
    stage.service.use("c2", "free")
    asyncio.run(stage.service.release("c3"))
    asyncio.run(stage.service.release("c2", remove_anonymous=True))
    assert set(stage.names({})) == {"free", "used", shared, kept}
    assert ("volume", "destroy", mine, {"driver": "local"}) in stage.events


def test_mount_is_a_bind_or_what_the_options_say(stage: Stage, tmp_path: Path) -> None:
    path = stage.store.path("free")
    assert stage.service.mount("free", "/data", read_only=True) == Mount("bind", path, "/data", ("rbind", "ro"))
    Path(path, "sub").mkdir()
    assert stage.service.mount("free", "/data", subpath="sub").source == f"{path}/sub"
    stage.service.use("c1", "tmp", options={"type": "tmpfs", "device": "tmpfs", "o": "size=1m"})
    assert stage.service.mount("tmp", "/t") == Mount("tmpfs", "tmpfs", "/t", ("size=1m", "rw"))
    stage.service.use("c1", "dir", options={"type": "none", "device": str(tmp_path), "o": "bind"})
    assert stage.service.mount("dir", "/d") == Mount("bind", str(tmp_path), "/d", ("rbind", "rw"))


def test_disk_usage_counts_users(stage: Stage) -> None:
    usage = {row["Name"]: row["UsageData"] for row in asyncio.run(stage.service.disk_usage())}
    assert usage == {"free": {"Size": 0, "RefCount": 0}, "used": {"Size": 0, "RefCount": 1}}
