"""One header block of a tar: the plain ones are taken apart here, everything unusual by the standard library."""

from __future__ import annotations

import struct
import tarfile
from typing import NamedTuple

from barque.errors import InvalidArgument

_FIELDS = struct.Struct("100s8s8s8s12s12s8s1s100s8s64s8s8s155s12x")
_USTAR = (b"ustar\x0000", b"ustar  \x00")
_OCTAL = frozenset(b"01234567 \0")


class Header(NamedTuple):
    name: str
    type: bytes
    size: int
    mode: int
    uid: int
    gid: int
    mtime: float
    linkname: str
    devmajor: int
    devminor: int


def parse(block: bytes) -> Header:
    """Of 512 bytes. Raises InvalidArgument."""
    name, mode, uid, gid, size, mtime, checksum, kind, link, magic, _, major, minor, prefix = _FIELDS.unpack(block)
    numbers = mode + uid + gid + size + mtime + checksum
    if magic not in _USTAR or prefix[0] or not _OCTAL.issuperset(numbers) or kind not in b"012345678xgLK":
        return _unusual(block)
    if sum(block) - sum(checksum) + 256 != _octal(checksum):
        raise InvalidArgument("archive/tar: invalid tar header: bad checksum")
    return Header(
        _text(name),
        kind,
        _octal(size),
        _octal(mode),
        _octal(uid),
        _octal(gid),
        float(_octal(mtime)),
        _text(link),
        _octal(major) if kind in b"34" else 0,
        _octal(minor) if kind in b"34" else 0,
    )


def _unusual(block: bytes) -> Header:
    try:
        info = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except tarfile.HeaderError as error:
        raise InvalidArgument(f"archive/tar: invalid tar header: {error}") from error
    name = info.name + ("/" if info.type == b"5" and not info.name.endswith("/") else "")
    return Header(
        name,
        info.type,
        info.size,
        info.mode,
        info.uid,
        info.gid,
        float(info.mtime),
        info.linkname,
        info.devmajor,
        info.devminor,
    )


def _text(field: bytes) -> str:
    return field.partition(b"\0")[0].decode("utf-8", "surrogateescape")


def _octal(field: bytes) -> int:
    """Digits up to a space or NUL; leading spaces are let be."""
    try:
        return int(field.partition(b"\0")[0].strip() or b"0", 8)
    except ValueError:
        raise InvalidArgument("archive/tar: invalid tar header: invalid header") from None
