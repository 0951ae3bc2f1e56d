"""Sizes, durations, times and tables in Docker's words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from barque.cli import table, times, units


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0),
        ("100", 100),
        ("1k", 1024),
        ("1kb", 1024),
        ("1KiB", 1024),
        ("1.5g", 1610612736),
        ("2M", 2097152),
        ("32 mb", 33554432),
    ],
)
def test_sizes_read(text: str, size: int) -> None:
    assert units.parse_size(text) == size


@pytest.mark.parametrize("text", ["", "x", "1x", "-1", "1..5", "k", "1kbb"])
def test_sizes_refused(text: str) -> None:
    with pytest.raises(ValueError, match="invalid size"):
        units.parse_size(text)


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("0", 0),
        ("1s", 10**9),
        ("1h2m3.5s", 3723500000000),
        ("-1.5h", -5400 * 10**9),
        ("100ms", 10**8),
        ("1us", 1000),
        (".5s", 5 * 10**8),
    ],
)
def test_durations_read(text: str, nanoseconds: int) -> None:
    assert units.parse_duration(text) == nanoseconds


@pytest.mark.parametrize("text", ["", "1", "s", "1x", "1.2.3s", "abc"])
def test_durations_refused(text: str) -> None:
    with pytest.raises(ValueError, match="duration"):
        units.parse_duration(text)


@pytest.mark.parametrize(
    ("size", "shown"), [(0, "0B"), (999, "999B"), (1982000, "1.982MB"), (1000, "1kB"), (123456789, "123.5MB")]
)
def test_decimal_sizes(size: int, shown: str) -> None:
    assert units.decimal_size(size) == shown


def test_binary_sizes() -> None:
    assert units.binary_size(1695744) == "1.617MiB"
    assert units.binary_size(25275957248) == "23.54GiB"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.4, "Less than a second"),
        (1, "1 second"),
        (59, "59 seconds"),
        (60, "About a minute"),
        (3599, "59 minutes"),
        (3600, "About an hour"),
        (5400, "2 hours"),
        (86400, "24 hours"),
        (2 * 86400, "2 days"),
        (14 * 86400, "2 weeks"),
        (60 * 86400, "2 months"),
        (800 * 86400, "2 years"),
    ],
)
def test_how_long(seconds: float, shown: str) -> None:
    assert units.human_duration(seconds) == shown


def test_times_read() -> None:
    assert times.parse("1970-01-02T00:00:00Z") == 86400 * 10**9
    assert times.parse("2024-02-29T12:30:15.123456789+01:00") == 1709206215123456789
    assert times.stamp("12.5") == "12.5"
    assert times.stamp("2024-02-29T11:30:15Z") == "1709206215.000000000"
    with pytest.raises(ValueError, match="failed to parse value as time or duration"):
        times.stamp("foo")


@given(st.datetimes(min_value=__import__("datetime").datetime(1971, 1, 1)))
def test_times_agree_with_the_library(moment: object) -> None:
    import datetime

    assert isinstance(moment, datetime.datetime)
    seconds = (moment - datetime.datetime(1970, 1, 1)) // datetime.timedelta(microseconds=1) * 1000
    assert times.parse(moment.isoformat() + "Z") == seconds


def test_columns_are_ten_wide_and_three_apart() -> None:
    assert table.align(["A\tB", "longer than ten\tx"]) == "A                 B\nlonger than ten   x\n"
    assert table.align(["A\tB\tC", "1\t2\t3"]) == "A         B         C\n1         2         3\n"


def test_a_column_ends_where_a_row_lacks_it() -> None:
    assert table.align(["aaaaaaaaaaaa\tx", "none", "b\ty"]) == "aaaaaaaaaaaa   x\nnone\nb         y\n"
