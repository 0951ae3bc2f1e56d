"""One blob under way: a file named by its digest that survives a kill, and is hashed again from the disk."""

from __future__ import annotations

import fcntl
import hashlib
import os

from barque.errors import InvalidArgument, Unavailable


class Writer:
    """Made by ``ContentStore.ingest``. ``offset`` is how many bytes are there already.

    ``commit`` verifies size and digest and moves the blob into place; InvalidArgument leaves nothing behind.
    ``close`` keeps what came for the next try, ``abandon`` does not.
    """

    def __init__(self, partial: str, final: str, digest: str, size: int) -> None:
        self._partial, self._final = partial, final
        self.digest, self.size = digest, size
        self._fd = self._locked()
        self._hash = hashlib.sha256()
        self.offset = 0
        while data := os.read(self._fd, 1 << 20):
            self._hash.update(data)
            self.offset += len(data)
        if size >= 0 and self.offset > size:
            self.restart()

    def _locked(self) -> int:
        """The partial file, ours alone. What was opened may be the finished blob by now, not to be touched then."""
        while True:
            descriptor = os.open(self._partial, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.path.samestat(os.fstat(descriptor), os.stat(self._partial)):
                    return descriptor
            except FileNotFoundError:
                pass
            except BlockingIOError:
                os.close(descriptor)
                raise Unavailable(f"{self.digest} is being written by another transfer") from None
            os.close(descriptor)

    def restart(self) -> None:
        """Throw away what is there."""
        os.ftruncate(self._fd, 0)
        os.lseek(self._fd, 0, os.SEEK_SET)
        self._hash = hashlib.sha256()
        self.offset = 0

    def write(self, data: bytes) -> None:
        if self.size >= 0 and self.offset + len(data) > self.size:
            self.abandon()
            raise InvalidArgument(f"{self.digest}: more than the {self.size} bytes it should have")
        self._hash.update(data)
        view = memoryview(data)
        while view:
            view = view[os.write(self._fd, view) :]
        self.offset += len(data)

    def commit(self) -> None:
        if self.size >= 0 and self.offset != self.size:
            self.abandon()
            raise InvalidArgument(f"{self.digest}: {self.offset} bytes came, {self.size} were promised")
        found = f"sha256:{self._hash.hexdigest()}"
        if found != self.digest:
            self.abandon()
            raise InvalidArgument(f"filesystem layer verification failed for digest {self.digest}: content is {found}")
        os.fsync(self._fd)
        os.replace(self._partial, self._final)
        self.close()

    def abandon(self) -> None:
        try:
            os.unlink(self._partial)
        except FileNotFoundError:
            pass
        self.close()

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
