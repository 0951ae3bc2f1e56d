"""NetworkService against a worker that only keeps count of what is attached."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from barque.engine.network_records import Settings
from barque.engine.networks import NetworkService
from barque.errors import Conflict, Forbidden, InvalidArgument, NotFound, Unsupported
from barque.state import Database


class CountingWorker:
    def __init__(self) -> None:
        self.attached: dict[str, dict[str, Any]] = {}
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.bridge_exists = False
        self.fails = False

    async def ask(self, op: str, **fields: Any) -> dict[str, Any]:
        self.calls.append((op, fields))
        if op == "ensure_bridge":
            created, self.bridge_exists = not self.bridge_exists, True
            return {"address": fields["address"] or "172.17.0.1/16", "created": created, "warnings": ["w"]}
        if op == "attach":
            if self.fails:
                raise OSError("no more namespaces")
            if fields["id"] in self.attached:
                raise Conflict("exists already")
            self.attached[fields["id"]] = fields
            return {"netns": f"/netns/{fields['id']}", "interface": "veth1" if fields["bridge"] else ""}
        if op == "detach":
            self.attached.pop(fields["id"], None)
        if op == "recover":
            self.attached = {key: value for key, value in self.attached.items() if key in fields["keep"]}
        return {}

    async def close(self) -> None:
        self.calls.append(("close", {}))


class Stage:
    def __init__(self, path: Path, worker: CountingWorker, settings: Settings) -> None:
        self.events: list[tuple[Any, ...]] = []
        self.worker = worker
        self.service = NetworkService(
            Database(str(path / "state.db")),
            worker,
            settings,
            lambda *event: self.events.append(event),  # type: ignore[arg-type]
        )

    async def attach(self, container: str, mode: str = "default") -> Any:
        return await self.service.attach(container, f"/n-{container}", "host", {"NetworkMode": mode}, None)


def run(
    path: Path,
    body: Callable[[Stage], Awaitable[None]],
    worker: CountingWorker | None = None,
    settings: Settings | None = None,
) -> None:
    async def main() -> None:
        stage = Stage(path, worker or CountingWorker(), settings or Settings())
        await stage.service.start()
        async with asyncio.timeout(20):
            await body(stage)

    asyncio.run(main())


def test_attach_on_the_default_bridge(tmp_path: Path) -> None:
    async def body(stage: Stage) -> None:
        attachment = await stage.attach("c1")
        assert attachment.netns_path == "/netns/c1"
        assert attachment.addresses == ("172.17.0.2",)
        assert attachment.gateway == "172.17.0.1"
        endpoint = attachment.endpoints["bridge"]
        assert (endpoint["IPAddress"], endpoint["IPPrefixLen"]) == ("172.17.0.2", 16)
        assert endpoint["MacAddress"] == "02:42:ac:11:00:02"
        network = await stage.service.inspect("bridge", False, "")
        assert network["Containers"]["c1"]["Name"] == "n-c1"
        assert network["Containers"]["c1"]["IPv4Address"] == "172.17.0.2/16"
        await stage.service.detach("c1")
        await stage.service.detach("c1")
        assert (await stage.service.inspect("bridge", False, ""))["Containers"] == {}
        assert [(event[0], event[1]) for event in stage.events] == [("network", "connect"), ("network", "disconnect")]
        assert stage.events[0][3] == {"container": "c1", "name": "bridge", "type": "bridge"}
        assert (await stage.attach("c2")).addresses == ("172.17.0.2",)

    run(tmp_path, body)


def test_the_other_modes(tmp_path: Path) -> None:
    async def body(stage: Stage) -> None:
        none = await stage.attach("n", "none")
        assert (none.netns_path, none.addresses) == ("/netns/n", ())
        assert (await stage.attach("h", "host")).netns_path is None
        first = await stage.attach("b", "bridge")
        joined = await stage.attach("j", "container:b")
        assert (joined.netns_path, joined.endpoints) == ("/netns/b", {})
        assert joined.sandbox_id == first.sandbox_id
        assert (await stage.attach("jh", "container:h")).netns_path is None
        await stage.service.detach("j")
        assert "b" in stage.worker.attached
        with pytest.raises(Conflict, match="non running container: gone"):
            await stage.attach("x", "container:gone")
        with pytest.raises(NotFound, match="network nosuch not found"):
            await stage.attach("x", "nosuch")

    run(tmp_path, body)


def test_a_failed_attach_gives_the_address_back(tmp_path: Path) -> None:
    async def body(stage: Stage) -> None:
        stage.worker.fails = True
        with pytest.raises(OSError):
            await stage.attach("c1")
        stage.worker.fails = False
        assert (await stage.attach("c2")).addresses == ("172.17.0.2",)
        assert stage.service.attachment("c1") is None

    run(tmp_path, body)


def test_a_namespace_left_by_a_killed_daemon_is_replaced(tmp_path: Path) -> None:
    worker = CountingWorker()
    worker.attached["c1"] = {}

    async def body(stage: Stage) -> None:
        assert (await stage.attach("c1")).netns_path == "/netns/c1"

    run(tmp_path, body, worker)


def test_restart_keeps_ids_addresses_and_the_living(tmp_path: Path) -> None:
    worker = CountingWorker()
    seen: dict[str, Any] = {}

    async def before(stage: Stage) -> None:
        await stage.attach("lives")
        await stage.attach("died")
        seen["id"] = (await stage.service.inspect("bridge", False, ""))["Id"]

    async def after(stage: Stage) -> None:
        network = await stage.service.inspect(seen["id"][:12], False, "")
        assert network["Id"] == seen["id"]
        await stage.service.recover({"lives"})
        assert set(worker.attached) == {"lives"}
        kept = stage.service.attachment("lives")
        assert kept is not None and kept.addresses == ("172.17.0.2",)
        assert (await stage.attach("new")).addresses == ("172.17.0.3",)
        await stage.service.teardown()
        assert "teardown" not in [op for op, _ in worker.calls]
        for container in ("lives", "new"):
            await stage.service.detach(container)
        await stage.service.teardown()
        assert ("teardown", {"bridges": ["barque0"], "firewalls": ["barque0"]}) in worker.calls

    run(tmp_path, before, worker)
    run(tmp_path, after, worker)


def test_a_bridge_that_was_there_before_us_stays(tmp_path: Path) -> None:
    worker = CountingWorker()
    worker.bridge_exists = True

    async def body(stage: Stage) -> None:
        await stage.service.teardown()
        assert ("teardown", {"bridges": [], "firewalls": ["theirs"]}) in worker.calls

    run(tmp_path, body, worker, Settings(bridge="theirs"))


def test_without_a_bridge_the_default_is_none(tmp_path: Path) -> None:
    async def body(stage: Stage) -> None:
        assert (await stage.attach("c")).endpoints.keys() == {"none"}
        assert [network["Name"] for network in await stage.service.list({})] == ["host", "none"]

    run(tmp_path, body, settings=Settings(bridge="none"))


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ({}, ["bridge", "host", "none"]),
        ({"name": ["no"]}, ["none"]),
        ({"driver": ["null", "host"]}, ["host", "none"]),
        ({"type": ["custom"]}, []),
        ({"type": ["builtin"], "name": ["o"]}, ["host", "none"]),
        ({"scope": ["swarm"]}, []),
        ({"dangling": ["true"]}, []),
        ({"label": ["x"]}, []),
    ],
)
def test_list_filters(tmp_path: Path, filters: dict[str, list[str]], names: list[str]) -> None:
    async def body(stage: Stage) -> None:
        assert [network["Name"] for network in await stage.service.list(filters)] == names

    run(tmp_path, body)


def test_refusals(tmp_path: Path) -> None:
    async def body(stage: Stage) -> None:
        service = stage.service
        with pytest.raises(NotFound, match="network x not found"):
            await service.inspect("x", False, "")
        with pytest.raises(Forbidden, match="pre-defined network"):
            await service.remove("host")
        with pytest.raises(Forbidden, match="predefined bridge"):
            await service.create({"Name": "bridge"})
        with pytest.raises(Unsupported):
            await service.create({"Name": "mine"})
        with pytest.raises(InvalidArgument, match="invalid filter 'colour'"):
            await service.list({"colour": ["x"]})
        with pytest.raises(Unsupported, match="published ports"):
            service.validate({"PortBindings": {"80/tcp": [{"HostPort": "80"}]}}, None)
        with pytest.raises(InvalidArgument, match="user defined networks only"):
            service.validate({}, {"EndpointsConfig": {"bridge": {"IPAMConfig": {"IPv4Address": "172.17.0.9"}}}})
        service.validate({"PortBindings": {}, "NetworkMode": "bridge"}, {"EndpointsConfig": {"bridge": None}})

    run(tmp_path, body)
