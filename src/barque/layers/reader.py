"""Tar entries from a stream (POSIX pax, GNU long names, ustar; tar(5)); headers only, the data stays in the stream."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from barque.errors import InvalidArgument
from barque.layers.header import Header, parse

MAX_NAME = 1 << 20
MAX_ID = (1 << 32) - 1
"""The one that chown(2) takes for: as it is."""


WIDE = 0o7777777
"""What the seven digits of a header's ids can say."""


class Source(Protocol):
    def read(self, count: int) -> bytes: ...


@dataclass(slots=True)
class Entry:
    name: str
    kind: bytes
    size: int
    mode: int
    uid: int
    gid: int
    mtime: float
    link: str
    major: int
    minor: int
    xattrs: dict[str, bytes] = field(default_factory=dict)


def _exactly(stream: Source, count: int) -> bytes:
    data = stream.read(count)
    if len(data) != count:
        raise InvalidArgument("unexpected EOF: the archive is truncated")
    return data


def _padded(stream: Source, size: int) -> bytes:
    if size > MAX_NAME:
        raise InvalidArgument("archive header too large")
    return _exactly(stream, (size + 511) & ~511)[:size]


def _pax(data: bytes) -> dict[str, bytes]:
    out = {}
    while data:
        length, _, _ = data.partition(b" ")
        if not length.isdigit() or int(length) > len(data) or int(length) < len(length) + 3:
            raise InvalidArgument("archive/tar: invalid tar header")
        record = data[len(length) + 1 : int(length) - 1]
        name, found, value = record.partition(b"=")
        if not found:
            raise InvalidArgument("archive/tar: invalid tar header")
        out[name.decode("utf-8", "surrogateescape")] = value
        data = data[int(length) :]
    return out


def entries(stream: Source) -> Iterator[Entry]:
    """Each entry in turn; the consumer reads or skips its data (padded to 512) before the next one.

    Raises InvalidArgument for what is no tar, or is cut short.
    """
    pax: dict[str, bytes] = {}
    everywhere: dict[str, bytes] = {}
    long_name = long_link = None
    while True:
        block = stream.read(512)
        if not block or block == b"\0" * 512:
            if block == b"":
                raise InvalidArgument("unexpected EOF: the archive is truncated")
            return
        if len(block) != 512:
            raise InvalidArgument("unexpected EOF: the archive is truncated")
        info = parse(block)
        if info.size < 0:
            raise InvalidArgument("archive/tar: invalid tar header")
        if info.type == b"x":
            pax = _pax(_padded(stream, info.size))
        elif info.type == b"g":
            everywhere.update(_pax(_padded(stream, info.size)))
        elif info.type == b"L":
            long_name = _padded(stream, info.size).rstrip(b"\0").decode("utf-8", "surrogateescape")
        elif info.type == b"K":
            long_link = _padded(stream, info.size).rstrip(b"\0").decode("utf-8", "surrogateescape")
        else:
            entry = _entry(info, {**everywhere, **pax}) if everywhere or pax else _plain(info)
            entry.name, entry.link = long_name or entry.name, long_link or entry.link
            pax, long_name, long_link = {}, None, None
            yield entry


def _plain(info: Header) -> Entry:
    """Without extended headers the numbers are checked by their width."""
    kind = b"0" if info.type in (b"\0", b"7") else info.type
    size = info.size if kind == b"0" else 0
    entry = Entry(
        info.name,
        kind,
        size,
        info.mode,
        info.uid,
        info.gid,
        info.mtime,
        info.linkname,
        info.devmajor,
        info.devminor,
    )
    return entry if info.uid <= WIDE and info.gid <= WIDE and kind not in b"34" else _checked({}, entry)


def _entry(info: Header, pax: dict[str, bytes]) -> Entry:
    def text(name: str, otherwise: str) -> str:
        return pax[name].decode("utf-8", "surrogateescape") if name in pax else otherwise

    def number(name: str, otherwise: int) -> int:
        try:
            return int(pax[name]) if name in pax else otherwise
        except ValueError:
            raise InvalidArgument("archive/tar: invalid tar header") from None

    try:
        mtime = float(pax["mtime"]) if "mtime" in pax else float(info.mtime)
    except ValueError:
        raise InvalidArgument("archive/tar: invalid tar header") from None
    prefix = "SCHILY.xattr."
    return _checked(
        pax,
        Entry(
            text("path", info.name),
            b"0" if info.type in (b"\0", b"7") else info.type,
            number("size", info.size) if info.type in (b"0", b"\0", b"7") else 0,
            info.mode,
            number("uid", info.uid),
            number("gid", info.gid),
            mtime,
            text("linkpath", info.linkname),
            info.devmajor,
            info.devminor,
            {name.removeprefix(prefix): value for name, value in pax.items() if name.startswith(prefix)},
        ),
    )


def _checked(pax: dict[str, bytes], entry: Entry) -> Entry:
    """Numbers that the kernel's calls take; they would fail there with errors of their own."""
    if any(name.startswith("GNU.sparse.") for name in pax):
        raise InvalidArgument(f"unhandled tar entry {entry.name!r}: sparse files are not supported")
    ids_fit = 0 <= entry.uid < MAX_ID and 0 <= entry.gid < MAX_ID
    device_fits = entry.kind not in (b"3", b"4") or (0 <= entry.major < 1 << 12 and 0 <= entry.minor < 1 << 20)
    time_fits = math.isfinite(entry.mtime) and abs(entry.mtime) < 1 << 62
    if not (ids_fit and device_fits and time_fits and entry.size >= 0) or any(
        "\0" in key or not key for key in entry.xattrs
    ):
        raise InvalidArgument("archive/tar: invalid tar header")
    return entry
