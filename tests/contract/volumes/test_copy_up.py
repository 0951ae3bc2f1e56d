"""Copy-up through the supervisor's handler, in a process of its own with a mounted root file system."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from barque.volumes.worker import serve_copy_up
from barque.wire import lines

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


def ask(request: dict[str, object]) -> dict[str, object]:
    ours, theirs = socket.socketpair()
    ours.settimeout(30)
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            serve_copy_up(request, theirs)
            code = 0
        except BaseException as error:
            theirs.sendall(lines.failed(error))
        finally:
            os._exit(code)
    theirs.close()
    try:
        return lines.result(lines.read_line(ours))
    finally:
        os.waitpid(pid, 0)
        ours.close()


def test_the_images_files_arrive_and_the_mount_does_not_stay(tmp_path: Path) -> None:
    image, rootfs, volume = tmp_path / "image", tmp_path / "rootfs", tmp_path / "volume"
    for directory in (image / "data" / "sub", rootfs, volume):
        directory.mkdir(parents=True)
    (image / "data" / "sub" / "file").write_text("from the image")
    os.chown(image / "data", 7, 8)
    (image / "out").symlink_to("/../../../../etc")
    mounts = [{"type": "bind", "source": str(image), "target": "", "options": ["rbind", "ro"]}]
    copies = [
        {"from": "/data", "to": str(volume)},
        {"from": "/absent", "to": str(volume)},
        {"from": "/out", "to": str(volume)},
    ]
    assert ask({"rootfs": str(rootfs), "mounts": mounts, "copies": copies}) == {"copied": [str(volume)]}
    assert (volume / "sub" / "file").read_text() == "from the image"
    assert (volume.stat().st_uid, volume.stat().st_gid) == (7, 8)
    assert os.listdir(rootfs) == []


def test_a_link_cannot_lead_out_of_the_root(tmp_path: Path) -> None:
    rootfs, volume, outside = tmp_path / "rootfs", tmp_path / "volume", tmp_path / "outside"
    for directory in (rootfs, volume, outside):
        directory.mkdir()
    (outside / "secret").write_text("host")
    (rootfs / "data").symlink_to(outside)
    copies = [{"from": "/data", "to": str(volume)}]
    assert ask({"rootfs": str(rootfs), "mounts": [], "copies": copies}) == {"copied": []}
    assert os.listdir(volume) == []
