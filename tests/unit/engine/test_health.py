"""HEALTHCHECK's words, states and times."""

from __future__ import annotations

from typing import Any

import pytest

from barque.engine.health import SECOND, Check, check_of, judge, pause_before


@pytest.mark.parametrize(
    ("test", "shell", "wanted"),
    [
        ([], None, None),
        (["NONE"], None, None),
        (["CMD", "a", "b"], None, ["a", "b"]),
        (["CMD-SHELL", "a || b"], None, ["/bin/sh", "-c", "a || b"]),
        (["CMD-SHELL", "a"], ["/bin/bash", "-ec"], ["/bin/bash", "-ec", "a"]),
    ],
)
def test_command(test: list[str], shell: list[str] | None, wanted: list[str] | None) -> None:
    check = check_of({"Healthcheck": {"Test": test}, "Shell": shell})
    assert (check.command if check else None) == wanted


def test_defaults_are_dockers() -> None:
    check = check_of({"Healthcheck": {"Test": ["CMD", "x"], "Interval": 0}})
    assert check == Check(["x"], 30 * SECOND, 30 * SECOND, 0, 5 * SECOND, 3)
    assert check_of({}) is None


@pytest.mark.parametrize(
    ("codes", "ages", "statuses", "streak"),
    [
        ([0], [99], ["healthy"], 0),
        ([1, 1], [99, 99], ["", "unhealthy"], 2),
        ([1, 0], [99, 99], ["", "healthy"], 0),
        ([0, 1, 1, 0], [99] * 4, ["healthy", "", "unhealthy", "healthy"], 0),
        ([1, 1, 1], [1, 2, 3], ["", "", ""], 0),
        ([1, 1, 1], [1, 99, 99], ["", "", "unhealthy"], 2),
        ([0, 1, 1], [1, 2, 3], ["healthy", "", "unhealthy"], 2),
    ],
)
def test_states(codes: list[int], ages: list[int], statuses: list[str], streak: int) -> None:
    check = Check(["x"], start_period=10, retries=2)
    health: dict[str, Any] = {"Status": "starting", "FailingStreak": 0, "Log": []}
    found = [judge(health, check, {"ExitCode": code}, age) for code, age in zip(codes, ages, strict=True)]
    assert (found, health["FailingStreak"]) == (statuses, streak)


def test_the_last_five_results_are_kept() -> None:
    health: dict[str, Any] = {"Status": "starting", "FailingStreak": 0, "Log": []}
    for code in range(8):
        judge(health, Check(["x"]), {"ExitCode": code}, 0)
    assert [entry["ExitCode"] for entry in health["Log"]] == [3, 4, 5, 6, 7]


@pytest.mark.parametrize(
    ("status", "age", "seconds"), [("starting", 5, 1.0), ("starting", 10, 20.0), ("healthy", 5, 20.0)]
)
def test_pause(status: str, age: int, seconds: float) -> None:
    check = Check(["x"], interval=20 * SECOND, start_interval=SECOND, start_period=10)
    assert pause_before({"Status": status}, check, age) == seconds
