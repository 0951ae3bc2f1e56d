"""One suite for both snapshotters."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from barque.errors import BarqueError, Conflict, NotFound
from barque.linux import mounts
from barque.snapshots import OverlaySnapshotter, Snapshotter, VfsSnapshotter
from barque.state import Database

root_only = pytest.mark.skipif(os.geteuid() != 0, reason="needs root: mounts")


@pytest.fixture(params=[OverlaySnapshotter, VfsSnapshotter])
def snapshots(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Snapshotter]:
    db = Database(str(tmp_path / "state.db"))
    yield request.param(db, str(tmp_path / "snapshots"))
    db.close()


def layer(snapshots: Snapshotter, name: str, parent: str | None, **files: str) -> None:
    snapshots.prepare("filling", parent, {})
    for file, text in files.items():
        Path(snapshots.layer_dir("filling"), file).write_text(text)
    snapshots.commit(name, "filling")


def test_the_life_of_a_snapshot(snapshots: Snapshotter) -> None:
    layer(snapshots, "base", None, a="1")
    snapshots.prepare("c", "base", {})
    with pytest.raises(Conflict):
        snapshots.prepare("c", "base", {})
    with pytest.raises(Conflict):
        snapshots.remove("base")
    with pytest.raises(NotFound):
        snapshots.prepare("d", "missing", {})
    with pytest.raises(Conflict):
        snapshots.prepare("d", "c", {})
    assert sorted(snapshots.walk()) == ["base", "c"]
    snapshots.remove("c")
    snapshots.remove("base")
    assert list(snapshots.walk()) == [] and os.listdir(snapshots.root) == []


@pytest.mark.parametrize("depth", [0, 1500])
def test_what_has_no_record_is_swept(snapshots: Snapshotter, tmp_path: Path, depth: int) -> None:
    os.mkdir(snapshots.directory(77))
    here = os.open(snapshots.directory(77), os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("a", dir_fd=here)
        below = os.open("a", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    db = Database(str(tmp_path / "state.db"))
    type(snapshots)(db, snapshots.root)
    db.close()
    assert os.listdir(snapshots.root) == []


def test_after_a_failure_the_next_one_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    db = Database(str(tmp_path / "state.db"))
    snapshots = VfsSnapshotter(db, str(tmp_path / "snapshots"))
    layer(snapshots, "base", None, a="1")
    with monkeypatch.context() as patched:
        failed = subprocess.CompletedProcess([], 1, "", "No space left on device")
        patched.setattr(subprocess, "run", lambda *_, **__: failed)
        with pytest.raises(BarqueError):
            snapshots.prepare("c", "base", {})
    snapshots.prepare("c", "base", {})
    assert Path(snapshots.layer_dir("c"), "a").read_text() == "1"
    db.close()


@root_only
@pytest.mark.parametrize("layers", [1, 2, 127])
def test_layers_are_seen_through_the_mount(snapshots: Snapshotter, tmp_path: Path, layers: int) -> None:
    parent = None
    for number in range(layers):
        layer(snapshots, f"l{number}", parent, top=str(number), **{f"f{number}": "x"})
        parent = f"l{number}"
    snapshots.prepare("c", parent, {})
    target = tmp_path / "rootfs"
    target.mkdir()
    pid = os.fork()
    if pid == 0:  # in a mount namespace that goes with it
        code = 1
        try:
            from barque.linux import clone, libc

            libc.unshare(clone.CLONE_NEWNS)
            libc.mount("", "/", None, mounts.MS_PRIVATE | mounts.MS_REC)
            for mount in snapshots.mounts("c"):
                mounts.perform(mount.to_json(), str(target))
            whole = {f"f{number}" for number in range(layers)} | {"top"}
            same = set(os.listdir(target)) == whole and (target / "top").read_text() == str(layers - 1)
            (target / "new").write_text("y")
            code = 0 if same else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert Path(snapshots.layer_dir("c"), "new").read_text() == "y"
