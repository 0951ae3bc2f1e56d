"""Layers into directories: what tarfile writes comes out, and nothing leaves the root."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import sys
import tarfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from barque.errors import InvalidArgument
from barque.layers import apply

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

ME = (os.getuid(), os.getgid())


def entry(name: str, data: bytes = b"", kind: bytes = tarfile.REGTYPE, link: str = "") -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size, info.mtime = kind, link, len(data), 1_700_000_000
    info.mode = 0o755 if kind == tarfile.DIRTYPE else 0o640
    info.uid, info.gid = ME
    return info, data


def layer(*entries: tuple[tarfile.TarInfo, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as tar:
        for info, data in entries:
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def unpack(data: bytes, root: Path) -> tuple[str, int]:
    root.mkdir(exist_ok=True)
    return apply(io.BytesIO(data), str(root), overlay=False)


@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
@pytest.mark.parametrize(
    "pack", [bytes, gzip.compress, zstd.compress, lambda d: gzip.compress(d[:700]) + gzip.compress(d[700:])]
)
def test_what_was_packed_comes_out(tmp_path: Path, form: int, pack: object) -> None:
    long = "d/" + "/".join(["n" * 200] * 12)
    data = layer(
        entry("d", kind=tarfile.DIRTYPE),
        entry("d/file", b"content"),
        entry("d/ümlaut", b"2"),
        entry("./d/hard", kind=tarfile.LNKTYPE, link="d/file"),
        entry("d/soft", kind=tarfile.SYMTYPE, link="file"),
        entry(long, b"deep"),
        entry("/absolute", b"3"),
        form=form,
    )
    digest, size = unpack(pack(data), tmp_path / "root")  # type: ignore[operator]
    root = tmp_path / "root"
    assert digest == "sha256:" + hashlib.sha256(data).hexdigest()
    assert size == len(b"content") + 1 + 4 + 1
    assert (root / "d/file").read_bytes() == b"content"
    assert (root / "d/hard").stat().st_ino == (root / "d/file").stat().st_ino
    assert os.readlink(root / "d/soft") == "file"
    assert (root / long).read_bytes() == b"deep"
    assert (root / "absolute").read_bytes() == b"3"
    assert (root / "d/file").stat().st_mode & 0o777 == 0o640
    assert (root / "d").stat().st_mtime == 1_700_000_000


def test_whiteouts_remove_and_opaque_empties(tmp_path: Path) -> None:
    unpack(
        layer(entry("a", b"1"), entry("d", kind=tarfile.DIRTYPE), entry("d/x", b"2"), entry("d/y", b"3")),
        tmp_path / "r",
    )
    unpack(layer(entry(".wh.a"), entry("d/new", b"4"), entry("d/.wh..wh..opq")), tmp_path / "r")
    assert sorted(p.name for p in (tmp_path / "r").rglob("*")) == ["d", "new"]


HOSTILE = [
    [entry("../escape", b"x")],
    [entry("a/../../escape", b"x")],
    [entry("link", kind=tarfile.LNKTYPE, link="../outside")],
    [entry("f", b"x"), entry("f/below", b"y")],
    [entry("x", kind=b"Z")],
    [entry("link", kind=tarfile.LNKTYPE, link="missing")],
]


@pytest.mark.parametrize("entries", HOSTILE)
def test_hostile_entries_are_refused(tmp_path: Path, entries: list[tuple[tarfile.TarInfo, bytes]]) -> None:
    (tmp_path / "outside").write_text("secret")
    with pytest.raises(InvalidArgument):
        unpack(layer(*entries), tmp_path / "root")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["outside", "root"]


def test_a_linked_parent_leads_nowhere_but_inside(tmp_path: Path) -> None:
    (tmp_path / "host").mkdir()
    data = layer(entry("way", kind=tarfile.SYMTYPE, link=f"{tmp_path}/host"), entry("way/file", b"x"))
    try:
        unpack(data, tmp_path / "root")
    except InvalidArgument:
        pass
    assert list((tmp_path / "host").iterdir()) == []


@pytest.mark.parametrize("keep", [1, 511, 512, 600, 1100])
def test_a_truncated_layer_is_refused(tmp_path: Path, keep: int) -> None:
    with pytest.raises(InvalidArgument):
        unpack(layer(entry("a", b"x" * 2000))[:keep], tmp_path / "root")


names = st.text(st.sampled_from("ab./\0é"), min_size=1, max_size=8)
kinds = st.sampled_from([tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE])


@settings(
    max_examples=int(os.environ.get("BARQUE_HOSTILE", "150")),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
)
@given(st.lists(st.tuples(names, kinds, names), max_size=6), st.integers(0, 4000), st.integers(0, 255))
def test_generated_tars_stay_inside(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, bytes, str]], at: int, byte: int
) -> None:
    place = tmp_path_factory.mktemp("hostile")
    (place / "outside").write_text("secret")
    data = bytearray(layer(*(entry(n, b"x" if k == tarfile.REGTYPE else b"", k, link) for n, k, link in rows)))
    data[at % len(data)] = byte
    try:
        unpack(bytes(data), place / "root")
    except InvalidArgument:
        pass
    assert sorted(p.name for p in place.iterdir()) == ["outside", "root"]
    assert (place / "outside").read_text() == "secret"
    assert (place / "outside").stat().st_nlink == 1
