"""Which containers a set of filters names."""

from __future__ import annotations

from typing import Any

import pytest
from containers import container

from barque.engine import listing
from barque.errors import InvalidArgument

SUBJECT = container(
    {"Labels": {"tier": "front", "bare": ""}, "ExposedPorts": {"80/tcp": {}}}, status="exited", exit_code=3
)
SUBJECT.networks = {"bridge": {"NetworkID": "feed" * 16}}
SUBJECT.mounts = [{"Type": "volume", "Name": "data", "Source": "/v/data/_data", "Destination": "/data"}]

CASES: list[tuple[dict[str, list[str]], bool]] = [
    ({}, True),
    ({"id": ["aaa"]}, True),
    ({"id": ["b"]}, False),
    ({"name": ["we"]}, True),
    ({"name": ["^/web$"]}, True),
    ({"name": ["^web$"]}, True),
    ({"name": ["/web"]}, True),
    ({"name": ["other", "web"]}, True),
    ({"name": ["^eb"]}, False),
    ({"name": ["["]}, False),
    ({"status": ["exited", "running"]}, True),
    ({"status": ["running"]}, False),
    ({"exited": ["3"]}, True),
    ({"exited": ["0"]}, False),
    ({"label": ["tier"]}, True),
    ({"label": ["tier=front", "bare"]}, True),
    ({"label": ["tier=back"]}, False),
    ({"label": ["tier", "missing"]}, False),
    ({"ancestor": ["busybox"]}, True),
    ({"ancestor": ["busybox:latest"]}, True),
    ({"ancestor": ["bbbbbb"]}, True),
    ({"ancestor": ["alpine"]}, False),
    ({"network": ["bridge"]}, True),
    ({"network": ["feed"]}, True),
    ({"network": ["none"]}, False),
    ({"volume": ["data"]}, True),
    ({"volume": ["/data"]}, True),
    ({"volume": ["x"]}, False),
    ({"health": ["none"]}, True),
    ({"health": ["healthy"]}, False),
    ({"expose": ["80"]}, True),
    ({"expose": ["81/tcp"]}, False),
    ({"is-task": ["false"]}, True),
    ({"is-task": ["true"]}, False),
    ({"name": ["web"], "status": ["running"]}, False),
]


@pytest.mark.parametrize(("filters", "wanted"), CASES, ids=str)
def test_matches(filters: dict[str, list[str]], wanted: bool) -> None:
    listing.check(filters)
    assert listing.matches(SUBJECT, filters) is wanted


@pytest.mark.parametrize("filters", [{"nonsense": ["x"]}, {"status": ["asleep"]}])
def test_refused(filters: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgument, match=r"(?i)invalid filter"):
        listing.check(filters)
