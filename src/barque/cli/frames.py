"""Docker's multiplexed stream: frames of one byte for the stream, three zero, four for the length, then the bytes."""

from __future__ import annotations

from barque.cli.failure import Failure
from barque.cli.session import write

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

STDOUT = 1
STDERR = 2
_SYSTEM_ERROR = 3

__all__ = ["STDERR", "STDOUT", "Splitter", "write"]


class Splitter:
    """Feed it pieces however they are cut; payloads come out as they arrive, with 1 for stdout and 2 for stderr."""

    def __init__(self) -> None:
        self._head = b""
        self._stream = 0
        self._left = 0
        self._error = b""

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Raises ``Failure`` for a stream that is not framed, and with the daemon's words for an error frame."""
        position = 0
        size = len(data)
        while position < size:
            if not self._left:
                need = 8 - len(self._head)
                self._head += data[position : position + need]
                position += need
                if len(self._head) < 8:
                    return
                self._stream = self._head[0]
                self._left = int.from_bytes(self._head[4:], "big")
                self._head = b""
                if self._stream > _SYSTEM_ERROR:
                    raise Failure(f"unrecognized stream: {self._stream}")
                continue
            piece = data[position : position + self._left]
            position += len(piece)
            self._left -= len(piece)
            if self._stream == _SYSTEM_ERROR:
                self._error += piece
                if not self._left:
                    raise Failure(f"error from daemon in stream: {self._error.decode('utf-8', 'replace')}")
                continue
            yield (STDERR if self._stream == 2 else STDOUT), piece
