"""Which address a container gets: the lowest free one of the network's pool."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from barque.errors import Conflict, InvalidArgument


class Pool:
    """The IPv4 addresses of one network. Pure: who persists them passes ``in_use`` again after a restart.

    ``subnet`` and ``ip_range`` (the part given to containers, default all) are CIDR text; ``gateway`` is an address,
    default the first of the subnet.
    """

    def __init__(self, subnet: str, gateway: str = "", ip_range: str = "", in_use: Iterable[str] = ()) -> None:
        try:
            self.subnet = ipaddress.IPv4Network(subnet, strict=False)
            self.range = ipaddress.IPv4Network(ip_range, strict=False) if ip_range else self.subnet
            first = int(self.subnet.network_address) + 1
            self.gateway = ipaddress.IPv4Address(gateway) if gateway else ipaddress.IPv4Address(first)
        except ValueError as error:
            raise InvalidArgument(f"invalid network config: {error}") from error
        if not self.range.subnet_of(self.subnet):
            raise InvalidArgument(f"invalid network config: allocation range {ip_range} is not within {subnet}")
        if self.subnet.prefixlen > 30:
            raise InvalidArgument(f"invalid network config: {subnet} has no room for containers")
        if self.gateway not in self.subnet:
            raise InvalidArgument(f"no matching subnet for gateway {gateway}")
        broadcast = int(self.subnet.broadcast_address)
        self._first = max(int(self.range.network_address), first)
        self._last = min(int(self.range.broadcast_address), broadcast - 1)
        self._used = {int(self.gateway)} | {int(ipaddress.IPv4Address(a)) for a in in_use}
        self._hint = self._first

    @property
    def prefix(self) -> int:
        return self.subnet.prefixlen

    def allocate(self, wanted: str = "") -> str:
        """A free address, or ``wanted``. Raises Conflict when taken or none is left, InvalidArgument when outside."""
        if wanted:
            return self._allocate_wanted(wanted)
        for number in range(self._hint, self._last + 1):
            if number not in self._used:
                self._used.add(number)
                self._hint = number + 1
                return str(ipaddress.IPv4Address(number))
        raise Conflict("no available IPv4 addresses on this network's address pools")

    def _allocate_wanted(self, wanted: str) -> str:
        try:
            address = ipaddress.IPv4Address(wanted)
        except ValueError:
            raise InvalidArgument(f"invalid IPv4 address: {wanted}") from None
        if address not in self.subnet or address in (self.subnet.network_address, self.subnet.broadcast_address):
            raise InvalidArgument(f"no configured subnet contains IP address {wanted}")
        if int(address) in self._used:
            raise Conflict("Address already in use")
        self._used.add(int(address))
        return wanted

    def release(self, address: str) -> None:
        """Give it back; an address that is free already stays so, the gateway is never given back."""
        number = int(ipaddress.IPv4Address(address))
        if number != int(self.gateway):
            self._used.discard(number)
            if self._first <= number < self._hint:
                self._hint = number


def mac_of(address: str) -> str:
    """Docker's MAC of an IPv4 address: ``02:42`` and its four bytes."""
    return ":".join(f"{byte:02x}" for byte in b"\x02\x42" + ipaddress.IPv4Address(address).packed)
