"""The store: ``blobs/sha256/<hex>`` for what is whole, ``ingest/<hex>`` for what is coming."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator

from barque.content.writer import Writer
from barque.errors import InvalidArgument, NotFound


def _hex(digest: str) -> str:
    algorithm, _, value = digest.partition(":")
    if algorithm != "sha256" or len(value) != 64 or not set(value) <= set("0123456789abcdef"):
        raise InvalidArgument(f"invalid checksum digest format: {digest}")
    return value


class ContentStore:
    """Everything raises NotFound for a blob that is not here and InvalidArgument for what is no digest."""

    def __init__(self, root: str) -> None:
        self._blobs = os.path.join(root, "blobs", "sha256")
        self._ingest = os.path.join(root, "ingest")
        os.makedirs(self._blobs, mode=0o711, exist_ok=True)
        os.makedirs(self._ingest, mode=0o700, exist_ok=True)

    def path(self, digest: str) -> str:
        return os.path.join(self._blobs, _hex(digest))

    def exists(self, digest: str) -> bool:
        return os.path.exists(self.path(digest))

    def size(self, digest: str) -> int:
        try:
            return os.stat(self.path(digest)).st_size
        except FileNotFoundError:
            raise NotFound(f"content {digest} not found") from None

    def read(self, digest: str) -> bytes:
        """All of it; for manifests and configs."""
        try:
            with open(self.path(digest), "rb") as file:
                return file.read()
        except FileNotFoundError:
            raise NotFound(f"content {digest} not found") from None

    def write_bytes(self, data: bytes) -> str:
        """Store small content; its digest."""
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        if not self.exists(digest):
            writer = self.ingest(digest, len(data))
            writer.restart()
            writer.write(data)
            writer.commit()
        return digest

    def ingest(self, digest: str, size: int) -> Writer:
        """Begin, or go on with, a blob of ``size`` bytes (-1: unknown)."""
        return Writer(os.path.join(self._ingest, _hex(digest)), self.path(digest), digest, size)

    def delete(self, digest: str) -> None:
        try:
            os.unlink(self.path(digest))
        except FileNotFoundError:
            pass

    def walk(self) -> Iterator[str]:
        """The digests that are here."""
        for name in os.listdir(self._blobs):
            yield f"sha256:{name}"
