"""The flag parser against pflag's rules and texts."""

from __future__ import annotations

import pytest

from barque.cli.body.flags import CREATE
from barque.cli.failure import FlagFailure
from barque.cli.flags import parse

TABLE = (
    ("all", "a", "bool", False, "x"),
    ("name", "n", "string", "", "x"),
    ("env", "e", "list", (), "x"),
    ("count", "c", "int", 0, "x"),
    ("memory", "m", "bytes", 0, "x"),
    ("wait", "", "duration", 0, "x"),
    ("cpus", "", "decimal", 0, "x"),
    ("net", "", "=name", "", ""),
    ("on", "", "bool", True, "x"),
)


@pytest.mark.parametrize(
    ("words", "options", "arguments"),
    [
        (["-a", "x"], {"all": True}, ["x"]),
        (["x", "-a", "y"], {"all": True}, ["x", "y"]),
        (["-an", "v"], {"all": True, "name": "v"}, []),
        (["-nv", "-ea=1", "-e", "b", "--env=c=d"], {"name": "v", "env": ["a=1", "b", "c=d"]}, []),
        (["-n=v"], {"name": "v"}, []),
        (["--all=false", "--on=0"], {"all": False, "on": False}, []),
        (["--", "-a"], {"all": False}, ["-a"]),
        (["x", "--", "-a"], {"all": False}, ["x", "-a"]),
        (["-", "-a"], {"all": True}, ["-"]),
        (["--net", "v"], {"name": "v"}, []),
        (
            ["-m1.5g", "--wait", "1m30s", "--cpus", "1.5"],
            {"memory": 1610612736, "wait": 90 * 10**9, "cpus": 15 * 10**8},
            [],
        ),
        (["-m", "-1"], {"memory": -1}, []),
        (["--name", "--all"], {"name": "--all", "all": False}, []),
        (["-c-5"], {"count": -5}, []),
    ],
)
def test_accepted(words: list[str], options: dict[str, object], arguments: list[str]) -> None:
    found, rest = parse(TABLE, words)
    assert {name: found[name] for name in options} == options
    assert rest == arguments


def test_flags_end_at_the_first_argument_when_not_interspersed() -> None:
    found, rest = parse(TABLE, ["-a", "img", "-n", "--all"], interspersed=False)
    assert (found["all"], found["name"], rest) == (True, "", ["img", "-n", "--all"])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--foo"], "unknown flag: --foo"),
        (["-x"], "unknown shorthand flag: 'x' in -x"),
        (["-ax"], "unknown shorthand flag: 'x' in -ax"),
        (["--name"], "flag needs an argument: --name"),
        (["-an"], "flag needs an argument: 'n' in -an"),
        (["--=x"], "bad flag syntax: --=x"),
        (["-c", "x"], 'invalid argument "x" for "-c, --count" flag: strconv.ParseInt: parsing "x": invalid syntax'),
        (["--all=x"], 'invalid argument "x" for "-a, --all" flag: strconv.ParseBool: parsing "x": invalid syntax'),
        (["-m", "x"], 'invalid argument "x" for "-m, --memory" flag: invalid size: \'x\''),
        (["--wait", "3"], 'invalid argument "3" for "--wait" flag: time: missing unit in duration "3"'),
        (["--cpus", "x"], 'invalid argument "x" for "--cpus" flag: failed to parse x as a rational number'),
    ],
)
def test_refused(words: list[str], message: str) -> None:
    with pytest.raises(FlagFailure) as caught:
        parse(TABLE, words)
    assert caught.value.message == message
    assert caught.value.code == 125


def test_help_is_not_an_unknown_flag() -> None:
    assert "help" in parse(TABLE, ["--help"])[0].changed
    assert "help" in parse(TABLE, ["-h"])[0].changed
    assert parse(CREATE, ["-h", "box", "img"])[0]["hostname"] == "box"


def test_names_and_letters_of_create_are_unique() -> None:
    names = [flag[0] for flag in CREATE]
    letters = [flag[1] for flag in CREATE if flag[1]]
    assert len(names) == len(set(names))
    assert len(letters) == len(set(letters))
    assert all(flag[2][1:] in names for flag in CREATE if flag[2].startswith("="))
