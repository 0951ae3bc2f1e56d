"""The table of volumes and the directories they are."""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from barque.errors import Conflict, InvalidArgument, NotFound
from barque.model.mount import Mount
from barque.state import Database
from barque.volumes.options import check_name, check_options, mount_of

ANONYMOUS = "com.docker.volume.anonymous"
DRIVER = "local"
TABLES = (
    "CREATE TABLE volume (name TEXT PRIMARY KEY, record TEXT NOT NULL)",
    "CREATE TABLE volume_use (volume TEXT NOT NULL, container TEXT NOT NULL, PRIMARY KEY (volume, container))",
)


@dataclass(frozen=True, slots=True)
class Volume:
    """``created`` is RFC 3339; ``mountpoint`` the directory with the files."""

    name: str
    mountpoint: str
    created: str
    labels: dict[str, str] = field(default_factory=dict)
    options: dict[str, str] = field(default_factory=dict)

    @property
    def anonymous(self) -> bool:
        return ANONYMOUS in self.labels

    def to_json(self) -> dict[str, Any]:
        """Docker's Volume."""
        return {
            "CreatedAt": self.created,
            "Driver": DRIVER,
            "Labels": self.labels or None,
            "Mountpoint": self.mountpoint,
            "Name": self.name,
            "Options": self.options or None,
            "Scope": "local",
        }


