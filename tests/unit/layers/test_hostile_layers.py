"""What a layer, or a container at work, can do to the reader and the writer of tars."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

import pytest

from barque.errors import InvalidArgument
from barque.layers import apply, write_layer, write_tree
from barque.linux import trees

DEPTH = 1500


def names_of(data: bytes) -> list[str]:
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return tar.getnames()


def packed(name: str, data: bytes = b"", kind: bytes = tarfile.REGTYPE, **pax: str) -> bytes:
    info = tarfile.TarInfo(name)
    info.type, info.size, info.uid, info.gid = kind, len(data), os.getuid(), os.getgid()
    info.pax_headers = pax
    return info.tobuf(tarfile.PAX_FORMAT) + data + b"\0" * (-len(data) % 512)


def deepen(root: Path) -> None:
    here = os.open(root, os.O_RDONLY)
    for _ in range(DEPTH):
        os.mkdir("a", dir_fd=here)
        below = os.open("a", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)


@pytest.mark.timeout(20)
def test_a_fifo_in_a_directorys_place_does_not_block(tmp_path: Path) -> None:
    data = packed("d", kind=tarfile.DIRTYPE) + packed("d", kind=tarfile.FIFOTYPE) + b"\0" * 1024
    apply(io.BytesIO(data), str(tmp_path), overlay=False)
    assert (tmp_path / "d").is_fifo()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("mtime", "nan"),
        ("mtime", "inf"),
        ("mtime", "1e30"),
        ("uid", "99999999999"),
        ("gid", "-5"),
        ("size", "-5"),
        ("SCHILY.xattr.user.a\0b", "x"),
        ("GNU.sparse.major", "1"),
    ],
)
def test_numbers_that_do_not_fit_are_refused(tmp_path: Path, key: str, value: str) -> None:
    with pytest.raises(InvalidArgument):
        apply(io.BytesIO(packed("f", b"x", **{key: value}) + b"\0" * 1024), str(tmp_path), overlay=False)


def test_gos_zero_time_is_a_time(tmp_path: Path) -> None:
    apply(io.BytesIO(packed("f", b"x", mtime="-62135596800") + b"\0" * 1024), str(tmp_path), overlay=False)
    assert (tmp_path / "f").read_bytes() == b"x"


def test_depth_is_no_limit(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    target.mkdir()
    data = packed("/".join(["a"] * DEPTH) + "/f", b"x") + b"\0" * 1024
    assert apply(io.BytesIO(data), str(target), overlay=False)[1] == 1
    source.mkdir()
    deepen(source)
    out: list[bytes] = []
    write_tree(str(source), out.append)
    names = names_of(b"".join(out))
    assert (len(names), names[-1]) == (DEPTH, "/".join(["a"] * DEPTH))
    for tree in ("source", "target"):
        root = os.open(tmp_path, os.O_RDONLY)
        trees.remove(root, tree)
        os.close(root)
    assert list(tmp_path.iterdir()) == []


def test_removing_follows_no_link(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept/file").touch()
    (tmp_path / "tree/b/c").mkdir(parents=True)
    (tmp_path / "tree/a").mkdir()
    (tmp_path / "tree/b/link").symlink_to(tmp_path / "kept")
    root = os.open(tmp_path, os.O_RDONLY)
    trees.remove(root, "tree")
    os.close(root)
    assert [p.name for p in tmp_path.iterdir()] == ["kept"] and (tmp_path / "kept/file").exists()


def test_a_file_that_goes_meanwhile_is_left_out(tmp_path: Path) -> None:
    for name in "abc":
        (tmp_path / name).write_text(name)
    out: list[bytes] = []

    def write(data: bytes) -> None:
        (tmp_path / "c").unlink(missing_ok=True)
        out.append(data)

    write_tree(str(tmp_path), write)
    assert names_of(b"".join(out)) == ["a", "b"]


def test_a_file_swapped_for_a_link_gives_nothing_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "host").write_text("secret")
    (tmp_path / "upper").mkdir()
    file = tmp_path / "upper/file"
    file.write_text("mine")
    lstat = os.lstat

    def swapping(path: str) -> os.stat_result:
        found = lstat(path)
        if path == str(file) and not file.is_symlink():
            file.unlink()
            file.symlink_to(tmp_path / "host")
            swapping.done = True  # type: ignore[attr-defined]
        return found

    # the second look of write_layer at the path sees a file, its open a link
    monkeypatch.setattr("barque.layers.create.os.lstat", swapping)
    out: list[bytes] = []
    from barque.layers import create

    create._entry(str(tmp_path / "upper"), "file", "file", out.append, {})
    assert swapping.done and b"secret" not in b"".join(out)  # type: ignore[attr-defined]
    monkeypatch.undo()
    write_layer(str(tmp_path / "upper"), out.append)
    assert b"secret" not in b"".join(out)
