"""Entries into a directory that nothing leaves: the kernel resolves every parent inside the root (openat2)."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from typing import Protocol

from barque.errors import InvalidArgument
from barque.layers.reader import Entry
from barque.linux import paths, trees

DIRECTORY = os.O_RDONLY | os.O_DIRECTORY
NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
CACHED = 256


class Data(Protocol):
    def read(self, count: int) -> bytes: ...
    def some(self, limit: int) -> bytes: ...


def clean(name: str) -> str:
    """A relative path without ``.`` and empty parts. Raises InvalidArgument for one that climbs out."""
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise InvalidArgument(f"invalid tar entry {name!r}: outside of the root")
    if "\0" in name or any(len(os.fsencode(part)) > 255 for part in parts):
        raise InvalidArgument(f"invalid tar entry name of {len(name)} characters: a part is longer than 255 bytes")
    return "/".join(parts)


class Extractor:
    """Makes entries below ``root``; directories get their times when ``close`` is called."""

    def __init__(self, root: str) -> None:
        self.root = os.open(root, DIRECTORY | os.O_CLOEXEC)
        self._umask = os.umask(0)
        self._open: dict[str, int] = {}
        self._times: dict[str, float] = {}
        self._stale: list[int] = []

    def parent(self, path: str) -> tuple[int, str]:
        """An open directory, made when missing, and the last name."""
        directory, _, name = path.rpartition("/")
        return self.directory(directory), name

    def directory(self, path: str) -> int:
        if not path:
            return self.root
        found = self._open.get(path)
        if found is not None:
            return found
        try:
            found = self._made(path)
        except OSError as error:
            if error.errno not in (errno.ENOTDIR, errno.ELOOP):
                raise
            raise InvalidArgument(f"invalid tar entry below {path!r}: not a directory") from error
        if len(self._open) >= CACHED:
            self.forget()
        self._open[path] = found
        return found

    def _made(self, path: str) -> int:
        """The directory, with those above it that are missing: from the top down, a path may have 2,000 parts."""
        try:
            return paths.open_in_root(self.root, path, DIRECTORY)
        except FileNotFoundError:
            pass
        found, parts = os.dup(self.root), path.split("/")
        for count, name in enumerate(parts, 1):
            above = found
            try:
                with contextlib.suppress(FileExistsError):
                    os.mkdir(name, 0o755, dir_fd=above)
                # one that is a link is resolved from the root, by the kernel; the others from where we are
                try:
                    found = os.open(name, DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=above)
                except OSError:
                    found = paths.open_in_root(self.root, "/".join(parts[:count]), DIRECTORY)
            finally:
                os.close(above)
        return found

    def forget(self) -> None:
        """Close cached directories: one of them may have been replaced."""
        for descriptor in self._open.values():
            os.close(descriptor)
        self._open.clear()

    def make(self, entry: Entry, path: str, data: Data) -> None:
        """One entry at the cleaned, non-empty ``path``. Raises InvalidArgument and OSError."""
        directory, name = self.parent(path)
        kind = entry.kind
        if kind == b"0":
            self._file(entry, directory, name, data)
            return
        self._clear(directory, name, kind)
        if kind == b"5":
            with contextlib.suppress(FileExistsError):
                os.mkdir(name, 0o700, dir_fd=directory)
            self._times[path] = entry.mtime
        elif kind == b"1":
            self._hard_link(entry, directory, name)
            return
        elif kind == b"2":
            if "\0" in entry.link or not entry.link:
                raise InvalidArgument(f"invalid tar entry {entry.name!r}: bad link target")
            os.symlink(entry.link, name, dir_fd=directory)
        elif kind in (b"3", b"4", b"6"):
            node = {b"3": stat.S_IFCHR, b"4": stat.S_IFBLK, b"6": stat.S_IFIFO}[kind]
            os.mknod(name, node | 0o600, os.makedev(entry.major, entry.minor), dir_fd=directory)
        else:
            raise InvalidArgument(f"unhandled tar header type {kind!r} of {entry.name!r}")
        self._attributes(entry, directory, name)

    def _clear(self, directory: int, name: str, kind: bytes) -> None:
        """What stands at the name goes, but a directory stays for a directory."""
        try:
            mode = os.stat(name, dir_fd=directory, follow_symlinks=False).st_mode
        except FileNotFoundError:
            return
        if stat.S_ISDIR(mode):
            if kind == b"5":
                return
            self.forget_below()
            trees.remove(directory, name)
        else:
            os.unlink(name, dir_fd=directory)

    def forget_below(self) -> None:
        """Before a directory goes: no cached descriptor may point into it; the caller's own stay open until close."""
        self._stale += self._open.values()
        self._open = {}

    def _file(self, entry: Entry, directory: int, name: str, data: Data) -> None:
        own = not entry.uid and not entry.gid  # then the mode can be given at once
        mode = entry.mode & 0o7777 if own else 0o600
        try:
            descriptor = os.open(name, NEW_FILE, mode, dir_fd=directory)
        except FileExistsError:
            self._clear(directory, name, entry.kind)
            descriptor = os.open(name, NEW_FILE, mode, dir_fd=directory)
        try:
            left = entry.size
            while left:
                chunk = data.some(left)
                if not chunk:
                    raise InvalidArgument("unexpected EOF: the archive is truncated")
                view = memoryview(chunk)
                while view:
                    view = view[os.write(descriptor, view) :]
                left -= len(chunk)
            if entry.size % 512:
                data.read(512 - entry.size % 512)
            if not own:
                os.fchown(descriptor, entry.uid, entry.gid)
                os.fchmod(descriptor, entry.mode & 0o7777)
            for key, value in entry.xattrs.items():
                _xattr(descriptor, key, value)
            os.utime(descriptor, ns=(int(entry.mtime * 1e9),) * 2)
        finally:
            os.close(descriptor)

    def _hard_link(self, entry: Entry, directory: int, name: str) -> None:
        target = clean(entry.link)
        source, source_name = self.parent(target)
        directory = self.directory(clean(entry.name).rpartition("/")[0])
        try:
            os.link(source_name, name, src_dir_fd=source, dst_dir_fd=directory, follow_symlinks=False)
        except FileNotFoundError as error:
            raise InvalidArgument(f"invalid hard link {entry.name!r} -> {entry.link!r}: no such file") from error

    def _attributes(self, entry: Entry, directory: int, name: str) -> None:
        os.chown(name, entry.uid, entry.gid, dir_fd=directory, follow_symlinks=False)
        if entry.kind != b"2":
            os.chmod(name, entry.mode & 0o7777, dir_fd=directory)
        for key, value in entry.xattrs.items():
            descriptor = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
            try:
                if entry.kind != b"2":
                    _xattr(f"/proc/self/fd/{descriptor}", key, value)
            finally:
                os.close(descriptor)
        os.utime(name, ns=(int(entry.mtime * 1e9),) * 2, dir_fd=directory, follow_symlinks=False)

    def close(self) -> None:
        for path, mtime in self._times.items():
            with contextlib.suppress(OSError):
                # no other kind: to open a fifo waits for its writer, to open a device acts on it
                directory = paths.open_in_root(self.root, path, DIRECTORY | os.O_NOFOLLOW)
                os.utime(directory, ns=(int(mtime * 1e9),) * 2)
                os.close(directory)
        self.forget()
        for descriptor in self._stale:
            os.close(descriptor)
        os.close(self.root)
        os.umask(self._umask)


def _xattr(target: int | str, key: str, value: bytes) -> None:
    """Set one; file systems and namespaces without a kind of attribute are let be, as Docker does."""
    if key.startswith("trusted.overlay."):
        return
    try:
        os.setxattr(target, key, value)
    except OSError as error:
        if error.errno not in (errno.EOPNOTSUPP, errno.EPERM):
            raise
