"""The networks part of the Engine API, and the network of each container.

The daemon decides and remembers (``state.db``: tables ``network`` and ``sandbox``), the network worker acts. Life of a
container's network: ``attach`` at start gives an ``Attachment`` whose namespace exists before any process does;
``detach`` at exit gives the address back. ``recover`` compares the table with what runs after a restart.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import secrets
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

from barque.engine.network_client import NetworkWorker
from barque.engine.network_records import (
    Settings,
    endpoint_settings,
    matches,
    new_record,
    summary,
)
from barque.errors import Conflict, Forbidden, InvalidArgument, NotFound, Unsupported
from barque.model.requests import Filters, Json, Records
from barque.networks import Pool, mac_of
from barque.state import Database

Publish = Callable[..., Any]
TABLES = (
    "CREATE TABLE network (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, record TEXT NOT NULL)",
    "CREATE TABLE sandbox (container TEXT PRIMARY KEY, record TEXT NOT NULL)",
)
PREDEFINED = ("bridge", "host", "none")
FILTERS = {"dangling", "driver", "id", "label", "name", "scope", "type"}
LATER = "user-defined networks are not offered by this engine yet"


@dataclass(frozen=True, slots=True)
class Attachment:
    """A container's network. ``netns_path`` is None for the host's own; ``endpoints`` is Docker's
    ``NetworkSettings.Networks``; ``addresses`` are the container's own; ``gateway`` is what ``host-gateway`` means;
    ``sandbox_id`` is 64 hex."""

    netns_path: str | None
    endpoints: dict[str, Json] = field(default_factory=dict)
    addresses: tuple[str, ...] = ()
    gateway: str = ""
    sandbox_id: str = ""


class NetworkService:
    """Implements ``api.backends.Networks``; ``attach``, ``detach``, ``recover`` are for the container service.

    ``publish(type, action, id, attributes)`` is the event bus. Call ``start`` before anything else.
    """

    def __init__(self, db: Database, worker: NetworkWorker, settings: Settings, publish: Publish) -> None:
        self._db, self._worker, self._settings, self._publish = db, worker, settings, publish
        db.migrate("networks", TABLES)
        self._networks: dict[str, Json] = {}
        self._sandboxes: dict[str, Json] = {
            container: json.loads(record) for container, record in db.query("SELECT container, record FROM sandbox")
        }
        self._pool: Pool | None = None
        self._created_bridge = False
        self.warnings: list[str] = []

    async def start(self) -> None:
        """Bridge, forwarding and firewall in place; the predefined networks known. Raises the kind of what fails."""
        settings = self._settings
        if settings.bridge != "none":
            found = await self._worker.ask(
                "ensure_bridge",
                name=settings.bridge,
                address=settings.bip or self._previous_address(),
                create=settings.create_bridge,
                mtu=settings.mtu,
                masquerade=settings.masquerade,
                icc=settings.icc,
            )
            self.warnings = found["warnings"]
            interface = ipaddress.IPv4Interface(found["address"])
            used = [s["address"] for s in self._sandboxes.values() if s.get("address")]
            used = [address for address in used if ipaddress.IPv4Address(address) in interface.network]
            self._pool = Pool(str(interface.network), str(interface.ip), settings.fixed_cidr, used)
            self._created_bridge = found["created"]
        stored = {name: json.loads(record) for name, record in self._db.query("SELECT name, record FROM network")}
        with self._db.transaction() as tx:
            for name in PREDEFINED:
                if name == "bridge" and self._pool is None:
                    continue
                record = new_record(name, settings, self._pool, stored.get(name), self._created_bridge)
                self._networks[name] = record
                tx.execute("INSERT OR REPLACE INTO network VALUES (?, ?, ?)", (record["Id"], name, json.dumps(record)))

    def _previous_address(self) -> str:
        """The bridge keeps its subnet over restarts, whatever the host's routes have become meanwhile."""
        rows = self._db.query("SELECT record FROM network WHERE name = 'bridge'")
        if not rows:
            return ""
        record = json.loads(rows[0][0])
        if record["Options"].get("com.docker.network.bridge.name") != self._settings.bridge:
            return ""
        config = record["IPAM"]["Config"][0]
        return f"{config['Gateway']}/{config['Subnet'].partition('/')[2]}"

    async def recover(self, running: Collection[str]) -> None:
        """After a restart: what no running container owns is released, here and in the kernel."""
        for container in [c for c in self._sandboxes if c not in running]:
            self._forget(container)
        keep = [c for c, s in self._sandboxes.items() if s["owned"]]
        bridges = [] if self._settings.bridge == "none" else [self._settings.bridge]
        await self._worker.ask("recover", keep=keep, bridges=bridges)

    async def teardown(self) -> None:
        """At shutdown: firewall and the bridge we made go. With containers still running nothing is done."""
        if self._sandboxes:
            return
        own = [self._settings.bridge] if self._settings.bridge != "none" else []
        bridge = self._networks.get("bridge")
        await self._worker.ask("teardown", bridges=own if bridge and bridge["Ours"] else [], firewalls=own)
        await self._worker.close()

    # Containers

    def validate(self, host_config: Json, networking_config: Json | None) -> None:
        """At create: what can be refused before a start. Raises InvalidArgument, Conflict, Unsupported."""
        mode = host_config.get("NetworkMode") or "default"
        if any((host_config.get("PortBindings") or {}).values()) and not mode.startswith(("container:", "host")):
            raise Unsupported("published ports are not offered by this engine yet")
        if mode.startswith("container:") and host_config.get("ExtraHosts"):
            raise InvalidArgument("conflicting options: custom host-to-IP mapping and the network mode")
        if mode.startswith("container:") and host_config.get("Dns"):
            raise InvalidArgument("conflicting options: dns and the network mode")
        endpoints = (networking_config or {}).get("EndpointsConfig") or {}
        for name, endpoint in endpoints.items():
            wanted = (endpoint or {}).get("IPAMConfig") or {}
            if name in (*PREDEFINED, "default") and (wanted.get("IPv4Address") or wanted.get("IPv6Address")):
                raise InvalidArgument("user specified IP address is supported on user defined networks only")
            if (endpoint or {}).get("Links") and name != "default":
                raise Unsupported("links between containers are not offered by this engine yet")

    async def attach(
        self, container_id: str, name: str, hostname: str, host_config: Json, networking_config: Json | None
    ) -> Attachment:
        """The network of a container about to start. Undo with ``detach``. Raises NotFound, Conflict, Unsupported."""
        if container_id in self._sandboxes:
            await self.detach(container_id)
        mode = host_config.get("NetworkMode") or "default"
        if mode.startswith("container:"):
            return self._join(container_id, name, mode.partition(":")[2])
        if mode == "default":
            mode = "bridge" if "bridge" in self._networks else "none"
        network = self._find(mode)
        sandbox: Json = {"name": name, "network": network["Name"], "owned": True, "id": secrets.token_hex(32)}
        endpoint_id = secrets.token_hex(32)
        wanted = ((networking_config or {}).get("EndpointsConfig") or {}).get(network["Name"]) or {}
        if network["Name"] == "host":
            sandbox |= {"owned": False, "netns": None, "endpoint": endpoint_settings(network, endpoint_id)}
        elif network["Name"] == "none":
            made = await self._ask_attach(container_id, bridge=None)
            sandbox |= {"netns": made["netns"], "endpoint": endpoint_settings(network, endpoint_id)}
        else:
            sandbox |= await self._attach_bridge(container_id, network, endpoint_id, wanted)
        self._remember(container_id, sandbox)
        self._event("connect", network, container_id)
        return self._attachment(sandbox)

    async def _attach_bridge(self, container_id: str, network: Json, endpoint_id: str, wanted: Json) -> Json:
        pool = self._pool
        assert pool is not None
        address = pool.allocate()
        mac = wanted.get("MacAddress") or mac_of(address)
        try:
            made = await self._ask_attach(
                container_id,
                bridge=self._settings.bridge,
                address=f"{address}/{pool.prefix}",
                mac=mac,
                gateway=str(pool.gateway),
                mtu=self._settings.mtu,
            )
        except BaseException:
            pool.release(address)
            raise
        endpoint = endpoint_settings(network, endpoint_id, address, pool.prefix, str(pool.gateway), mac, wanted)
        return {**made, "address": address, "endpoint": endpoint}

    async def _ask_attach(self, container_id: str, **fields: Any) -> Json:
        try:
            return await self._worker.ask("attach", id=container_id, **fields)
        except Conflict:
            await self._worker.ask("detach", id=container_id, interface="")
            return await self._worker.ask("attach", id=container_id, **fields)

    def _join(self, container_id: str, name: str, other: str) -> Attachment:
        found = self._sandboxes.get(other)
        if found is None:
            raise Conflict(f"cannot join network of a non running container: {other}")
        sandbox = {"name": name, "network": "", "owned": False, "id": found["id"], "netns": found["netns"]}
        self._remember(container_id, sandbox)
        return self._attachment(sandbox)

    async def detach(self, container_id: str) -> None:
        """Address, namespace and interface are given back; a container that has none is done already."""
        sandbox = self._sandboxes.get(container_id)
        if sandbox is None:
            return
        if sandbox["owned"]:
            await self._worker.ask("detach", id=container_id, interface=sandbox.get("interface", ""))
        self._forget(container_id)
        if network := self._networks.get(sandbox["network"]):
            self._event("disconnect", network, container_id)

    def attachment(self, container_id: str) -> Attachment | None:
        """What ``attach`` gave, also after a restart; None when the container has no network now."""
        sandbox = self._sandboxes.get(container_id)
        return self._attachment(sandbox) if sandbox else None

    def rename(self, container_id: str, name: str) -> None:
        """The name shown in the network's list of containers."""
        if sandbox := self._sandboxes.get(container_id):
            self._remember(container_id, {**sandbox, "name": name})

    def _attachment(self, sandbox: Json) -> Attachment:
        endpoints = {sandbox["network"]: sandbox["endpoint"]} if sandbox.get("endpoint") else {}
        addresses = (sandbox["address"],) if sandbox.get("address") else ()
        gateway = str(self._pool.gateway) if self._pool else ""
        return Attachment(sandbox["netns"], endpoints, addresses, gateway, sandbox["id"])

    def _remember(self, container_id: str, sandbox: Json) -> None:
        with self._db.transaction() as tx:
            tx.execute("INSERT OR REPLACE INTO sandbox VALUES (?, ?)", (container_id, json.dumps(sandbox)))
        self._sandboxes[container_id] = sandbox

    def _forget(self, container_id: str) -> None:
        with self._db.transaction() as tx:
            tx.execute("DELETE FROM sandbox WHERE container = ?", (container_id,))
        sandbox = self._sandboxes.pop(container_id, None)
        if sandbox and sandbox.get("address") and self._pool:
            self._pool.release(sandbox["address"])

    def _event(self, action: str, network: Json, container_id: str) -> None:
        attributes = {"container": container_id, "name": network["Name"], "type": network["Driver"]}
        self._publish("network", action, network["Id"], attributes)

    # The Engine API

    def _find(self, name: str) -> Json:
        """By name, id, or an id's beginning when only one has it. Raises NotFound, InvalidArgument."""
        if name in self._networks:
            return self._networks[name]
        found = [n for n in self._networks.values() if name and n["Id"].startswith(name)]
        if len(found) > 1:
            raise InvalidArgument(f"network {name} is ambiguous ({len(found)} matches found based on ID prefix)")
        if not found:
            raise NotFound(f"network {name} not found")
        return found[0]

    def _containers(self, network: str) -> dict[str, Json]:
        return {c: s for c, s in self._sandboxes.items() if s["network"] == network}

    async def list(self, filters: Filters) -> Records:
        unknown = set(filters) - FILTERS
        if unknown:
            raise InvalidArgument(f"invalid filter '{min(unknown)}'")
        kept = [n for n in self._networks.values() if matches(n, filters, bool(self._containers(n["Name"])))]
        return [summary(network, {}) for network in kept]

    async def inspect(self, name: str, verbose: bool, scope: str) -> Json:
        network = self._find(name)
        if scope and scope != network["Scope"]:
            raise NotFound(f"network {name} not found")
        return summary(network, self._containers(network["Name"]))

    async def create(self, config: Json) -> Json:
        name = config.get("Name") or ""
        if not name:
            raise InvalidArgument("network name cannot be empty")
        if name in PREDEFINED or name == "default":
            raise Forbidden(f"operation is not permitted on predefined {name} network")
        raise Unsupported(LATER)

    async def remove(self, name: str) -> None:
        raise Forbidden(f"{self._find(name)['Name']} is a pre-defined network and cannot be removed")

    async def connect(self, name: str, body: Json) -> None:
        self._find(name)
        raise Unsupported(LATER)

    async def disconnect(self, name: str, body: Json) -> None:
        self._find(name)
        raise Unsupported(LATER)

    async def prune(self, filters: Filters) -> Json:
        unknown = set(filters) - {"label", "label!", "until"}
        if unknown:
            raise InvalidArgument(f"invalid filter '{min(unknown)}'")
        await asyncio.sleep(0)
        return {"NetworksDeleted": None}
