from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from barque.engine.events import EventBus
from barque.engine.system import SystemService, SystemSettings
from barque.errors import InvalidArgument, Unsupported
from barque.model.requests import Json, Records, RegistryAuth
from barque.state import Database


async def rows() -> Records:
    return [{"Name": "row"}]


async def images() -> Json:
    return {"LayersSize": 7, "Images": []}


@pytest.fixture
def service(tmp_path: Path) -> Callable[[], SystemService]:
    db = Database(str(tmp_path / "state.db"))
    settings = SystemSettings(
        str(tmp_path), runtimes={"barque": "barque-runtime"}, insecure_registries=("a:1", "10.0.0.0/8")
    )
    states = ["running", "exited", "paused", "created", "running"]

    def make() -> SystemService:
        return SystemService(
            db,
            settings,
            EventBus(db),
            lambda: states,
            lambda: 3,
            rows,
            images,
            rows,
            warnings=lambda: ["from networks"],
        )

    return make


def test_info_counts_and_names(service: Callable[[], SystemService]) -> None:
    info = asyncio.run(service().info())
    counts = [info[f"Containers{state}"] for state in ("", "Running", "Paused", "Stopped")]
    assert counts == [5, 2, 1, 2]
    assert info["Images"] == 3
    assert info["Driver"] == "overlay2" and ["Supports d_type", "true"] in info["DriverStatus"]
    assert info["NCPU"] >= 1 and info["MemTotal"] > 2**20
    assert info["CgroupVersion"] in ("1", "2") and info["CgroupDriver"] == "cgroupfs"
    assert info["Runtimes"] == {"barque": {"path": "barque-runtime"}}
    assert "10.0.0.0/8" in info["RegistryConfig"]["InsecureRegistryCIDRs"]
    assert info["RegistryConfig"]["IndexConfigs"]["a:1"]["Secure"] is False
    assert info["Swarm"]["LocalNodeState"] == "inactive"
    assert "from networks" in info["Warnings"]


def test_the_id_stays(service: Callable[[], SystemService]) -> None:
    assert asyncio.run(service().info())["ID"] == asyncio.run(service().info())["ID"]


def test_version_names_its_parts(service: Callable[[], SystemService]) -> None:
    version = asyncio.run(service().version())
    assert version["Platform"] == {"Name": "Barque"}
    assert [part["Name"] for part in version["Components"]] == ["Engine", "barque-supervisor", "barque-runtime"]
    assert version["Os"] == "linux"


@pytest.mark.parametrize(
    ("types", "keys"),
    [
        ([], {"LayersSize", "Images", "Containers", "Volumes", "BuildCache"}),
        (["volume"], {"Volumes"}),
        (["image", "build-cache"], {"LayersSize", "Images", "BuildCache"}),
    ],
)
def test_disk_usage(service: Callable[[], SystemService], types: list[str], keys: set[str]) -> None:
    usage: dict[str, Any] = asyncio.run(service().disk_usage(types))
    assert set(usage) == keys


def test_refusals(service: Callable[[], SystemService]) -> None:
    with pytest.raises(InvalidArgument, match="unknown object type: x"):
        asyncio.run(service().disk_usage(["x"]))
    with pytest.raises(Unsupported):
        asyncio.run(service().auth(RegistryAuth()))
