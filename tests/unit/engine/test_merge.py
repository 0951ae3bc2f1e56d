"""A create request over an image's config, by Docker's rules."""

from __future__ import annotations

from typing import Any

import pytest

from barque.engine.merge import command, environment, merge
from barque.errors import InvalidArgument

ID = "0123456789abcdef" * 4
IMAGE = {"Entrypoint": ["/entry"], "Cmd": ["serve"]}
COMMANDS: list[tuple[dict[str, Any], dict[str, Any], list[str]]] = [
    ({}, IMAGE, ["/entry", "serve"]),
    ({"Cmd": ["other"]}, IMAGE, ["/entry", "other"]),
    ({"Entrypoint": ["/mine"]}, IMAGE, ["/mine"]),
    ({"Entrypoint": ["/mine"], "Cmd": ["x"]}, IMAGE, ["/mine", "x"]),
    ({"Entrypoint": [""], "Cmd": ["x"]}, IMAGE, ["x"]),
    ({"Entrypoint": [], "Cmd": ["x"]}, IMAGE, ["x"]),
    ({"Entrypoint": []}, IMAGE, ["serve"]),
    ({"Cmd": ["sh"]}, {}, ["sh"]),
]


@pytest.mark.parametrize(("request_", "image", "wanted"), COMMANDS)
def test_command(request_: dict[str, Any], image: dict[str, Any], wanted: list[str]) -> None:
    assert command(merge(request_, image, ID)) == wanted


@pytest.mark.parametrize("request_", [{}, {"Entrypoint": [""]}, {"Cmd": []}])
def test_nothing_to_run(request_: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgument, match="no command specified"):
        merge(request_, {}, ID)


def test_environment_of_the_request_wins_and_a_bare_name_removes() -> None:
    image = {"Cmd": ["sh"], "Env": ["PATH=/bin", "A=1", "B=2"]}
    config = merge({"Env": ["A=3", "B"]}, image, ID)
    assert config["Env"] == ["A=3", "B", "PATH=/bin"]
    assert environment(config, "h") == ["HOSTNAME=h", "A=3", "PATH=/bin"]


def test_default_path_and_term() -> None:
    assert environment({"Tty": True}, "h") == [
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOSTNAME=h",
        "TERM=xterm",
    ]
    assert environment({"Tty": True, "Env": ["TERM", "PATH=/x"]}, "h") == ["HOSTNAME=h", "PATH=/x"]


@pytest.mark.parametrize(
    ("name", "mine", "theirs", "wanted"),
    [
        ("User", "", "daemon", "daemon"),
        ("User", "root", "daemon", "root"),
        ("WorkingDir", "", "/srv", "/srv"),
        ("StopSignal", "", "SIGQUIT", "SIGQUIT"),
        ("Labels", {"a": "1"}, {"a": "0", "b": "2"}, {"a": "1", "b": "2"}),
        ("Volumes", {"/x": {}}, {"/y": {}}, {"/x": {}, "/y": {}}),
        ("ExposedPorts", None, {"80/tcp": {}}, {"80/tcp": {}}),
        ("Healthcheck", None, {"Test": ["CMD", "x"]}, {"Test": ["CMD", "x"]}),
        (
            "Healthcheck",
            {"Interval": 5},
            {"Test": ["CMD", "x"], "Interval": 9, "Retries": 2},
            {"Test": ["CMD", "x"], "Interval": 5, "Retries": 2},
        ),
        ("Healthcheck", {"Test": ["NONE"]}, {"Test": ["CMD", "x"]}, {"Test": ["NONE"]}),
    ],
)
def test_field(name: str, mine: Any, theirs: Any, wanted: Any) -> None:
    assert merge({"Cmd": ["sh"], name: mine}, {name: theirs}, ID)[name] == wanted


def test_hostname_is_the_short_id_unless_given() -> None:
    assert merge({"Cmd": ["sh"]}, {}, ID)["Hostname"] == ID[:12]
    assert merge({"Cmd": ["sh"], "Hostname": "h"}, {}, ID)["Hostname"] == "h"
