"""rtnetlink(7) requests as bytes, and the few answers we read. No socket here (``linux/netlink.py`` has it)."""

from __future__ import annotations

import ipaddress
import socket
import struct
from dataclasses import dataclass, field

NLM_F_REPLACE, NLM_F_EXCL, NLM_F_CREATE = 0x100, 0x200, 0x400
RTM_NEWLINK, RTM_DELLINK, RTM_GETLINK = 16, 17, 18
RTM_NEWADDR, RTM_DELADDR, RTM_GETADDR = 20, 21, 22
RTM_NEWROUTE, RTM_GETROUTE = 24, 26
IFF_UP = 1
IFLA_ADDRESS, IFLA_IFNAME, IFLA_MTU, IFLA_LINK, IFLA_MASTER, IFLA_LINKINFO, IFLA_NET_NS_FD = 1, 3, 4, 5, 10, 18, 28
IFLA_INFO_KIND, IFLA_INFO_DATA, VETH_INFO_PEER = 1, 2, 1
IFA_ADDRESS, IFA_LOCAL, IFA_BROADCAST = 1, 2, 4
RTA_DST, RTA_OIF, RTA_GATEWAY = 1, 4, 5
RT_TABLE_MAIN, RTPROT_BOOT, RT_SCOPE_UNIVERSE, RTN_UNICAST = 254, 3, 0, 1
NESTED = 0x8000
NAME_SIZE = 15
_IFINFO, _IFADDR, _RTMSG = struct.Struct("=BxHiII"), struct.Struct("=BBBBI"), struct.Struct("=BBBBBBBBI")


@dataclass(frozen=True, slots=True)
class Message:
    """A request without its header: ``type`` (RTM_*), ``flags`` (NLM_F_* besides REQUEST and ACK), ``body``, and
    ``what`` an error would name."""

    type: int
    flags: int
    body: bytes
    what: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """An interface: ``link`` is the index of a veth's peer (in its namespace), ``master`` the bridge's; 0 is none."""

    index: int
    name: str
    flags: int
    kind: str = ""
    mac: str = ""
    mtu: int = 0
    link: int = 0
    master: int = 0


@dataclass(frozen=True, slots=True)
class Address:
    """An IPv4 address of an interface."""

    index: int
    address: str
    prefix: int


@dataclass(frozen=True, slots=True)
class Route:
    """An IPv4 route of the main table; ``destination`` is CIDR text."""

    destination: str
    index: int = field(default=0)


def attribute(kind: int, value: bytes) -> bytes:
    """One attribute: length, type, value, padding to 4 bytes."""
    return struct.pack("=HH", len(value) + 4, kind) + value + bytes(-len(value) % 4)


def _number(kind: int, value: int) -> bytes:
    return attribute(kind, struct.pack("=I", value))


def _name(name: str) -> bytes:
    encoded = name.encode()
    if not 0 < len(encoded) <= NAME_SIZE or b"/" in encoded or encoded in (b".", b".."):
        raise ValueError(f"invalid interface name: {name!r}")
    return attribute(IFLA_IFNAME, encoded + b"\0")


def mac_bytes(mac: str) -> bytes:
    """``02:42:ac:11:00:02`` as six bytes. Raises ValueError."""
    raw = bytes.fromhex(mac.replace(":", "").replace("-", ""))
    if len(raw) != 6:
        raise ValueError(f"invalid MAC address: {mac!r}")
    return raw


def attributes(data: bytes) -> dict[int, bytes]:
    """The attributes of a body, by type (without the nested bit); the last one wins."""
    found: dict[int, bytes] = {}
    at = 0
    while at + 4 <= len(data):
        length, kind = struct.unpack_from("=HH", data, at)
        if length < 4 or at + length > len(data):
            break
        found[kind & 0x3FFF] = data[at + 4 : at + length]
        at += (length + 3) & ~3
    return found


def new_bridge(name: str, mtu: int = 0) -> Message:
    """A bridge, down."""
    info = attribute(IFLA_LINKINFO | NESTED, attribute(IFLA_INFO_KIND, b"bridge"))
    body = _IFINFO.pack(0, 0, 0, 0, 0) + _name(name) + info + (_number(IFLA_MTU, mtu) if mtu else b"")
    return Message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, body, f"add bridge {name}")


def new_veth(name: str, peer: str, peer_netns: int, master: int, mtu: int) -> Message:
    """A pair: ``name`` here, up, in the bridge with index ``master``; ``peer`` in the namespace of the descriptor.

    The peer is down: the kernel opens no end of a pair before both are there.
    """
    other = _IFINFO.pack(0, 0, 0, 0, 0) + _name(peer) + _number(IFLA_NET_NS_FD, peer_netns)
    other += _number(IFLA_MTU, mtu)
    data = attribute(IFLA_INFO_DATA | NESTED, attribute(VETH_INFO_PEER | NESTED, other))
    info = attribute(IFLA_LINKINFO | NESTED, attribute(IFLA_INFO_KIND, b"veth") + data)
    body = _IFINFO.pack(0, 0, 0, IFF_UP, IFF_UP) + _name(name) + _number(IFLA_MTU, mtu)
    body += _number(IFLA_MASTER, master) + info
    return Message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, body, f"add veth {name}")


