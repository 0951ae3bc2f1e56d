"""The bridge: made with its address when we own it, only looked at when the user named one of theirs."""

from __future__ import annotations

import errno
import ipaddress
from dataclasses import dataclass

from barque.errors import InvalidArgument, NotFound
from barque.linux.netlink import RouteSocket
from barque.wire import rtnetlink

DEFAULT_MTU = 1500
CANDIDATES = tuple(f"172.{second}.0.1/16" for second in range(17, 32)) + tuple(
    f"192.168.{third}.1/20" for third in range(0, 256, 16)
)
"""Docker's default address pools: the first that nothing on this host uses is taken."""


@dataclass(frozen=True, slots=True)
class Bridge:
    index: int
    name: str
    address: str
    """CIDR text, ``172.17.0.1/16``."""
    created: bool


def find_link(route: RouteSocket, name: str) -> rtnetlink.Link | None:
    """The interface of that name."""
    try:
        return rtnetlink.link(route.ask(rtnetlink.get_link(name))[0])
    except OSError as error:
        if error.errno == errno.ENODEV:
            return None
        raise


def bridge_address(route: RouteSocket, index: int) -> str:
    """The first IPv4 address of an interface as CIDR text, empty when it has none."""
    for body in route.ask(rtnetlink.list_addresses(), dump=True):
        found = rtnetlink.address(body)
        if found.index == index:
            return f"{found.address}/{found.prefix}"
    return ""


def free_subnet(route: RouteSocket) -> str:
    """Gateway CIDR text of the first candidate that overlaps no route of the host. Raises NotFound."""
    routes = [rtnetlink.route(body) for body in route.ask(rtnetlink.list_routes(), dump=True)]
    used = [ipaddress.IPv4Network(r.destination) for r in routes if r and not r.destination.endswith("/0")]
    for candidate in CANDIDATES:
        network = ipaddress.IPv4Network(candidate, strict=False)
        if not any(network.overlaps(other) for other in used):
            return candidate
    raise NotFound(
        "could not find an available, non-overlapping IPv4 address pool among the defaults to assign to the network"
    )


def ensure_bridge(route: RouteSocket, name: str, address: str, create: bool, mtu: int) -> Bridge:
    """The bridge, up, with ``address`` (CIDR; empty: the one it has, else a free subnet).

    Without ``create`` it must exist already, as dockerd wants of ``--bridge``.
    """
    try:
        found = find_link(route, name)
    except ValueError as error:
        raise InvalidArgument(str(error)) from error
    created = found is None
    if found is None:
        if not create:
            raise NotFound(f"bridge {name} doesn't exist")
        route.perform(rtnetlink.new_bridge(name, mtu))
        found = find_link(route, name)
        assert found is not None
    elif found.kind != "bridge":
        raise InvalidArgument(f"existing interface {name} is not a bridge")
    try:
        present = bridge_address(route, found.index)
        if not present:
            wanted = address or free_subnet(route)
            interface = ipaddress.IPv4Interface(wanted)
            route.perform(rtnetlink.new_address(found.index, str(interface.ip), interface.network.prefixlen))
        elif address and address != present and not created:
            interface = ipaddress.IPv4Interface(address)
            old = ipaddress.IPv4Interface(present)
            route.perform(rtnetlink.delete_address(found.index, str(old.ip), old.network.prefixlen))
            route.perform(rtnetlink.new_address(found.index, str(interface.ip), interface.network.prefixlen))
        route.perform(rtnetlink.set_link(found.index))
    except BaseException:
        if created:
            route.perform(rtnetlink.delete_link(name))
        raise
    return Bridge(found.index, name, bridge_address(route, found.index), created)
