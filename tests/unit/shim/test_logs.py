"""The log writer and reader, on real files."""

from __future__ import annotations

import json
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from barque.engine.log_reader import Follower, read
from barque.shim.logs.writer import PARTIAL, Writer
from barque.wire import json_log


def texts(path: Path, **options: int) -> list[bytes]:
    return [entry.data for entry in read(str(path), **options)]


def test_lines_are_written_when_they_end(tmp_path: Path) -> None:
    writer = Writer(str(tmp_path / "log"))
    writer.write(1, b"one\ntw")
    assert texts(tmp_path / "log") == [b"one\n"]
    writer.write(2, b"err\n")
    writer.write(1, b"o\n")
    assert [(e.data, e.stream) for e in read(str(tmp_path / "log"))] == [
        (b"one\n", "stdout"),
        (b"err\n", "stderr"),
        (b"two\n", "stdout"),
    ]
    writer.write(1, b"no end")
    writer.close()
    assert texts(tmp_path / "log")[-1] == b"no end"


def test_long_lines_come_in_pieces_of_sixteen_kib(tmp_path: Path) -> None:
    writer = Writer(str(tmp_path / "log"))
    writer.write(1, b"x" * (2 * PARTIAL + 5) + b"\n")
    assert [len(t) for t in texts(tmp_path / "log")] == [PARTIAL, PARTIAL, 6]


@settings(max_examples=60)
@given(st.lists(st.binary(max_size=400), max_size=8))
def test_the_fast_way_writes_what_the_slow_way_does(tmp_path_factory: object, chunks: list[bytes]) -> None:
    path = Path(tmp_path_factory.mktemp("log")) / "log"  # type: ignore[attr-defined]
    writer = Writer(str(path))
    for chunk in chunks:
        writer.write(1, chunk)
    writer.close()
    expected = b"".join(chunks).split(b"\n")
    rows = [line + b"\n" for line in expected[:-1]] + ([expected[-1]] if expected[-1] else [])
    found = [json.loads(line)["log"] for line in path.read_bytes().splitlines()]
    assert found == [row.decode("utf-8", "replace") for row in rows]


def test_attrs_stand_before_the_time(tmp_path: Path) -> None:
    writer = Writer(str(tmp_path / "log"), attrs='{"a":"b"}')
    writer.write(1, b"plain\n")
    writer.write(1, b'"quoted"\n')
    assert [entry.attrs for entry in read(str(tmp_path / "log"))] == [{"a": "b"}] * 2


def test_rotation_keeps_so_many_files_and_tail_reads_over_them(tmp_path: Path) -> None:
    writer = Writer(str(tmp_path / "log"), max_size=400, max_file=3, compress=True)
    for number in range(30):
        writer.write(1, f"line {number}\n".encode())
    writer.close()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["log", "log.1.gz", "log.2.gz"]
    kept = texts(tmp_path / "log")
    assert kept == [f"line {n}\n".encode() for n in range(30 - len(kept), 30)]
    assert texts(tmp_path / "log", tail=7) == kept[-7:]
    assert texts(tmp_path / "log", tail=0) == []


def test_since_and_until(tmp_path: Path) -> None:
    rows = [json_log.encode(f"{n}\n".encode(), "stdout", json_log.timestamp(n * 10**9)) for n in range(1, 6)]
    (tmp_path / "log").write_bytes(b"".join(rows))
    assert texts(tmp_path / "log", since=2, until=4) == [b"2\n", b"3\n", b"4\n"]
    assert texts(tmp_path / "log", since=4, tail=10) == [b"4\n", b"5\n"]


def test_a_follower_sees_what_comes_over_a_rotation(tmp_path: Path) -> None:
    writer = Writer(str(tmp_path / "log"), max_size=200, max_file=2)
    writer.write(1, b"before\n")
    follower = Follower(str(tmp_path / "log"))
    seen = []
    for number in range(6):
        writer.write(1, f"line {number}\n".encode())
        seen += [entry.data for entry in follower.more()]
    follower.close()
    writer.close()
    assert seen == [f"line {number}\n".encode() for number in range(6)]
