"""Instructions of ``--change``."""

from __future__ import annotations

import pytest

from barque.errors import InvalidArgument
from barque.images.changes import apply_changes


@pytest.mark.parametrize(
    ("change", "result"),
    [
        ('CMD ["a", "b"]', {"Cmd": ["a", "b"]}),
        ("cmd a b", {"Cmd": ["/bin/sh", "-c", "a b"]}),
        ('ENTRYPOINT ["x"]', {"Entrypoint": ["x"]}),
        ("ENV A=1 B=\"x y\" C='z'", {"Env": ["A=1", "B=x y", "C=z"]}),
        ("ENV A one two", {"Env": ["A=one two"]}),
        ("LABEL a=b", {"Labels": {"a": "b"}}),
        ("EXPOSE 80 53/udp 1-2", {"ExposedPorts": {"80/tcp": {}, "53/udp": {}, "1/tcp": {}, "2/tcp": {}}}),
        ("USER me:you", {"User": "me:you"}),
        ("VOLUME /a /b", {"Volumes": {"/a": {}, "/b": {}}}),
        ('VOLUME ["/a b"]', {"Volumes": {"/a b": {}}}),
        ("WORKDIR a/../b", {"WorkingDir": "/b"}),
        ("ONBUILD RUN x", {"OnBuild": ["RUN x"]}),
        ("STOPSIGNAL SIGQUIT", {"StopSignal": "SIGQUIT"}),
        ("HEALTHCHECK NONE", {"Healthcheck": {"Test": ["NONE"]}}),
        (
            "HEALTHCHECK --interval=1m30s --retries=2 CMD curl x",
            {"Healthcheck": {"Interval": 90 * 10**9, "Retries": 2, "Test": ["CMD-SHELL", "curl x"]}},
        ),
    ],
)
def test_each_instruction(change: str, result: dict[str, object]) -> None:
    assert apply_changes({}, [change]) == result


def test_changes_add_to_what_is_there_and_leave_the_given_config_alone() -> None:
    given = {"Env": ["A=1", "B=2"], "Labels": {"k": "v"}}
    assert apply_changes(given, ["ENV B=3", "LABEL l=w"]) == {"Env": ["A=1", "B=3"], "Labels": {"k": "v", "l": "w"}}
    assert given == {"Env": ["A=1", "B=2"], "Labels": {"k": "v"}}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("RUN x", "run is not a valid change command"),
        ("NONSENSE x", "unknown instruction: NONSENSE"),
        ("EXPOSE 99999", "Invalid containerPort: 99999"),
        ("ENV A", "ENV must have two arguments"),
        ("CMD", "CMD requires at least one argument"),
        ("ENV A='x", "quote"),
        ("ONBUILD ONBUILD RUN x", "Chaining ONBUILD"),
        ("HEALTHCHECK --interval=x CMD y", "invalid duration"),
        ("HEALTHCHECK TCP 80", "Unknown type"),
    ],
)
def test_bad_changes_are_refused(change: str, reason: str) -> None:
    with pytest.raises(InvalidArgument, match=reason):
        apply_changes({}, [change])
