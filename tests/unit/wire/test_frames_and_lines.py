"""Local protocol and Docker's stream framing."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from barque.errors import Conflict, NotFound, StartError, Unavailable
from barque.wire import json_log, lines
from barque.wire.frames import Splitter, frame


def test_a_frame_is_a_header_and_its_bytes() -> None:
    assert frame(2, b"abc") == b"\x02\0\0\0\0\0\0\x03abc"


@given(st.lists(st.tuples(st.sampled_from([1, 2]), st.binary(max_size=300)), max_size=20), st.integers(1, 50))
def test_split_anywhere_frames_come_back(pieces: list[tuple[int, bytes]], step: int) -> None:
    data = b"".join(frame(stream, piece) for stream, piece in pieces)
    splitter = Splitter()
    out = [found for start in range(0, len(data), step) for found in splitter.feed(data[start : start + step])]
    assert out == pieces


@pytest.mark.parametrize("error", [NotFound("no x"), Conflict("is y"), StartError('exec: "z": permission denied')])
def test_errors_cross_with_kind_and_words(error: Exception) -> None:
    with pytest.raises(type(error), match=str(error)):
        lines.result(lines.failed(error))


def test_no_answer_is_unavailable() -> None:
    with pytest.raises(Unavailable):
        lines.result(b"")


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (1_500_000_000, "1970-01-01T00:00:01.5Z"),
        (1_700_000_000_123_456_789, "2023-11-14T22:13:20.123456789Z"),
    ],
)
def test_times_are_gos(nanoseconds: int, text: str) -> None:
    assert json_log.timestamp(nanoseconds) == text
    assert json_log.seconds_of(text) == pytest.approx(nanoseconds / 1e9)


def test_a_log_line_escapes_as_go_does() -> None:
    line = json_log.encode(b"<a & \xff>\n", "stdout", "T")
    assert line == b'{"log":"\\u003ca \\u0026 \xef\xbf\xbd\\u003e\\n","stream":"stdout","time":"T"}\n'
    assert json.loads(line)["log"] == "<a & \ufffd>\n"


def test_a_line_that_a_crash_cut_is_nothing() -> None:
    assert json_log.decode(b'{"log":"half') is None
