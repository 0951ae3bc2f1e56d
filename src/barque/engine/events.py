"""The event bus: what happened, in order, to whoever listens; the last thousand are kept for ``since``."""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from collections.abc import AsyncIterator, Mapping

from barque.engine.event_filters import check_filters, matches
from barque.model.requests import Filters, Json
from barque.state import Database

KEPT = 1000
BACKLOG = 65536
FLUSH_SECONDS = 1.0
NANOSECONDS = 1_000_000_000


class Subscription:
    """What one listener has not read yet. One that stops reading is cut off, so that memory stays bounded."""

    def __init__(self) -> None:
        self.events: asyncio.Queue[Json | None] = asyncio.Queue()

    def put(self, event: Json) -> bool:
        """False when the listener is too far behind; its stream ends."""
        if self.events.qsize() >= BACKLOG:
            self.events.put_nowait(None)
            return False
        self.events.put_nowait(event)
        return True


class EventBus:
    """Publishes on the daemon's event loop; ``events`` implements that part of ``api.backends.System``.

    Events carry Docker's ``Type``, ``Action``, ``Actor``, ``scope``, ``time`` (s), ``timeNano``, and for containers and
    images the older ``status``, ``id``, ``from``, which the edge leaves out from API 1.52 on. ``timeNano`` only grows,
    so no event is lost or seen twice between two streams. Stored in ``state.db`` within a second and at ``close``.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        db.migrate("events", ["CREATE TABLE event (time_ns INTEGER PRIMARY KEY, record TEXT NOT NULL)"])
        rows = db.query("SELECT record FROM event ORDER BY time_ns DESC LIMIT ?", (KEPT,))
        self._ring: deque[Json] = deque((json.loads(row[0]) for row in reversed(rows)), maxlen=KEPT)
        self._last = self._ring[-1]["timeNano"] if self._ring else 0
        self._unsaved: list[Json] = []
        self._flush: asyncio.TimerHandle | None = None
        self._subscriptions: set[Subscription] = set()

    def publish(
        self,
        type: str,
        action: str,
        actor_id: str,
        attributes: Mapping[str, str] | None = None,
        time_ns: int | None = None,
    ) -> Json:
        """Tell everybody. ``time_ns`` (when it happened) is moved on when an event of that time is there already."""
        now = max(time_ns or time.time_ns(), self._last + 1)
        self._last = now
        named = {key: str(value) for key, value in (attributes or {}).items()}
        event: Json = {}
        if type in ("container", "image"):
            event = {"status": action, "id": actor_id}
        if type == "container":
            event["from"] = named.get("image", "")
        event |= {
            "Type": type,
            "Action": action,
            "Actor": {"ID": actor_id, "Attributes": named},
            "scope": "local",
            "time": now // NANOSECONDS,
            "timeNano": now,
        }
        self._ring.append(event)
        self._unsaved.append(event)
        if self._flush is None:
            self._flush = asyncio.get_running_loop().call_later(FLUSH_SECONDS, self.flush)
        self._subscriptions = {s for s in self._subscriptions if s.put(event)}
        return event

    @property
    def listeners(self) -> int:
        """How many streams are open."""
        return len(self._subscriptions)

    def flush(self) -> None:
        """Store what is not stored yet, and drop what is older than the last thousand."""
        if self._flush is not None:
            self._flush.cancel()
            self._flush = None
        if not self._unsaved:
            return
        rows = [(event["timeNano"], json.dumps(event)) for event in self._unsaved[-KEPT:]]
        self._unsaved = []
        with self._db.transaction() as tx:
            tx.executemany("INSERT OR REPLACE INTO event VALUES (?, ?)", rows)
            tx.execute("DELETE FROM event WHERE time_ns < ?", (self._ring[0]["timeNano"],))

    def close(self) -> None:
        """Store, and end every stream."""
        self.flush()
        for subscription in self._subscriptions:
            subscription.events.put_nowait(None)
        self._subscriptions = set()

    async def events(self, since: float | None, until: float | None, filters: Filters) -> AsyncIterator[Json]:
        """Stored events from ``since`` (Unix seconds) on, then what comes, until ``until``. Listening begins here.

        Raises InvalidArgument for a filter that events have not.
        """
        check_filters(filters)
        subscription = Subscription()
        stored = [] if since is None else [event for event in self._ring if event["timeNano"] >= since * NANOSECONDS]
        if since is None and until is not None:
            stored = list(self._ring)
        self._subscriptions.add(subscription)
        return self._stream(subscription, stored, until, filters)

    async def _stream(
        self, subscription: Subscription, stored: list[Json], until: float | None, filters: Filters
    ) -> AsyncIterator[Json]:
        try:
            for event in stored:
                if until is not None and event["timeNano"] > until * NANOSECONDS:
                    return
                if matches(event, filters):
                    yield event
            while (event_or_end := await self._next(subscription, until)) is not None:
                if matches(event_or_end, filters):
                    yield event_or_end
        finally:
            self._subscriptions.discard(subscription)

    @staticmethod
    async def _next(subscription: Subscription, until: float | None) -> Json | None:
        if until is None:
            return await subscription.events.get()
        remaining = until - time.time()
        if remaining <= 0 and subscription.events.empty():
            return None
        try:
            async with asyncio.timeout(max(remaining, 0.001)):
                event = await subscription.events.get()
        except TimeoutError:
            return None
        return event if event is None or event["timeNano"] <= until * NANOSECONDS else None
