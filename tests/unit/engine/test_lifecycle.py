"""States, signals, restart policies."""

from __future__ import annotations

import pytest
from containers import container

from barque.engine import lifecycle
from barque.errors import BarqueError, Conflict, InvalidArgument, NotModified

REFUSED: list[tuple[str, str, type[BarqueError], str]] = [
    ("start", "running", NotModified, ""),
    ("start", "restarting", NotModified, ""),
    ("start", "paused", Conflict, "cannot start a paused container, try unpause instead"),
    ("start", "removing", Conflict, "container is marked for removal and cannot be started"),
    ("stop", "exited", NotModified, ""),
    ("kill", "exited", Conflict, "is not running"),
    ("pause", "paused", Conflict, "is already paused"),
    ("pause", "exited", Conflict, "is not running"),
    ("unpause", "running", Conflict, "is not paused"),
    ("exec", "exited", Conflict, "is not running"),
    ("exec", "paused", Conflict, "is paused, unpause the container before exec"),
    ("remove", "removing", Conflict, "is already in progress"),
    (
        "remove",
        "running",
        Conflict,
        'cannot remove container "/web": container is running: stop the container before removing or force remove',
    ),
    ("remove", "paused", Conflict, "container is paused: unpause and then stop the container before removing"),
]


@pytest.mark.parametrize(("verb", "status", "kind", "words"), REFUSED)
def test_refused(verb: str, status: str, kind: type[BarqueError], words: str) -> None:
    with pytest.raises(kind) as caught:
        lifecycle.check(container(status=status), verb)
    assert words in caught.value.message


@pytest.mark.parametrize(
    ("verb", "status"), [(verb, status) for verb, statuses in lifecycle.ALLOWED.items() for status in statuses]
)
def test_allowed(verb: str, status: str) -> None:
    lifecycle.check(container(status=status), verb)


@pytest.mark.parametrize(
    ("word", "number"),
    [("KILL", 9), ("SIGKILL", 9), ("kill", 9), ("9", 9), ("SIGTERM", 15), ("RTMIN+3", 37), ("SIGRTMAX-1", 63)],
)
def test_signal(word: str, number: int) -> None:
    assert lifecycle.signal_number(word) == number


@pytest.mark.parametrize("word", ["0", "65", "SIGNOTHING", "", "-1", "RTMIN+x"])
def test_invalid_signal(word: str) -> None:
    with pytest.raises(InvalidArgument, match=r"(?i)invalid signal"):
        lifecycle.signal_number(word)


@pytest.mark.parametrize(
    ("policy", "most", "code", "count", "by_user", "again"),
    [
        ("no", 0, 1, 0, False, False),
        ("", 0, 1, 0, False, False),
        ("always", 0, 0, 50, False, True),
        ("always", 0, 0, 0, True, False),
        ("unless-stopped", 0, 0, 0, False, True),
        ("unless-stopped", 0, 137, 0, True, False),
        ("on-failure", 0, 1, 99, False, True),
        ("on-failure", 0, 0, 0, False, False),
        ("on-failure", 2, 1, 1, False, True),
        ("on-failure", 2, 1, 2, False, False),
        ("on-failure", 0, 1, 0, True, False),
    ],
)
def test_restart(policy: str, most: int, code: int, count: int, by_user: bool, again: bool) -> None:
    host = {"RestartPolicy": {"Name": policy, "MaximumRetryCount": most}}
    subject = container(host=host, status="running", restart_count=count, stopped_by_user=by_user)
    assert lifecycle.should_restart(subject, code) is again


def test_backoff_doubles_from_100_ms_to_a_minute() -> None:
    assert [lifecycle.backoff(n) for n in (0, 1, 2, 9, 10, 500)] == [0.1, 0.2, 0.4, 51.2, 60.0, 60.0]
