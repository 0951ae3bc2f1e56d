"""Requests against bytes written down by hand from rtnetlink(7) and linux/if_link.h (little-endian machines)."""

from __future__ import annotations

import struct

import pytest

from barque.wire import rtnetlink as rt


@pytest.mark.parametrize(
    ("kind", "value", "encoded"),
    [
        (3, b"lo\0", "070003006c6f0000"),
        (4, b"\x78\x05\0\0", "0800040078050000"),
        (1, b"", "04000100"),
    ],
)
def test_attributes_are_padded_to_four_bytes(kind: int, value: bytes, encoded: str) -> None:
    assert rt.attribute(kind, value).hex() == encoded
    assert rt.attributes(rt.attribute(kind, value)) == {kind: value}


def test_attributes_stop_at_nonsense() -> None:
    whole = rt.attribute(3, b"a\0")
    for cut in range(len(whole)):
        assert rt.attributes(whole[:cut]) in ({}, {3: b"a\0"})
    assert rt.attributes(b"\0\0\0\0" * 3) == {}
    assert rt.attributes(b"\xff\xff\3\0") == {}


def test_default_route() -> None:
    message = rt.default_route("10.9.0.1", 7)
    assert message.type == 24
    assert message.body.hex() == "02000000fe03000100000000080005000a0900010800040007000000"


def test_new_address_has_local_and_broadcast() -> None:
    message = rt.new_address(5, "10.9.3.2", 20)
    assert message.type == 20
    assert message.body[:8] == struct.pack("=BBBBI", 2, 20, 0, 0, 5)
    found = rt.attributes(message.body[8:])
    assert found == {1: bytes([10, 9, 3, 2]), 2: bytes([10, 9, 3, 2]), 4: bytes([10, 9, 15, 255])}
    assert rt.address(message.body) == rt.Address(5, "10.9.3.2", 20)


def test_new_veth_nests_the_peer_with_its_namespace() -> None:
    message = rt.new_veth("veth1", "eth0", 42, master=9, mtu=1400)
    outer = rt.attributes(message.body[16:])
    assert outer[3] == b"veth1\0"
    assert outer[10] == struct.pack("=I", 9)
    info = rt.attributes(outer[18])
    assert info[1] == b"veth"
    peer = rt.attributes(info[2])[1]
    assert peer[:16] == bytes(16)
    assert rt.attributes(peer[16:]) == {3: b"eth0\0", 28: struct.pack("=I", 42), 4: struct.pack("=I", 1400)}


def test_set_link_changes_only_what_is_given() -> None:
    assert rt.attributes(rt.set_link(3).body[16:]) == {}
    assert rt.attributes(rt.set_link(3, mac="02:42:0a:09:00:02").body[16:]) == {1: bytes.fromhex("02420a090002")}
    assert struct.unpack_from("=BxHiII", rt.set_link(3).body) == (0, 0, 3, 1, 1)
    assert struct.unpack_from("=BxHiII", rt.set_link(3, up=False).body) == (0, 0, 3, 0, 1)


def test_link_reads_what_new_bridge_writes() -> None:
    link = rt.link(rt.new_bridge("br7", 1400).body)
    assert (link.name, link.kind, link.mtu, link.master) == ("br7", "bridge", 1400, 0)


def test_route_of_another_table_is_not_ours() -> None:
    assert rt.route(rt.default_route("10.0.0.1", 2).body) == rt.Route("0.0.0.0/0", 2)
    other = bytearray(rt.default_route("10.0.0.1", 2).body)
    other[4] = 255
    assert rt.route(bytes(other)) is None


@pytest.mark.parametrize("name", ["", "a/b", ".", "..", "sixteen-letters-", "x" * 40])
def test_names_the_kernel_would_refuse(name: str) -> None:
    with pytest.raises(ValueError, match="invalid interface name"):
        rt.new_bridge(name)


@pytest.mark.parametrize("mac", ["", "02:42", "zz:42:0a:09:00:02", "02:42:0a:09:00:02:03"])
def test_mac_addresses_are_six_bytes(mac: str) -> None:
    with pytest.raises(ValueError):
        rt.mac_bytes(mac)
