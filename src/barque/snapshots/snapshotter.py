"""The records of both snapshotters: keys, parents, states, directories; what differs is how a layer is stored."""

from __future__ import annotations

import contextlib
import os
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from barque.errors import Conflict, NotFound
from barque.linux import trees
from barque.model import Mount
from barque.state import Database

TABLES = [
    "CREATE TABLE snapshot (number INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT UNIQUE NOT NULL, parent TEXT,"
    " committed INTEGER NOT NULL DEFAULT 0)",
    "CREATE INDEX snapshot_parent ON snapshot (parent)",
]


class Info(NamedTuple):
    key: str
    parent: str | None
    committed: bool
    number: int


class Snapshotter(ABC):
    """One per data root. Every change is one transaction; a directory without a record is swept at start."""

    driver = ""

    def __init__(self, db: Database, root: str) -> None:
        self._db, self.root = db, root
        db.migrate("snapshots", TABLES)
        os.makedirs(root, mode=0o711, exist_ok=True)
        self._sweep()

    def _sweep(self) -> None:
        known = {str(row[0]) for row in self._db.query("SELECT number FROM snapshot")}
        for name in os.listdir(self.root):
            if name.isdigit() and name not in known:
                self._remove_directory(int(name))

    def _remove_directory(self, number: int) -> None:
        """What cannot be removed now has no record, and is swept at the next start."""
        root = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            with contextlib.suppress(OSError):
                trees.remove(root, str(number))
        finally:
            os.close(root)

    def directory(self, number: int) -> str:
        return os.path.join(self.root, str(number))

    def stat(self, key: str) -> Info:
        rows = self._db.query("SELECT key, parent, committed, number FROM snapshot WHERE key = ?", (key,))
        if not rows:
            raise NotFound(f"snapshot {key} does not exist")
        return Info(rows[0][0], rows[0][1], bool(rows[0][2]), rows[0][3])

    def exists(self, key: str) -> bool:
        return bool(self._db.query("SELECT 1 FROM snapshot WHERE key = ?", (key,)))

    def chain(self, key: str | None) -> list[Info]:
        """The snapshot and everything below it, top first."""
        found = []
        while key:
            found.append(self.stat(key))
            key = found[-1].parent
        return found

    def prepare(self, key: str, parent: str | None, labels: Mapping[str, str]) -> None:
        """Make a writable snapshot on ``parent``. Raises Conflict when the key is taken, NotFound for the parent."""
        del labels
        if parent is not None and not self.stat(parent).committed:
            raise Conflict(f"snapshot {parent} is not committed")
        with self._db.transaction() as tx:
            if tx.execute("SELECT 1 FROM snapshot WHERE key = ?", (key,)).fetchone():
                raise Conflict(f"snapshot {key} already exists")
            tx.execute("INSERT INTO snapshot (key, parent) VALUES (?, ?)", (key, parent))
            number = tx.lastrowid or 0
            try:
                self._make(number, parent)
            except BaseException:
                self._remove_directory(number)  # the number is rolled back too, and given out again
                raise

    def commit(self, name: str, key: str) -> None:
        """The active snapshot ``key`` becomes the committed ``name``."""
        with self._db.transaction(durable=True) as tx:
            if tx.execute("SELECT 1 FROM snapshot WHERE key = ?", (name,)).fetchone():
                raise Conflict(f"snapshot {name} already exists")
            tx.execute("UPDATE snapshot SET key = ?, committed = 1 WHERE key = ? AND committed = 0", (name, key))
            if tx.rowcount != 1:
                raise NotFound(f"active snapshot {key} does not exist")

    def remove(self, key: str) -> None:
        """Free it. Raises Conflict while another stands on it; one that does not exist is fine."""
        with self._db.transaction() as tx:
            if tx.execute("SELECT 1 FROM snapshot WHERE parent = ?", (key,)).fetchone():
                raise Conflict(f"snapshot {key} has children")
            row = tx.execute("SELECT number FROM snapshot WHERE key = ?", (key,)).fetchone()
            if row is None:
                return
            tx.execute("DELETE FROM snapshot WHERE key = ?", (key,))
        self._remove_directory(row[0])

    def walk(self) -> Iterator[str]:
        """All keys."""
        for row in self._db.query("SELECT key FROM snapshot"):
            yield row[0]

    def usage(self, key: str) -> tuple[int, int]:
        """Bytes and files of the snapshot's own layer."""
        total = files = 0
        seen = set()
        for place, _, names in os.walk(self.layer_dir(key)):
            for name in names:
                found = os.lstat(os.path.join(place, name))
                if (found.st_dev, found.st_ino) not in seen:
                    seen.add((found.st_dev, found.st_ino))
                    total += found.st_size
                    files += 1
        return total, files

    @abstractmethod
    def _make(self, number: int, parent: str | None) -> None:
        """Create the directory of a new snapshot."""

    @abstractmethod
    def layer_dir(self, key: str) -> str:
        """Where the snapshot's own files are."""

    @abstractmethod
    def mounts(self, key: str, above: str = "") -> list[Mount]:
        """What gives the whole stack at one place; ``above``: a directory between a writable snapshot and its parent,
        where layers are stacked."""
