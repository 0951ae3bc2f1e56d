"""Reading image archives where they lie: a tar indexed by name, nothing extracted, links resolved inside it only."""

from __future__ import annotations

import os
import posixpath
import tarfile
from collections.abc import Iterator

from barque.errors import InvalidArgument
from barque.images.spool import CHUNK

MAX_MEMBERS = 100_000
MAX_LINKS = 8
MAX_JSON = 16 << 20


class Archive:
    """An uncompressed tar file. Names are relative and clean; the last member of a name counts, as in extraction."""

    def __init__(self, path: str) -> None:
        self._file = open(path, "rb")  # noqa: SIM115 - closed by close()
        self._size = os.fstat(self._file.fileno()).st_size
        self._members: dict[str, tuple[int, int]] = {}
        self._links: dict[str, str] = {}
        try:
            self._index()
        except (tarfile.TarError, OSError, ValueError, EOFError) as error:
            self._file.close()
            known = isinstance(error, tarfile.ReadError) and "unexpected end" in str(error)
            raise InvalidArgument("unexpected EOF" if known else "archive/tar: invalid tar header") from None
        except BaseException:
            self._file.close()
            raise

    def _index(self) -> None:
        with tarfile.TarFile(fileobj=self._file, mode="r", errorlevel=2) as tar:
            for number, member in enumerate(tar):
                if number >= MAX_MEMBERS:
                    raise InvalidArgument("archive has too many entries")
                name = posixpath.normpath(member.name.lstrip("/"))
                if member.isfile():
                    if member.offset_data + member.size > self._size:
                        raise InvalidArgument("unexpected EOF")
                    self._members[name] = (member.offset_data, member.size)
                    self._links.pop(name, None)
                elif member.issym():
                    self._links[name] = posixpath.normpath(posixpath.join(posixpath.dirname(name), member.linkname))
                elif member.islnk():
                    self._links[name] = posixpath.normpath(member.linkname.lstrip("/"))
        if not self._members and self._size % 512:
            raise InvalidArgument("unexpected EOF")

    def close(self) -> None:
        self._file.close()

    def __contains__(self, name: str) -> bool:
        return self._find(name) is not None

    def _find(self, name: str) -> tuple[int, int] | None:
        name = posixpath.normpath(name)
        for _ in range(MAX_LINKS):
            if name in self._members:
                return self._members[name]
            if name not in self._links:
                return None
            name = self._links[name]
        return None

    def _need(self, name: str) -> tuple[int, int]:
        found = self._find(name)
        if found is None:
            raise InvalidArgument(f"invalid archive: open {name}: no such file or directory")
        return found

    def size(self, name: str) -> int:
        return self._need(name)[1]

    def read(self, name: str, limit: int = MAX_JSON) -> bytes:
        """A whole small member. Raises ``InvalidArgument`` when it is missing or larger than ``limit``."""
        offset, size = self._need(name)
        if size > limit:
            raise InvalidArgument(f"invalid archive: {name} is too large")
        return os.pread(self._file.fileno(), size, offset)

    def head(self, name: str) -> bytes:
        """The first bytes, enough to see the compression."""
        offset, size = self._need(name)
        return os.pread(self._file.fileno(), min(size, 6), offset)

    def chunks(self, name: str) -> Iterator[bytes]:
        """The member's bytes."""
        offset, size = self._need(name)
        end = offset + size
        while offset < end:
            chunk = os.pread(self._file.fileno(), min(CHUNK, end - offset), offset)
            if not chunk:
                raise InvalidArgument("unexpected EOF")
            offset += len(chunk)
            yield chunk
