"""Docker's JSON of networks and endpoints."""

from __future__ import annotations

import ipaddress
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from barque.model.requests import Filters, Json
from barque.networks import Pool

DRIVERS = {"bridge": "bridge", "host": "host", "none": "null"}


@dataclass(frozen=True, slots=True)
class Settings:
    """The daemon's network flags. ``bridge`` ``none`` means no default bridge; without ``create_bridge`` (a name the
    user gave of an existing one) it must be there; ``bip`` is CIDR text of the bridge's address."""

    bridge: str = "barque0"
    create_bridge: bool = True
    bip: str = ""
    fixed_cidr: str = ""
    mtu: int = 1500
    masquerade: bool = True
    icc: bool = True


def new_record(name: str, settings: Settings, pool: Pool | None, before: Json | None, created: bool) -> Json:
    """A predefined network; its id and birth are those it had ``before``.

    ``Ours`` (not shown) says that we made the bridge, now or in an earlier life.
    """
    ours = created or bool(
        before and before.get("Ours") and before["Options"].get("com.docker.network.bridge.name") == settings.bridge
    )
    config: list[Json] = []
    options: dict[str, str] = {}
    if name == "bridge" and pool is not None:
        config = [{"Subnet": str(pool.subnet), "Gateway": str(pool.gateway)}]
        if settings.fixed_cidr:
            config[0]["IPRange"] = settings.fixed_cidr
        options = {
            "com.docker.network.bridge.default_bridge": "true",
            "com.docker.network.bridge.enable_icc": str(settings.icc).lower(),
            "com.docker.network.bridge.enable_ip_masquerade": str(settings.masquerade).lower(),
            "com.docker.network.bridge.host_binding_ipv4": "0.0.0.0",
            "com.docker.network.bridge.name": settings.bridge,
            "com.docker.network.driver.mtu": str(settings.mtu),
        }
    return {
        "Name": name,
        "Id": before["Id"] if before else secrets.token_hex(32),
        "Created": before["Created"] if before else datetime.now(UTC).isoformat().replace("+00:00", "Z"),
        "Scope": "local",
        "Driver": DRIVERS[name],
        "EnableIPv4": True,
        "EnableIPv6": False,
        "IPAM": {"Driver": "default", "Options": None, "Config": config or None},
        "Internal": False,
        "Attachable": False,
        "Ingress": False,
        "ConfigFrom": {"Network": ""},
        "ConfigOnly": False,
        "Options": options,
        "Labels": {},
        "Ours": ours,
    }


def summary(network: Json, sandboxes: Mapping[str, Json]) -> Json:
    """Network inspect; ``sandboxes`` by container id are those in this network."""
    containers = {}
    for container, sandbox in sandboxes.items():
        endpoint = sandbox["endpoint"]
        address = f"{endpoint['IPAddress']}/{endpoint['IPPrefixLen']}" if endpoint["IPAddress"] else ""
        containers[container] = {
            "Name": sandbox["name"].lstrip("/"),
            "EndpointID": endpoint["EndpointID"],
            "MacAddress": endpoint["MacAddress"],
            "IPv4Address": address,
            "IPv6Address": "",
        }
    return {key: value for key, value in network.items() if key != "Ours"} | {"Containers": containers}


def endpoint_settings(
    network: Json,
    endpoint_id: str,
    address: str = "",
    prefix: int = 0,
    gateway: str = "",
    mac: str = "",
    wanted: Json | None = None,
) -> Json:
    """Docker's EndpointSettings; ``wanted`` is what the user asked for at create."""
    wanted = wanted or {}
    return {
        "IPAMConfig": wanted.get("IPAMConfig"),
        "Links": wanted.get("Links"),
        "Aliases": wanted.get("Aliases"),
        "MacAddress": mac,
        "DriverOpts": wanted.get("DriverOpts"),
        "GwPriority": wanted.get("GwPriority") or 0,
        "NetworkID": network["Id"],
        "EndpointID": endpoint_id,
        "Gateway": gateway,
        "IPAddress": str(ipaddress.IPv4Address(address)) if address else "",
        "IPPrefixLen": prefix,
        "IPv6Gateway": "",
        "GlobalIPv6Address": "",
        "GlobalIPv6PrefixLen": 0,
        "DNSNames": None,
    }


def matches(network: Json, filters: Filters, used: bool) -> bool:
    """Whether a network passes the list filters: every filter, any of its values (labels: all)."""
    predefined = network["Name"] in DRIVERS
    if (types := filters.get("type")) and ("builtin" if predefined else "custom") not in types:
        return False
    if (dangling := filters.get("dangling")) and (not used and not predefined) != (
        dangling[0].lower() in ("1", "true")
    ):
        return False
    if (names := filters.get("name")) and not any(name in network["Name"] for name in names):
        return False
    if (ids := filters.get("id")) and not any(network["Id"].startswith(wanted) for wanted in ids):
        return False
    if (drivers := filters.get("driver")) and network["Driver"] not in drivers:
        return False
    if (scopes := filters.get("scope")) and network["Scope"] not in scopes:
        return False
    labels = network["Labels"]
    for wanted in filters.get("label", ()):
        key, equals, value = wanted.partition("=")
        if key not in labels or (equals and labels[key] != value):
            return False
    return True
