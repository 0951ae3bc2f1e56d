"""A stream put aside in a file beside the content store, hashed on the way, gone when the work ends."""

from __future__ import annotations

import bz2
import hashlib
import lzma
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import IO, Any, Protocol

from backports import zstd
from isal import igzip

from barque.content import ContentStore
from barque.errors import InvalidArgument
from barque.model.descriptor import OCI_LAYER_GZIP, OCI_LAYER_TAR, OCI_LAYER_ZSTD, Descriptor

CHUNK = 1 << 20


class Reader(Protocol):
    """What a decompressor gives."""

    def read(self, size: int, /) -> bytes: ...


def compression(head: bytes) -> str:
    """``gzip``, ``zstd``, ``bzip2``, ``xz`` or empty, from the first six bytes."""
    for magic, name in _MAGIC.items():
        if head.startswith(magic):
            return name
    return ""


_MAGIC = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd", b"BZh": "bzip2", b"\xfd7zXZ\x00": "xz"}
_MEDIA_TYPES = {"": OCI_LAYER_TAR, "gzip": OCI_LAYER_GZIP, "zstd": OCI_LAYER_ZSTD}
_ERRORS = (OSError, EOFError, lzma.LZMAError, zstd.ZstdError, ValueError)


def spool_dir(content: ContentStore) -> str:
    """The folder for spooled streams: on the file system of the blobs."""
    blobs = os.path.dirname(os.path.dirname(content.path("sha256:" + "0" * 64)))
    return os.path.join(os.path.dirname(blobs), "spool")


def clear_spool(content: ContentStore) -> None:
    """Remove what a killed process left."""
    shutil.rmtree(spool_dir(content), ignore_errors=True)


class Spool:
    """A file that holds the whole stream."""

    def __init__(self, file: IO[bytes], path: str, hashed: bool) -> None:
        self.file, self.path = file, path
        self.size = 0
        self._hash = hashlib.sha256() if hashed else None

    def fill(self, chunks: Iterable[bytes]) -> None:
        for chunk in chunks:
            self.file.write(chunk)
            if self._hash:
                self._hash.update(chunk)
            self.size += len(chunk)
        self.file.flush()

    @property
    def digest(self) -> str:
        assert self._hash
        return "sha256:" + self._hash.hexdigest()


@contextmanager
def spooled(content: ContentStore, chunks: Iterable[bytes], *, hashed: bool = True) -> Iterator[Spool]:
    """Everything ``chunks`` give, in a file that exists inside the block."""
    folder = spool_dir(content)
    os.makedirs(folder, mode=0o700, exist_ok=True)
    descriptor, path = tempfile.mkstemp(dir=folder)
    try:
        with os.fdopen(descriptor, "w+b") as file:
            spool = Spool(file, path, hashed)
            spool.fill(chunks)
            yield spool
    finally:
        os.unlink(path)


def plain_chunks(path: str) -> Iterator[bytes]:
    """The file's bytes, decompressed when they are compressed. Raises ``InvalidArgument`` when they are broken."""
    with open(path, "rb") as raw:
        kind = compression(raw.read(6))
        raw.seek(0)
        reader: Any = raw
        if kind == "gzip":
            reader = igzip.IGzipFile(fileobj=raw, mode="rb")  # type: ignore[no-untyped-call]
        elif kind == "zstd":
            reader = zstd.ZstdFile(raw)
        elif kind == "bzip2":
            reader = bz2.BZ2File(raw)
        elif kind == "xz":
            reader = lzma.LZMAFile(raw)  # noqa: SIM115 - reads raw, which is closed
        yield from _checked(reader, kind)


def _checked(reader: Reader, kind: str) -> Iterator[bytes]:
    while True:
        try:
            chunk = reader.read(CHUNK)
        except EOFError:
            raise InvalidArgument("unexpected EOF") from None
        except _ERRORS as error:
            raise InvalidArgument(f"{kind or 'read'}: invalid data: {error}") from None
        if not chunk:
            return
        yield chunk


def store_layer(content: ContentStore, spool: Spool) -> tuple[Descriptor, str]:
    """Keep a spooled layer as a blob: ``(descriptor, diff_id)``. bzip2 and xz are stored decompressed."""
    with open(spool.path, "rb") as file:
        kind = compression(file.read(6))
    if not kind:
        return keep_file(content, spool, OCI_LAYER_TAR), spool.digest
    if kind in _MEDIA_TYPES:
        state = hashlib.sha256()
        for chunk in plain_chunks(spool.path):
            state.update(chunk)
        return keep_file(content, spool, _MEDIA_TYPES[kind]), f"sha256:{state.hexdigest()}"
    with spooled(content, plain_chunks(spool.path)) as plain:
        return keep_file(content, plain, OCI_LAYER_TAR), plain.digest


def keep_file(content: ContentStore, spool: Spool, media_type: str) -> Descriptor:
    """The spooled bytes as a blob."""
    if not content.exists(spool.digest):
        with open(spool.path, "rb") as file:
            ingest(content, spool.digest, spool.size, iter(lambda: file.read(CHUNK), b""))
    return Descriptor(media_type, spool.digest, spool.size)


def ingest(content: ContentStore, digest: str, size: int, chunks: Iterable[bytes]) -> None:
    """Write a blob from its start; nothing is left when it is not what ``digest`` and ``size`` say."""
    writer = content.ingest(digest, size)
    try:
        skip = writer.offset
        for chunk in chunks:
            if skip >= len(chunk):
                skip -= len(chunk)
                continue
            writer.write(chunk[skip:])
            skip = 0
        writer.commit()
    except BaseException:
        writer.abandon()
        raise
