"""A new network namespace is born with ``lo`` down; a container expects it up."""

from __future__ import annotations

import fcntl
import socket
import struct

SIOCGIFFLAGS = 0x8913
SIOCSIFFLAGS = 0x8914
IFF_UP = 1


def bring_up() -> None:
    """Set IFF_UP on ``lo`` (netdevice(7)); 127.0.0.1 comes with it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
        request = struct.pack("16sH14x", b"lo", 0)
        flags = struct.unpack("16sH14x", fcntl.ioctl(channel, SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(channel, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", flags | IFF_UP))
