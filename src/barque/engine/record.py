"""What the engine remembers of a container, and where: one JSON record each in the state file."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace
from typing import Any

from barque.errors import Conflict, InvalidArgument, NotFound
from barque.state import Database

NAME = re.compile(r"/?[a-zA-Z0-9][a-zA-Z0-9_.-]+")
ZERO_TIME = "0001-01-01T00:00:00Z"


@dataclass
class State:
    """As ``inspect`` shows it; times in nanoseconds, 0 for never."""

    status: str = "created"
    pid: int = 0
    exit_code: int = 0
    error: str = ""
    oom_killed: bool = False
    started_at: int = 0
    finished_at: int = 0
    restart_count: int = 0
    stopped_by_user: bool = False


@dataclass
class Container:
    id: str
    name: str
    image: str
    image_id: str
    config: dict[str, Any]
    host_config: dict[str, Any]
    networking: dict[str, Any]
    created: int
    driver: str
    platform: str = "linux"
    state: State = field(default_factory=State)
    mounts: list[dict[str, Any]] = field(default_factory=list)
    networks: dict[str, Any] = field(default_factory=dict)
    netns: str = ""

    def __post_init__(self) -> None:
        self.lock = asyncio.Lock()
        self.execs: list[str] = []
        self.quick_exits = 0
        """Ends after less than ten seconds in a row: the restart back-off."""
        self.comes_back = False
        """It is stopped only to be started again: not to be removed at its end."""
        self.health: dict[str, Any] | None = None

    @property
    def running(self) -> bool:
        return self.state.status in ("running", "paused")

    @property
    def tty(self) -> bool:
        return bool(self.config.get("Tty"))

    def to_json(self) -> str:
        values = {name: getattr(self, name) for name in FIELDS}  # asdict would copy all that is inside, for nothing
        return json.dumps({**values, "state": vars(self.state)}, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Container:
        value = json.loads(text)
        return cls(**{**value, "state": State(**value["state"])})


FIELDS = tuple(f.name for f in fields(Container))


class ContainerStore:
    """All containers in memory, each change written before it is acted on, but for what ``save_soon`` says."""

    def __init__(self, db: Database) -> None:
        self._db = db
        db.migrate(
            "containers", ["CREATE TABLE container (id TEXT PRIMARY KEY, name TEXT UNIQUE, record TEXT NOT NULL)"]
        )
        self._all: dict[str, Container] = {}
        self._names: dict[str, str] = {}
        for (text,) in db.query("SELECT record FROM container"):
            self._remember(Container.from_json(text))

    def _remember(self, container: Container) -> None:
        self._all[container.id] = container
        self._names[container.name] = container.id

    def __contains__(self, container_id: object) -> bool:
        return container_id in self._all

    def __iter__(self) -> Iterator[Container]:
        return iter(list(self._all.values()))

    def add(self, container: Container) -> None:
        """Raises Conflict for a name that is taken, in Docker's words."""
        self.check_name(container.name)
        with self._db.transaction() as tx:
            tx.execute("INSERT INTO container VALUES (?, ?, ?)", (container.id, container.name, container.to_json()))
        self._remember(container)

    def check_name(self, name: str) -> None:
        taken = self._names.get(name)
        if taken is not None:
            raise Conflict(
                f'Conflict. The container name "/{name}" is already in use by container "{taken}". '
                "You have to remove (or rename) that container to be able to reuse that name."
            )

    def save(self, container: Container) -> None:
        with self._db.transaction() as tx:
            tx.execute("UPDATE container SET record = ? WHERE id = ?", (container.to_json(), container.id))

    def save_started(self, container: Container) -> None:
        """As if it ran: whether it does, and since when, its shim tells who finds this record."""
        state = State("running", started_at=now(), restart_count=container.state.restart_count)
        self.save(replace(container, state=state))

    def save_soon(self, container: Container) -> None:
        """Behind the answers that are ready now. For what its shim or exit.json tell as well: a daemon killed in
        between asks them (``recovery``)."""
        asyncio.get_running_loop().call_soon(self.save, container)

    def rename(self, container: Container, name: str) -> None:
        self.check_name(name)
        self._names.pop(container.name, None)
        container.name = name
        self._names[name] = container.id
        with self._db.transaction() as tx:
            values = (name, container.to_json(), container.id)
            tx.execute("UPDATE container SET name = ?, record = ? WHERE id = ?", values)

    def delete(self, container: Container) -> None:
        with self._db.transaction() as tx:
            tx.execute("DELETE FROM container WHERE id = ?", (container.id,))
        self._all.pop(container.id, None)
        if self._names.get(container.name) == container.id:
            del self._names[container.name]

    def find(self, name: str) -> Container:
        """By id, name or unique prefix of an id. Raises NotFound or, for an ambiguous prefix, InvalidArgument."""
        if name in self._all:
            return self._all[name]
        by_name = self._names.get(name.removeprefix("/"))
        if by_name is not None:
            return self._all[by_name]
        found = [c for c in self._all.values() if c.id.startswith(name)] if name else []
        if len(found) > 1:
            raise InvalidArgument(f"multiple IDs found with provided prefix: {name}")
        if not found:
            raise NotFound(f"No such container: {name}")
        return found[0]


def now() -> int:
    return time.time_ns()


def rfc3339(nanoseconds: int) -> str:
    """Docker's form of a time; 0 is Go's zero time."""
    if not nanoseconds:
        return ZERO_TIME
    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    fraction = f".{rest:09d}".rstrip("0").rstrip(".")
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + fraction + "Z"
