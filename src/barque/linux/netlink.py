"""A NETLINK_ROUTE socket (netlink(7)): several requests in one system call, errors in the kernel's own words."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Sequence
from types import TracebackType
from typing import Protocol

SOL_NETLINK, NETLINK_CAP_ACK, NETLINK_EXT_ACK = 270, 10, 11
NLM_F_REQUEST, NLM_F_MULTI, NLM_F_ACK, NLM_F_ACK_TLVS, NLM_F_DUMP = 1, 2, 4, 0x200, 0x300
NLMSG_ERROR, NLMSG_DONE = 2, 3
NLMSGERR_ATTR_MSG = 1
_HEADER = struct.Struct("=IHHII")
BUFFER = 1 << 18


class Request(Protocol):
    """What is sent: see ``wire/rtnetlink.py``."""

    @property
    def type(self) -> int: ...
    @property
    def flags(self) -> int: ...
    @property
    def body(self) -> bytes: ...
    @property
    def what(self) -> str: ...


class RouteSocket:
    """Belongs for life to the network namespace it was opened in."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE)
        self._socket.setsockopt(SOL_NETLINK, NETLINK_EXT_ACK, 1)
        self._socket.setsockopt(SOL_NETLINK, NETLINK_CAP_ACK, 1)
        self._socket.settimeout(10)
        self._sequence = 0

    def __enter__(self) -> RouteSocket:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._socket.close()

    def _encode(self, message: Request, flags: int) -> bytes:
        self._sequence += 1
        size = _HEADER.size + len(message.body)
        head = _HEADER.pack(size, message.type, NLM_F_REQUEST | flags | message.flags, self._sequence, 0)
        return head + message.body + bytes(-size % 4)

    def perform(self, *messages: Request) -> None:
        """Do all, in order, in one sendto; the kernel goes on after a failure. Raises OSError of the first failure."""
        first = self._sequence + 1
        self._socket.send(b"".join(self._encode(message, NLM_F_ACK) for message in messages))
        failure: OSError | None = None
        waiting = len(messages)
        while waiting:
            for kind, flags, sequence, body in _split(self._socket.recv(BUFFER)):
                if kind == NLMSG_ERROR and first <= sequence <= self._sequence:
                    waiting -= 1
                    error = _error(flags, body, messages[sequence - first].what)
                    failure = failure or error
        if failure:
            raise failure

    def ask(self, message: Request, dump: bool = False) -> list[bytes]:
        """The bodies of the answer: one for an object, all for a dump. Raises OSError (ENODEV: no such interface)."""
        self._socket.send(self._encode(message, NLM_F_DUMP if dump else 0))
        found: list[bytes] = []
        while True:
            for kind, flags, sequence, body in _split(self._socket.recv(BUFFER)):
                if sequence != self._sequence:
                    continue
                if kind == NLMSG_ERROR and (error := _error(flags, body, message.what)):
                    raise error
                if kind in (NLMSG_DONE, NLMSG_ERROR):
                    return found
                found.append(body)
                if not flags & NLM_F_MULTI:
                    return found


def _split(data: bytes) -> Sequence[tuple[int, int, int, bytes]]:
    """``(type, flags, sequence, body)`` of each message of a datagram."""
    messages = []
    at = 0
    while at + _HEADER.size <= len(data):
        length, kind, flags, sequence, _ = _HEADER.unpack_from(data, at)
        if length < _HEADER.size:
            break
        messages.append((kind, flags, sequence, data[at + _HEADER.size : at + length]))
        at += (length + 3) & ~3
    return messages


def _error(flags: int, body: bytes, what: str) -> OSError | None:
    """The failure of an NLMSG_ERROR body; None for an acknowledgement."""
    (negative,) = struct.unpack_from("=i", body)
    if not negative:
        return None
    text = os.strerror(-negative)
    at = 4 + _HEADER.size
    while flags & NLM_F_ACK_TLVS and at + 4 <= len(body):
        length, kind = struct.unpack_from("=HH", body, at)
        if length < 4:
            break
        if kind == NLMSGERR_ATTR_MSG:
            text = body[at + 4 : at + length].rstrip(b"\0").decode(errors="replace") or text
        at += (length + 3) & ~3
    return OSError(-negative, f"{what}: {text}")
