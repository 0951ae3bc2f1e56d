from __future__ import annotations

import pytest

from barque.errors import Conflict, InvalidArgument
from barque.networks.ipam import Pool, mac_of


def test_the_gateway_is_the_first_and_containers_get_the_lowest_free() -> None:
    pool = Pool("10.9.0.0/24")
    assert str(pool.gateway) == "10.9.0.1"
    assert [pool.allocate() for _ in range(3)] == ["10.9.0.2", "10.9.0.3", "10.9.0.4"]
    pool.release("10.9.0.3")
    assert pool.allocate() == "10.9.0.3"
    assert pool.allocate() == "10.9.0.5"


def test_addresses_in_use_before_a_restart_are_not_given_again() -> None:
    pool = Pool("10.9.0.0/24", in_use=["10.9.0.2", "10.9.0.4"])
    assert [pool.allocate() for _ in range(2)] == ["10.9.0.3", "10.9.0.5"]


def test_a_full_pool_says_so_and_works_again_after_a_release() -> None:
    pool = Pool("10.9.0.0/29")
    given = [pool.allocate() for _ in range(5)]
    assert given[-1] == "10.9.0.6"
    with pytest.raises(Conflict, match="no available IPv4 addresses"):
        pool.allocate()
    pool.release("10.9.0.4")
    assert pool.allocate() == "10.9.0.4"


def test_a_gateway_inside_the_range_is_stepped_over() -> None:
    pool = Pool("10.9.0.0/24", gateway="10.9.0.2")
    assert [pool.allocate() for _ in range(2)] == ["10.9.0.1", "10.9.0.3"]
    pool.release("10.9.0.2")
    assert pool.allocate() == "10.9.0.4"


def test_a_range_limits_what_is_given_not_what_can_be_asked_for() -> None:
    pool = Pool("10.9.0.0/16", ip_range="10.9.4.0/30")
    assert [pool.allocate() for _ in range(4)] == ["10.9.4.0", "10.9.4.1", "10.9.4.2", "10.9.4.3"]
    with pytest.raises(Conflict):
        pool.allocate()
    assert pool.allocate("10.9.200.7") == "10.9.200.7"


@pytest.mark.parametrize(
    ("wanted", "error"),
    [
        ("10.9.0.1", Conflict),
        ("10.8.0.1", InvalidArgument),
        ("10.9.0.0", InvalidArgument),
        ("10.9.0.255", InvalidArgument),
        ("nonsense", InvalidArgument),
        ("::1", InvalidArgument),
    ],
)
def test_a_wanted_address_must_be_free_and_inside(wanted: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        Pool("10.9.0.0/24").allocate(wanted)


@pytest.mark.parametrize(
    "arguments",
    [("10.9.0.0/31",), ("x",), ("10.9.0.0/24", "10.8.0.1"), ("10.9.0.0/24", "", "10.8.0.0/24"), ("fd00::/64",)],
)
def test_a_pool_that_cannot_work_is_refused(arguments: tuple[str, ...]) -> None:
    with pytest.raises(InvalidArgument):
        Pool(*arguments)


def test_mac() -> None:
    assert mac_of("172.17.0.2") == "02:42:ac:11:00:02"
