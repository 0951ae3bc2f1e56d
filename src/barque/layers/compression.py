"""A blob's bytes, uncompressed: gzip of any number of members, zstd, or plain, told by their first bytes."""

from __future__ import annotations

import hashlib
import io
import sys
from typing import IO, cast

from isal import igzip

from barque.errors import InvalidArgument
from barque.layers.ahead import Ahead

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

BLOCK = 1 << 20


class Uncompressed:
    """``read(n)`` gives exactly n bytes, less only at the end; everything that passes is hashed and counted.

    ``ahead``: in a thread, before it is asked for; to be closed then."""

    def __init__(self, source: IO[bytes], limit: int = 1 << 45, ahead: bool = False) -> None:
        self._source = source
        self._hash = hashlib.sha256()
        self._buffer = b""
        self._position = 0
        self._limit = limit
        self.size = 0
        self._ahead = Ahead(self._take) if ahead else None

    def _fill(self) -> bytes:
        return self._ahead.next() if self._ahead is not None else self._take()

    def close(self) -> None:
        """Nothing is read any more."""
        if self._ahead is not None:
            self._ahead.close()

    def _take(self) -> bytes:
        try:
            data = self._source.read(BLOCK)
        except (EOFError, OSError, zstd.ZstdError) as error:
            raise InvalidArgument(f"the layer's compressed data is broken: {error}") from error
        except Exception as error:  # isal raises its own kinds
            raise InvalidArgument(f"the layer's compressed data is broken: {error}") from error
        self._hash.update(data)
        self.size += len(data)
        if self.size > self._limit:
            raise InvalidArgument(f"the layer is larger than the {self._limit} bytes that are allowed")
        return data

    def read(self, count: int) -> bytes:
        have = len(self._buffer) - self._position
        if have >= count:
            self._position += count
            return self._buffer[self._position - count : self._position]
        parts = [self._buffer[self._position :]]
        missing = count - have
        self._buffer, self._position = b"", 0
        while missing > 0:
            data = self._fill()
            if not data:
                break
            if len(data) > missing:
                self._buffer, self._position = data, missing
                data = data[:missing]
            parts.append(data)
            missing -= len(data)
        return b"".join(parts)

    def some(self, limit: int) -> bytes:
        """Up to ``limit`` bytes, as they come."""
        if self._position < len(self._buffer):
            data = self._buffer[self._position : self._position + limit]
            self._position += len(data)
            return data
        return self.read(min(limit, BLOCK))

    def finish(self) -> str:
        """Read to the end; the digest of all of it."""
        while self._fill():
            pass
        return f"sha256:{self._hash.hexdigest()}"


def open_blob(file: IO[bytes]) -> IO[bytes]:
    """A reader of the uncompressed bytes of a seekable file."""
    magic = file.read(4)
    file.seek(0)
    if magic[:2] == b"\x1f\x8b":
        return cast("IO[bytes]", igzip.open(file, "rb"))  # type: ignore[no-untyped-call]
    if magic == b"\x28\xb5\x2f\xfd":
        return cast("IO[bytes]", zstd.open(file, "rb"))
    return io.BufferedReader(file, BLOCK) if isinstance(file, io.RawIOBase) else file
