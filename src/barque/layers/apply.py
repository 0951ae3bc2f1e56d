"""A layer into a directory: entries, and whiteouts in the form the snapshotter understands."""

from __future__ import annotations

import contextlib
import os
import stat
from typing import IO

from barque.errors import InvalidArgument
from barque.layers.compression import Uncompressed, open_blob
from barque.layers.extract import Extractor, clean
from barque.layers.reader import entries
from barque.linux import trees

WHITEOUT = ".wh."
OPAQUE = ".wh..wh..opq"
OPAQUE_XATTR = "trusted.overlay.opaque"


def apply(blob: IO[bytes], root: str, overlay: bool) -> tuple[str, int]:
    """Extract a (compressed) layer; ``(diff_id, bytes of the files)``.

    With ``overlay`` a whiteout becomes a 0/0 character device and an opaque directory gets the overlay's attribute
    (kernel: filesystems/overlayfs.rst); without, what it names is removed. Raises InvalidArgument for anything that is
    no proper layer or leaves the root; what was made so far is the caller's to remove.
    """
    stream = Uncompressed(open_blob(blob), ahead=True)
    extractor = Extractor(root)
    made: set[str] = set()
    size = 0
    try:
        for entry in entries(stream):
            path = clean(entry.name)
            name = path.rpartition("/")[2]
            if not path:
                _root(extractor, entry.mode, entry.uid, entry.gid)
            elif name == OPAQUE:
                _opaque(extractor, path.rpartition("/")[0], overlay, made)
            elif name.startswith(WHITEOUT):
                _whiteout(extractor, path, overlay, made)
            else:
                replaces = overlay and entry.kind == b"5" and _is_whiteout(extractor, path)
                extractor.make(entry, path, stream)
                if replaces:
                    _set_opaque(extractor, path)
                made.add(path)
                size += entry.size
                continue
            if entry.size:
                stream.read((entry.size + 511) & ~511)
        return stream.finish(), size
    except UnicodeError as error:
        raise InvalidArgument(f"invalid tar entry: {error}") from error
    except OSError as error:
        raise InvalidArgument(f"failed to register layer: {error.strerror}: {error.filename}") from error
    finally:
        stream.close()
        extractor.close()


def _root(extractor: Extractor, mode: int, uid: int, gid: int) -> None:
    os.fchown(extractor.root, uid, gid)
    os.fchmod(extractor.root, mode & 0o7777)


def _is_whiteout(extractor: Extractor, path: str) -> bool:
    directory, name = extractor.parent(path)
    try:
        found = os.stat(name, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return stat.S_ISCHR(found.st_mode) and found.st_rdev == 0


def _set_opaque(extractor: Extractor, path: str) -> None:
    os.setxattr(extractor.directory(path), OPAQUE_XATTR, b"y")


def _opaque(extractor: Extractor, path: str, overlay: bool, made: set[str]) -> None:
    if overlay:
        _set_opaque(extractor, path)
        return
    directory = extractor.directory(path)
    with os.scandir(directory) as found:
        names = [entry.name for entry in found]
    for name in names:
        if (f"{path}/{name}" if path else name) not in made:
            trees.remove(directory, name)
    extractor.forget()


def _whiteout(extractor: Extractor, path: str, overlay: bool, made: set[str]) -> None:
    above, _, name = path.rpartition("/")
    hidden = name.removeprefix(WHITEOUT)
    if not hidden or hidden in (".", ".."):
        raise InvalidArgument(f"invalid whiteout {path!r}")
    target = f"{above}/{hidden}" if above else hidden
    directory = extractor.directory(above)
    if target in made:
        if overlay:
            with contextlib.suppress(OSError, InvalidArgument):
                _set_opaque(extractor, target)
        return
    if overlay:
        with contextlib.suppress(FileExistsError):
            os.mknod(hidden, stat.S_IFCHR, 0, dir_fd=directory)
        return
    with contextlib.suppress(FileNotFoundError):
        trees.remove(directory, hidden)
    extractor.forget()