def set_link(index: int, up: bool = True, mac: str = "", name: str = "", mtu: int = 0) -> Message:
    """Change an interface; what is empty stays."""
    body = _IFINFO.pack(0, 0, index, IFF_UP if up else 0, IFF_UP)
    body += attribute(IFLA_ADDRESS, mac_bytes(mac)) if mac else b""
    body += _name(name) if name else b""
    body += _number(IFLA_MTU, mtu) if mtu else b""
    return Message(RTM_NEWLINK, 0, body, f"set link {name or index}")


def delete_link(name: str) -> Message:
    return Message(RTM_DELLINK, 0, _IFINFO.pack(0, 0, 0, 0, 0) + _name(name), f"delete link {name}")


def new_address(index: int, address: str, prefix: int) -> Message:
    """An IPv4 address on an interface, with the subnet's broadcast address."""
    packed = ipaddress.IPv4Address(address).packed
    broadcast = ipaddress.IPv4Network((address, prefix), strict=False).broadcast_address.packed
    body = _IFADDR.pack(socket.AF_INET, prefix, 0, RT_SCOPE_UNIVERSE, index)
    body += attribute(IFA_LOCAL, packed) + attribute(IFA_ADDRESS, packed) + attribute(IFA_BROADCAST, broadcast)
    return Message(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, body, f"add address {address}/{prefix}")


def delete_address(index: int, address: str, prefix: int) -> Message:
    packed = ipaddress.IPv4Address(address).packed
    body = _IFADDR.pack(socket.AF_INET, prefix, 0, RT_SCOPE_UNIVERSE, index) + attribute(IFA_LOCAL, packed)
    return Message(RTM_DELADDR, 0, body, f"delete address {address}/{prefix}")


def default_route(gateway: str, index: int) -> Message:
    """The IPv4 default route."""
    body = _RTMSG.pack(
        socket.AF_INET, 0, 0, 0, RT_TABLE_MAIN, RTPROT_BOOT, RT_SCOPE_UNIVERSE, RTN_UNICAST, 0
    ) + attribute(RTA_GATEWAY, ipaddress.IPv4Address(gateway).packed)
    return Message(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, body + _number(RTA_OIF, index), f"default route {gateway}")


def get_link(name: str) -> Message:
    return Message(RTM_GETLINK, 0, _IFINFO.pack(0, 0, 0, 0, 0) + _name(name), f"link {name}")


def list_links() -> Message:
    return Message(RTM_GETLINK, 0, _IFINFO.pack(0, 0, 0, 0, 0), "list links")


def list_addresses() -> Message:
    return Message(RTM_GETADDR, 0, _IFADDR.pack(socket.AF_INET, 0, 0, 0, 0), "list addresses")


def list_routes() -> Message:
    return Message(RTM_GETROUTE, 0, _RTMSG.pack(socket.AF_INET, 0, 0, 0, 0, 0, 0, 0, 0), "list routes")


def link(body: bytes) -> Link:
    """The body of an RTM_NEWLINK answer."""
    _, _, index, flags, _ = _IFINFO.unpack_from(body)
    found = attributes(body[_IFINFO.size :])
    info = attributes(found.get(IFLA_LINKINFO, b""))

    def number(kind: int) -> int:
        return int(struct.unpack("=I", found.get(kind, bytes(4))[:4])[0])

    return Link(
        index=index,
        name=found.get(IFLA_IFNAME, b"").rstrip(b"\0").decode(),
        flags=flags,
        kind=info.get(IFLA_INFO_KIND, b"").rstrip(b"\0").decode(),
        mac=found.get(IFLA_ADDRESS, b"").hex(":"),
        mtu=number(IFLA_MTU),
        link=number(IFLA_LINK),
        master=number(IFLA_MASTER),
    )


def address(body: bytes) -> Address:
    """The body of an RTM_NEWADDR answer."""
    _, prefix, _, _, index = _IFADDR.unpack_from(body)
    found = attributes(body[_IFADDR.size :])
    packed = found.get(IFA_LOCAL) or found.get(IFA_ADDRESS) or bytes(4)
    return Address(index, str(ipaddress.IPv4Address(packed)), prefix)


def route(body: bytes) -> Route | None:
    """The body of an RTM_NEWROUTE answer; None for other tables than main."""
    _, length, _, _, table, *_ = _RTMSG.unpack_from(body)
    if table != RT_TABLE_MAIN:
        return None
    found = attributes(body[_RTMSG.size :])
    destination = str(ipaddress.IPv4Address(found.get(RTA_DST, bytes(4))))
    (index,) = struct.unpack("=I", found.get(RTA_OIF, bytes(4)))
    return Route(f"{destination}/{length}", index)
