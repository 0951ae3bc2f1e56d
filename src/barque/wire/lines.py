"""The local protocol: one JSON object per line; a reply is ``{"ok": {...}}`` or ``{"error": {"kind", "message"}}``."""

from __future__ import annotations

import _socket
import contextlib
import json
import os
import socket
from collections.abc import Iterator
from typing import Any

from barque.errors import BarqueError, InvalidArgument, Unavailable, from_kind

MAX_LINE = 16 << 20


def encode(message: dict[str, Any]) -> bytes:
    return json.dumps(message, separators=(",", ":")).encode("utf-8", "surrogateescape") + b"\n"


def ok(**result: Any) -> bytes:
    return encode({"ok": result})


def failed(error: BaseException) -> bytes:
    """An error reply; what is not ours is internal, with its words."""
    if isinstance(error, BarqueError):
        return encode({"error": {"kind": error.kind, "message": error.message}})
    return encode({"error": {"kind": "internal", "message": str(error) or type(error).__name__}})


def result(line: bytes) -> dict[str, Any]:
    """The value of an ``ok`` reply. Raises the kind of an ``error`` reply, Unavailable when there is none."""
    if not line.endswith(b"\n"):
        raise Unavailable("the other process went away before it answered")
    reply = json.loads(line)
    if "error" in reply:
        raise from_kind(reply["error"]["kind"], reply["error"]["message"])
    value: dict[str, Any] = reply["ok"]
    return value


def request_of(line: bytes) -> dict[str, Any]:
    """What a client asks. Raises InvalidArgument for anything but a JSON object."""
    try:
        value = json.loads(line)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise InvalidArgument("not a JSON object on one line")
    return value


def take(connection: _socket.socket) -> tuple[bytes, bool]:
    """What there is of a line, and whether it has ended; nothing behind it is taken. Nothing at all: the end."""
    seen = connection.recv(1 << 20, _socket.MSG_PEEK)
    end = seen.find(b"\n") + 1
    return (connection.recv(end or len(seen)) if seen else b""), end > 0


def read_line(connection: _socket.socket) -> bytes:
    """One line, byte-exact: nothing behind it is taken from the socket."""
    line = b""
    while len(line) <= MAX_LINE:
        data, ended = take(connection)
        line += data
        if ended or not data:
            break
    return line


@contextlib.contextmanager
def reachable(path: str) -> Iterator[str]:
    """A name for a socket's path that fits into the 107 bytes of sockaddr_un (unix(7)), while the block lasts."""
    if len(os.fsencode(path)) < 100:
        yield path
        return
    directory = os.open(os.path.dirname(path), os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{directory}/{os.path.basename(path)}"
    finally:
        os.close(directory)


def request(path: str, message: dict[str, Any], timeout: float | None = 60) -> dict[str, Any]:
    """Blocking: connect, ask, answer. Raises the reply's error; Unavailable when nobody listens."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(timeout)
        try:
            with reachable(path) as name:
                connection.connect(name)
        except OSError as error:
            raise Unavailable(f"nobody answers at {path}: {error.strerror}") from error
        connection.sendall(encode(message))
        return result(read_line(connection))