class VolumeStore:
    """Blocking. Who refers to a volume is kept here too, in the same file and transaction."""

    def __init__(self, db: Database, root: str) -> None:
        self._db, self.root = db, root
        db.migrate("volumes", TABLES)
        os.makedirs(root, mode=0o701, exist_ok=True)

    def create(
        self,
        name: str = "",
        driver: str = "",
        options: dict[str, str] | None = None,
        labels: dict[str, str] | None = None,
        container: str = "",
    ) -> tuple[Volume, bool]:
        """``(volume, made now)``; an existing name is given back. Without a name it is anonymous.

        With ``container`` it is that container's from the first moment on, so that a kill leaves no stray.

        Raises InvalidArgument (name, options), NotFound (driver), Conflict (the name has other options).
        """
        options, labels = dict(options or {}), dict(labels or {})
        if (driver or DRIVER) not in (DRIVER, "default"):
            raise NotFound(f'error looking up volume plugin {driver}: plugin "{driver}" not found')
        check_options(options)
        if not name:
            name, labels = secrets.token_hex(32), {ANONYMOUS: "", **labels}
        check_name(name)
        found = self._find(name)
        if found is not None:
            if options and options != found.options:
                raise Conflict(f"volume {name} already exists with different options")
            return found, False
        path = self.path(name)
        os.makedirs(os.path.dirname(path), mode=0o701, exist_ok=True)
        os.makedirs(path, mode=0o755, exist_ok=True)
        created = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        record = json.dumps({"created": created, "labels": labels, "options": options})
        with self._db.transaction(durable=True) as tx:
            tx.execute("INSERT INTO volume VALUES (?, ?)", (name, record))
            if container:
                tx.execute("INSERT OR IGNORE INTO volume_use VALUES (?, ?)", (name, container))
        return Volume(name, path, created, labels, options), True

    def path(self, name: str) -> str:
        return os.path.join(self.root, name, "_data")

    def mount(self, name: str) -> Mount | None:
        """What the options of the volume want mounted on its directory; None for a plain one."""
        volume = self.get(name)
        return mount_of(volume.options, volume.mountpoint)

    def _volume(self, name: str, record: str) -> Volume:
        value = json.loads(record)
        return Volume(name, self.path(name), value["created"], value["labels"], value["options"])

    def _find(self, name: str) -> Volume | None:
        rows = self._db.query("SELECT record FROM volume WHERE name = ?", (name,))
        return self._volume(name, rows[0][0]) if rows else None

    def get(self, name: str) -> Volume:
        """Raises NotFound."""
        if found := self._find(name):
            return found
        raise NotFound(f"get {name}: no such volume")

    def walk(self) -> Iterator[Volume]:
        """All, by name."""
        for name, record in self._db.query("SELECT name, record FROM volume ORDER BY name"):
            yield self._volume(name, record)

    def refer(self, name: str, container: str) -> None:
        """The container uses the volume, running or not, until ``release``. Raises NotFound."""
        self.get(name)
        with self._db.transaction() as tx:
            tx.execute("INSERT OR IGNORE INTO volume_use VALUES (?, ?)", (name, container))

    def release(self, container: str, remove_anonymous: bool = False) -> list[str]:
        """The container is removed: with it, when asked, the anonymous volumes that nobody else uses; their names.

        One transaction, so that a kill leaves all or nothing; files without a record are swept at the next start.
        """
        with self._db.transaction(durable=remove_anonymous) as tx:
            rows = tx.execute("SELECT volume FROM volume_use WHERE container = ?", (container,)).fetchall()
            tx.execute("DELETE FROM volume_use WHERE container = ?", (container,))
            removed = [row[0] for row in rows if remove_anonymous and self._is_free(tx, row[0])]
            tx.executemany("DELETE FROM volume WHERE name = ?", [(name,) for name in removed])
        for name in removed:
            shutil.rmtree(os.path.join(self.root, name), ignore_errors=True)
        return removed

    def _is_free(self, tx: Any, name: str) -> bool:
        if tx.execute("SELECT 1 FROM volume_use WHERE volume = ?", (name,)).fetchone():
            return False
        row = tx.execute("SELECT record FROM volume WHERE name = ?", (name,)).fetchone()
        return row is not None and self._volume(name, row[0]).anonymous

    def strangers(self, known: set[str]) -> list[str]:
        """Containers that volumes are kept for and that are not among ``known``."""
        rows = self._db.query("SELECT DISTINCT container FROM volume_use")
        return [row[0] for row in rows if row[0] not in known]

    def users(self, name: str) -> list[str]:
        """Ids of the containers that use it."""
        return [row[0] for row in self._db.query("SELECT container FROM volume_use WHERE volume = ?", (name,))]

    def used(self) -> set[str]:
        """Names of all volumes that a container uses."""
        return {row[0] for row in self._db.query("SELECT DISTINCT volume FROM volume_use")}

    def remove(self, name: str, force: bool = False) -> Volume | None:
        """Files and record are gone. Raises NotFound (not with ``force``: None), Conflict while a container uses it."""
        if not name:
            raise InvalidArgument("volume name is empty")
        volume = self._find(name)
        if volume is None:
            if force:
                return None
            raise NotFound(f"get {name}: no such volume")
        if users := self.users(name):
            raise Conflict(f"remove {name}: volume is in use - [{', '.join(users)}]")
        with self._db.transaction(durable=True) as tx:
            tx.execute("DELETE FROM volume WHERE name = ?", (name,))
        shutil.rmtree(os.path.join(self.root, name), ignore_errors=True)
        return volume

    def size(self, name: str) -> int:
        """Bytes of all files, each inode once."""
        total, seen = 0, set()
        for directory, _, files in os.walk(self.path(name)):
            for file in files:
                try:
                    status = os.lstat(os.path.join(directory, file))
                except OSError:
                    continue
                if (status.st_dev, status.st_ino) not in seen:
                    seen.add((status.st_dev, status.st_ino))
                    total += status.st_size
        return total

    def recover(self) -> list[str]:
        """After a kill: directories without a record (creation or removal cut short) go; their names."""
        known = {volume.name for volume in self.walk()}
        stray = [
            entry for entry in os.listdir(self.root) if entry not in known and os.path.isdir(f"{self.root}/{entry}")
        ]
        for entry in stray:
            shutil.rmtree(os.path.join(self.root, entry), ignore_errors=True)
        return stray
