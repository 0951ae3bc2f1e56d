"""A volume is a volume for ``cp``, whether its container runs or not."""

from __future__ import annotations

from pathlib import Path

from conftest import EngineUnderTest


def test_cp_reaches_the_volume_of_a_stopped_container(engine: EngineUnderTest, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("kept")
    try:
        engine.docker("create", "--name", "holder", "-v", "copied:/data", "busybox", "true").check_returncode()
        engine.docker("start", "-a", "holder").check_returncode()
        engine.docker("cp", str(tmp_path / "file"), "holder:/data/file").check_returncode()
        seen = engine.docker("run", "--rm", "-v", "copied:/data", "busybox", "cat", "/data/file")
        assert seen.stdout == b"kept"
        engine.docker("cp", "holder:/data/file", str(tmp_path / "back")).check_returncode()
        assert (tmp_path / "back").read_text() == "kept"
    finally:
        engine.docker("rm", "-f", "holder")
        engine.docker("volume", "rm", "copied")
