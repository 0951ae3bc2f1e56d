from __future__ import annotations

import os
from pathlib import Path

import pytest

from barque.errors import BarqueError, Conflict, InvalidArgument, NotFound
from barque.model.mount import Mount
from barque.state import Database
from barque.volumes import VolumeStore, copy_up, resolve_subpath
from barque.volumes.options import check_name, check_options, mount_of


@pytest.fixture
def store(tmp_path: Path) -> VolumeStore:
    return VolumeStore(Database(str(tmp_path / "state.db")), str(tmp_path / "volumes"))


def test_create_is_idempotent_and_survives_a_new_store(store: VolumeStore, tmp_path: Path) -> None:
    volume, made = store.create("cache", labels={"a": "b"})
    assert made and os.path.isdir(volume.mountpoint)
    assert store.create("cache") == (volume, False)
    again = VolumeStore(Database(str(tmp_path / "state.db")), str(tmp_path / "volumes"))
    assert again.get("cache") == volume
    assert again.get("cache").to_json()["Labels"] == {"a": "b"}


def test_without_a_name_it_is_anonymous(store: VolumeStore) -> None:
    volume, _ = store.create()
    assert len(volume.name) == 64 and int(volume.name, 16) >= 0
    assert volume.labels == {"com.docker.volume.anonymous": ""}
    assert volume.anonymous and not store.create("named")[0].anonymous


@pytest.mark.parametrize("name", ["a", "-ab", ".ab", "a/b", "a b", "../x", "ä1"])
def test_bad_names(name: str) -> None:
    with pytest.raises(InvalidArgument, match="volume name"):
        check_name(name)


@pytest.mark.parametrize("name", ["ab", "A1", "a.b", "a_b-c", "0" * 64])
def test_good_names(name: str) -> None:
    check_name(name)


def test_other_options_or_another_driver_are_refused(store: VolumeStore) -> None:
    store.create("opt", options={"type": "tmpfs", "device": "tmpfs"})
    with pytest.raises(Conflict, match="already exists"):
        store.create("opt", options={"type": "tmpfs", "device": "tmpfs", "o": "size=1m"})
    with pytest.raises(NotFound, match='plugin "nope" not found'):
        store.create("x1", driver="nope")
    with pytest.raises(NotFound, match="no such volume"):
        store.get("x1")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"bogus": "1"}, 'invalid option: "bogus"'),
        ({"type": "nfs"}, 'missing required option: "device"'),
        ({"device": "/x"}, 'missing required option: "type"'),
    ],
)
def test_half_a_mount_is_refused(options: dict[str, str], words: str) -> None:
    with pytest.raises(InvalidArgument, match=words):
        check_options(options)


@pytest.mark.parametrize(
    ("options", "mount"),
    [
        ({}, None),
        ({"size": "1g"}, None),
        (
            {"type": "tmpfs", "device": "tmpfs", "o": "size=1m,uid=5"},
            Mount("tmpfs", "tmpfs", "/v", ("size=1m", "uid=5")),
        ),
        ({"type": "none", "device": "/src", "o": "bind"}, Mount("none", "/src", "/v", ("bind",))),
        (
            {"type": "nfs", "device": ":/e", "o": "addr=127.0.0.1,rw"},
            Mount("nfs", ":/e", "/v", ("addr=127.0.0.1", "rw")),
        ),
    ],
)
def test_what_the_options_mount(options: dict[str, str], mount: Mount | None) -> None:
    check_options(options)
    assert mount_of(options, "/v") == mount


def test_a_volume_in_use_stays(store: VolumeStore) -> None:
    store.create("data")
    store.refer("data", "c1")
    store.refer("data", "c2")
    assert store.used() == {"data"}
    with pytest.raises(Conflict, match=r"remove data: volume is in use - \[c1, c2\]"):
        store.remove("data")
    with pytest.raises(Conflict):
        store.remove("data", force=True)
    assert store.release("c1") == store.release("c2") == []
    assert store.users("data") == []
    assert store.remove("data") is not None
    assert not os.path.exists(os.path.join(store.root, "data"))


def test_remove_of_nothing(store: VolumeStore) -> None:
    with pytest.raises(NotFound, match="get nope: no such volume"):
        store.remove("nope")
    assert store.remove("nope", force=True) is None


def test_recover_removes_only_what_has_no_record(store: VolumeStore) -> None:
    store.create("kept")
    os.makedirs(os.path.join(store.root, "half", "_data"))
    assert store.recover() == ["half"]
    assert sorted(os.listdir(store.root)) == ["kept"]


def test_size_counts_hard_links_once(store: VolumeStore) -> None:
    volume, _ = store.create("sized")
    Path(volume.mountpoint, "a").write_bytes(b"x" * 1000)
    os.link(f"{volume.mountpoint}/a", f"{volume.mountpoint}/b")
    Path(volume.mountpoint, "c").write_bytes(b"y" * 24)
    assert store.size("sized") == 1024


def test_copy_up_keeps_modes_links_and_times(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    (source / "sub").mkdir(parents=True)
    target.mkdir()
    (source / "sub" / "file").write_text("hello")
    (source / "sub" / "file").chmod(0o4751)
    os.link(source / "sub" / "file", source / "again")
    (source / "link").symlink_to("/etc/passwd")
    os.mkfifo(source / "pipe")
    os.utime(source / "sub" / "file", ns=(5, 7))
    source.chmod(0o1777)
    assert copy_up(str(source), str(target))
    assert (target / "sub" / "file").read_text() == "hello"
    assert (target / "sub" / "file").stat().st_mode & 0o7777 == 0o4751
    assert (target / "sub" / "file").stat().st_mtime_ns == 7
    assert (target / "again").stat().st_ino == (target / "sub" / "file").stat().st_ino
    assert os.readlink(target / "link") == "/etc/passwd"
    assert (target / "pipe").is_fifo()
    assert target.stat().st_mode & 0o7777 == 0o1777


def test_copy_up_leaves_a_used_volume_alone(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.mkdir()
    target.mkdir()
    (source / "a").write_text("image")
    (target / "b").write_text("mine")
    assert not copy_up(str(source), str(target))
    assert [entry.name for entry in target.iterdir()] == ["b"]
    assert not copy_up(str(tmp_path / "absent"), str(target))


def test_subpaths_stay_inside(tmp_path: Path) -> None:
    (tmp_path / "volume" / "in").mkdir(parents=True)
    (tmp_path / "volume" / "ok").symlink_to("in")
    (tmp_path / "volume" / "out").symlink_to("/etc")
    (tmp_path / "volume" / "up").symlink_to("../outside")
    root = str(tmp_path / "volume")
    assert resolve_subpath(root, "in") == resolve_subpath(root, "ok") == f"{root}/in"
    for bad in ("out", "up", "/in", "../x", "in/../../x"):
        with pytest.raises(InvalidArgument):
            resolve_subpath(root, bad)
    with pytest.raises(NotFound):
        resolve_subpath(root, "absent")


def test_every_refusal_is_a_kind(store: VolumeStore) -> None:
    with pytest.raises(BarqueError):
        store.remove("")
