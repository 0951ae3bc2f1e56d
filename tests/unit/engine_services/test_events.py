from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from barque.engine.event_filters import matches
from barque.engine.events import BACKLOG, KEPT, EventBus
from barque.errors import InvalidArgument
from barque.state import Database


def run(path: Path, body: Callable[[EventBus], Awaitable[None]]) -> None:
    async def main() -> None:
        bus = EventBus(Database(str(path / "state.db")))
        async with asyncio.timeout(20):
            await body(bus)
        bus.close()

    asyncio.run(main())


async def take(stream: AsyncIterator[Any], count: int) -> list[Any]:
    return [await anext(stream) for _ in range(count)]


def test_live_events_come_in_order_with_strictly_growing_times(tmp_path: Path) -> None:
    async def body(bus: EventBus) -> None:
        stream = await bus.events(None, None, {})
        for number in range(50):
            bus.publish("container", f"a{number}", "id", {}, time_ns=1000)
        seen = await take(stream, 50)
        assert [event["Action"] for event in seen] == [f"a{number}" for number in range(50)]
        times = [event["timeNano"] for event in seen]
        assert times == sorted(set(times))

    run(tmp_path, body)


def test_listening_begins_with_the_call_not_with_the_first_read(tmp_path: Path) -> None:
    async def body(bus: EventBus) -> None:
        bus.publish("image", "before", "i")
        stream = await bus.events(None, None, {})
        bus.publish("image", "after", "i")
        assert (await anext(stream))["Action"] == "after"

    run(tmp_path, body)


def test_stored_events_survive_and_since_until_choose(tmp_path: Path) -> None:
    async def first(bus: EventBus) -> None:
        for second in (10, 20, 30):
            bus.publish("volume", f"at{second}", "v", time_ns=second * 10**9)

    async def second(bus: EventBus) -> None:
        stream = await bus.events(15, 30, {})
        assert [event["Action"] async for event in stream] == ["at20", "at30"]
        assert [event["Action"] async for event in await bus.events(None, 10, {})] == ["at10"]
        later = await bus.events(25, None, {})
        assert (await anext(later))["Action"] == "at30"
        bus.publish("volume", "live", "v")
        assert (await anext(later))["Action"] == "live"

    run(tmp_path, first)
    run(tmp_path, second)


def test_until_in_the_future_ends_the_stream(tmp_path: Path) -> None:
    async def body(bus: EventBus) -> None:
        stream = await bus.events(None, time.time() + 0.05, {})
        bus.publish("daemon", "reload", "d")
        assert [event["Action"] async for event in stream] == ["reload"]
        assert bus.listeners == 0

    run(tmp_path, body)


def test_only_the_last_thousand_are_kept(tmp_path: Path) -> None:
    async def body(bus: EventBus) -> None:
        for number in range(KEPT + 5):
            bus.publish("volume", str(number), "v")
        bus.flush()

    run(tmp_path, body)
    rows = Database(str(tmp_path / "state.db")).query("SELECT count(*) FROM event")
    assert rows == [(KEPT,)]


def test_a_listener_that_never_reads_is_cut_off(tmp_path: Path) -> None:
    async def body(bus: EventBus) -> None:
        await bus.events(None, None, {})
        for _ in range(BACKLOG):
            bus.publish("volume", "x", "v")
        assert bus.listeners == 1
        bus.publish("volume", "x", "v")
        assert bus.listeners == 0

    run(tmp_path, body)


def test_the_older_fields(tmp_path: Path) -> None:
    async def body(bus: EventBus) -> None:
        event = bus.publish("container", "start", "abc", {"image": "busybox", "name": "web"})
        assert (event["status"], event["id"], event["from"]) == ("start", "abc", "busybox")
        image = bus.publish("image", "pull", "busybox:latest")
        assert (image["status"], image["id"], "from" in image) == ("pull", "busybox:latest", False)
        assert "status" not in bus.publish("network", "connect", "n")

    run(tmp_path, body)


def event(kind: str, action: str, actor: str, **attributes: str) -> dict[str, Any]:
    return {"Type": kind, "Action": action, "Actor": {"ID": actor, "Attributes": attributes}, "scope": "local"}


START = event("container", "start", "abcdef123", name="web", image="busybox:1.36", team="a")


@pytest.mark.parametrize(
    ("filters", "passes"),
    [
        ({}, True),
        ({"event": ["start"]}, True),
        ({"event": ["stop", "start"]}, True),
        ({"event": ["stop"]}, False),
        ({"type": ["container"], "event": ["start"]}, True),
        ({"type": ["image"]}, False),
        ({"container": ["web"]}, True),
        ({"container": ["abc"]}, True),
        ({"container": ["abcdef123"]}, True),
        ({"container": ["we"]}, False),
        ({"image": ["busybox"]}, True),
        ({"image": ["busybox:1.36"]}, True),
        ({"image": ["busybox:2"]}, False),
        ({"label": ["team=a"]}, True),
        ({"label": ["team"]}, True),
        ({"label": ["team=a", "other"]}, False),
        ({"volume": ["abc"]}, False),
        ({"scope": ["local"]}, True),
        ({"scope": ["swarm"]}, False),
        ({"container": ["web"], "event": ["die"]}, False),
    ],
)
def test_filters(filters: dict[str, list[str]], passes: bool) -> None:
    assert matches(START, filters) is passes


def test_actions_with_a_tail_match_by_their_head() -> None:
    health = event("container", "health_status: healthy", "abc")
    assert matches(health, {"event": ["health_status"]})
    assert matches(health, {"event": ["health_status: healthy"]})
    assert not matches(health, {"event": ["health_status: unhealthy"]})


def test_image_events_match_by_name() -> None:
    assert matches(event("image", "tag", "sha256:1", name="host:5000/app:v1"), {"image": ["host:5000/app"]})
    assert not matches(event("image", "tag", "sha256:1", name="host:5000/app:v1"), {"image": ["host"]})


def test_an_unknown_filter_is_refused(tmp_path: Path) -> None:
    async def body(bus: EventBus) -> None:
        with pytest.raises(InvalidArgument, match="invalid filter 'colour'"):
            await bus.events(None, None, {"colour": ["red"]})

    run(tmp_path, body)
