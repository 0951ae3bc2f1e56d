"""The user's terminal: size, raw mode, detach keys."""

from __future__ import annotations

import os

from barque.cli.failure import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

DEFAULT_DETACH_KEYS = "ctrl-p,ctrl-q"


def size(descriptor: int) -> tuple[int, int]:
    """``(rows, columns)``; zeros when it is no terminal."""
    try:
        found = os.get_terminal_size(descriptor)
    except OSError:
        return 0, 0
    return found.lines, found.columns


class Raw:
    """``with Raw(fd):`` keys come one by one and unechoed, as the program in the container is to see them."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._before: Any = None

    def __enter__(self) -> None:
        import termios as t

        self._before = t.tcgetattr(self._descriptor)
        mode = t.tcgetattr(self._descriptor)
        mode[0] &= ~(t.IGNBRK | t.BRKINT | t.PARMRK | t.ISTRIP | t.INLCR | t.IGNCR | t.ICRNL | t.IXON)
        mode[1] &= ~t.OPOST
        mode[2] = mode[2] & ~(t.CSIZE | t.PARENB) | t.CS8
        mode[3] &= ~(t.ECHO | t.ECHONL | t.ICANON | t.ISIG | t.IEXTEN)
        mode[6][t.VMIN] = 1
        mode[6][t.VTIME] = 0
        t.tcsetattr(self._descriptor, t.TCSANOW, mode)

    def __exit__(self, *exception: object) -> None:
        import termios as t

        t.tcsetattr(self._descriptor, t.TCSANOW, self._before)


def detach_keys(text: str) -> bytes:
    """The bytes of ``ctrl-p,ctrl-q`` and the like. Raises ``Failure``."""
    found = bytearray()
    for key in (text or DEFAULT_DETACH_KEYS).split(","):
        if len(key) == 1 and key.isascii():
            found += key.encode()
            continue
        name = key.removeprefix("ctrl-")
        if name == key or len(name) != 1 or name.lower() not in "@abcdefghijklmnopqrstuvwxyz[\\]^_":
            raise Failure(f"invalid detach keys ({text}): Unknown character: '{key}'")
        found.append(ord(name.upper()) - 64)
    return bytes(found)


class DetachScanner:
    """Passes input on but for the detach sequence, whose beginning is held back until it is clear what it is."""

    def __init__(self, keys: bytes) -> None:
        self._keys = keys
        self._matched = 0
        self.detached = False

    def feed(self, data: bytes) -> bytes:
        if not self._keys:
            return data
        passed = bytearray()
        for byte in data:
            if byte == self._keys[self._matched]:
                self._matched += 1
                if self._matched == len(self._keys):
                    self.detached = True
                    return bytes(passed)
                continue
            passed += self._keys[: self._matched]
            self._matched = 1 if byte == self._keys[0] else 0
            if not self._matched:
                passed.append(byte)
        return bytes(passed)
