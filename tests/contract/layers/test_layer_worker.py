"""The worker that makes a layer sees nothing but the directory it was given."""

from __future__ import annotations

import io
import os
import socket
import tarfile
from pathlib import Path

import pytest

from barque.layers.worker import HANDLERS

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root: mounts in a namespace of its own")


def names_of(data: bytes) -> list[str]:
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return tar.getnames()


def ask(op: str, **request: object) -> bytes:
    """Everything the handler sends, run in a fork as the supervisor does."""
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            ours.close()
            HANDLERS[op]({"op": op, **request}, theirs)
            code = 0
        finally:
            os._exit(code)
    theirs.close()
    ours.settimeout(20)
    data = b""
    while more := ours.recv(1 << 16):
        data += more
    ours.close()
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    return data


def test_a_layer_comes_from_its_directory(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d/file").write_text("x")
    os.mknod(tmp_path / "gone", 0o020000, 0)
    (tmp_path / "way").symlink_to("/etc")
    before = Path("/proc/self/mountinfo").read_text()
    head, _, tar = ask("layer", source=str(tmp_path)).partition(b"\n")
    assert head.startswith(b'{"ok"')
    assert names_of(tar) == ["d", "d/file", ".wh.gone", "way"]
    assert Path("/proc/self/mountinfo").read_text() == before


def test_the_host_is_out_of_sight(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "only").touch()
    look = "barque.layers.worker.write_layer"
    monkeypatch.setattr(look, lambda source, write: write(",".join(os.listdir("/")).encode()))
    assert ask("layer", source=str(tmp_path)).partition(b"\n")[2] == b"only"
    assert os.listdir("/") != ["only"]
