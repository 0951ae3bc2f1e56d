"""Frames, detach keys, references, ports: what bytes and strings mean."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from barque.cli.body import csvline
from barque.cli.container.columns import ports
from barque.cli.container.cp import split as split_argument
from barque.cli.container.stats import cpu_percent, memory_used
from barque.cli.failure import Failure
from barque.cli.frames import Splitter
from barque.cli.image import reference
from barque.cli.image.pull import split
from barque.cli.progress import bar
from barque.cli.registry import credentials
from barque.cli.terminal import DetachScanner, detach_keys


def frame(stream: int, data: bytes) -> bytes:
    return bytes([stream, 0, 0, 0]) + len(data).to_bytes(4, "big") + data


@given(st.lists(st.tuples(st.sampled_from([1, 2]), st.binary(max_size=50)), max_size=8), st.integers(1, 20))
def test_frames_come_out_however_they_are_cut(frames: list[tuple[int, bytes]], step: int) -> None:
    stream = b"".join(frame(number, data) for number, data in frames)
    splitter = Splitter()
    out: dict[int, bytes] = {1: b"", 2: b""}
    for start in range(0, len(stream), step):
        for descriptor, payload in splitter.feed(stream[start : start + step]):
            out[descriptor] += payload
    for number in (1, 2):
        assert out[number] == b"".join(data for stream_number, data in frames if stream_number == number)


def test_bad_frames() -> None:
    with pytest.raises(Failure, match="unrecognized stream: 72"):
        list(Splitter().feed(b"HTTP/1.1 200"))
    with pytest.raises(Failure, match="error from daemon in stream: oh"):
        list(Splitter().feed(frame(3, b"oh")))


def test_detach_keys_are_read() -> None:
    assert detach_keys("") == b"\x10\x11"
    assert detach_keys("a,ctrl-@,ctrl-\\,ctrl-_") == b"a\x00\x1c\x1f"
    with pytest.raises(Failure, match="invalid detach keys"):
        detach_keys("ctrl-$")


@pytest.mark.parametrize(
    ("pieces", "passed", "detached"),
    [
        ([b"ls\n"], b"ls\n", False),
        ([b"x\x10\x11y"], b"x", True),
        ([b"\x10", b"\x11"], b"", True),
        ([b"\x10", b"a"], b"\x10a", False),
        ([b"\x10\x10\x11"], b"\x10", True),
    ],
)
def test_detaching(pieces: list[bytes], passed: bytes, detached: bool) -> None:
    scanner = DetachScanner(b"\x10\x11")
    assert b"".join(scanner.feed(piece) for piece in pieces) == passed
    assert scanner.detached is detached


@pytest.mark.parametrize(
    "name", ["a", "a/b", "a:b", "host:5000/a/b:tag", "a__b--c.d", "localhost/x", "a@sha256:" + "0" * 64, "A.io/x"]
)
def test_references_accepted(name: str) -> None:
    reference.check(name)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Foo", "invalid reference format: repository name (library/Foo) must be lowercase"),
        ("a b", "invalid reference format"),
        ("a:", "invalid reference format"),
        ("", "invalid reference format"),
        ("a..b", "invalid reference format"),
        ("-a", "invalid reference format"),
        ("a:t:u", "invalid reference format"),
        ("a@b", "invalid reference format"),
        ("0" * 64, "invalid reference format: cannot specify 64-byte hexadecimal strings"),
    ],
)
def test_references_refused(name: str, message: str) -> None:
    with pytest.raises(Failure) as caught:
        reference.check(name)
    assert caught.value.message == message


def test_names_are_split_at_the_tag() -> None:
    assert split("h:5000/a") == ("h:5000/a", "")
    assert split("h:5000/a:t") == ("h:5000/a", "t")
    assert split("a@sha256:0") == ("a", "sha256:0")
    assert split("a:t@sha256:0") == ("a", "sha256:0")


def test_copy_arguments() -> None:
    assert split_argument("box:/x") == ("box", "/x")
    assert split_argument("./a:b") == ("", "./a:b")
    assert split_argument("/a:b") == ("", "/a:b")
    assert split_argument("plain") == ("", "plain")


def test_csv_fields() -> None:
    assert csvline.fields('a=1,"b=2,3",c') == ["a=1", "b=2,3", "c"]
    assert csvline.fields('"a""b"') == ['a"b']
    with pytest.raises(ValueError, match="parse error"):
        csvline.fields('a"b')


def test_ports_are_grouped() -> None:
    def port(private: int, public: int = 0, address: str = "") -> dict[str, object]:
        return {"PrivatePort": private, "PublicPort": public, "IP": address, "Type": "tcp"}

    assert (
        ports({"Ports": [port(80, 8080, "0.0.0.0"), port(80, 8080, "::")]}) == "0.0.0.0:8080->80/tcp, [::]:8080->80/tcp"
    )
    assert ports({"Ports": [port(80), port(81), port(83)]}) == "80-81/tcp, 83/tcp"
    assert ports({"Ports": [port(80, 80, "0.0.0.0"), port(81, 81, "0.0.0.0")]}) == "0.0.0.0:80-81->80-81/tcp"


def test_progress_bars() -> None:
    assert bar({"current": 50, "total": 100}, 200) == "[" + "=" * 25 + ">" + " " * 25 + "]      50B/100B"
    assert bar({"current": 2000}, 80) == "     2kB"
    assert bar({}, 80) == ""


def test_stats_arithmetic() -> None:
    sample = {
        "cpu_stats": {"cpu_usage": {"total_usage": 300}, "system_cpu_usage": 2000, "online_cpus": 2},
        "precpu_stats": {"cpu_usage": {"total_usage": 100}, "system_cpu_usage": 1000},
    }
    assert cpu_percent(sample) == pytest.approx(40.0)
    assert cpu_percent({}) == 0.0
    assert memory_used({"usage": 100, "stats": {"inactive_file": 30}}) == 70
    assert memory_used({"usage": 10, "stats": {"total_inactive_file": 30}}) == 10


def test_credential_keys() -> None:
    assert credentials.server_of("busybox") == credentials.HUB
    assert credentials.server_of("me/x") == credentials.HUB
    assert credentials.server_of("r.io:5000/x") == "r.io:5000"
    assert credentials.key_of("https://r.io/v2/") == "r.io"
    assert credentials.key_of("") == credentials.HUB
