"""SIGHUP: what is taken on without a restart, what is refused, and who hears of it."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import EngineUnderTest, until


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "daemon.json"
    path.write_text("{}")
    return path


@pytest.fixture
def configured(file: Path) -> Iterator[EngineUnderTest]:
    made = EngineUnderTest("--config-file", str(file))
    try:
        made.start()
        yield made
        file.write_text("{}")  # with live-restore its end would leave everything running
        hang_up(made)
        until(lambda: not info(made)["LiveRestoreEnabled"])
    finally:
        made.stop()


def info(engine: EngineUnderTest) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(engine.ok("info", "--format", "{{json .}}"))
    return value


def hang_up(engine: EngineUnderTest) -> None:
    assert engine.process is not None
    engine.process.send_signal(signal.SIGHUP)


def test_settings_are_taken_on_while_containers_run(configured: EngineUnderTest, file: Path) -> None:
    container = configured.ok("run", "-d", "busybox", "sleep", "1000")
    before = info(configured)
    assert (before["Labels"], before["Debug"], before["LiveRestoreEnabled"]) == ([], False, False)
    since = time.time()
    file.write_text(
        json.dumps(
            {"labels": ["a=b"], "debug": True, "live-restore": True, "insecure-registries": ["registry.example:5"]}
        )
    )
    hang_up(configured)
    until(lambda: info(configured)["Labels"] == ["a=b"])
    after = info(configured)
    assert (after["Debug"], after["LiveRestoreEnabled"]) == (True, True)
    assert "registry.example:5" in after["RegistryConfig"]["IndexConfigs"]
    told = configured.ok(
        "events",
        "--since",
        f"{since:.6f}",
        "--until",
        f"{time.time():.6f}",
        "--filter",
        "type=daemon",
        "--format",
        "{{json .}}",
    )
    event = json.loads(told)
    assert event["Action"] == "reload"
    assert event["Actor"]["Attributes"]["labels"] == '["a=b"]'
    assert event["Actor"]["Attributes"]["live-restore"] == "true"
    assert configured.ok("exec", container, "echo", "on") == "on"


def test_what_makes_no_sense_changes_nothing(configured: EngineUnderTest, file: Path) -> None:
    file.write_text('{"labels": ["a=b"], "no-such-thing": 1}')
    hang_up(configured)
    until(lambda: "no-such-thing" in configured.tail())
    assert "Error reconfiguring the daemon" in configured.tail()
    assert info(configured)["Labels"] == []
    file.write_text("{")
    hang_up(configured)
    until(lambda: configured.tail().count("Error reconfiguring") == 2)
    assert configured.ok("run", "--rm", "busybox", "echo", "on") == "on"
