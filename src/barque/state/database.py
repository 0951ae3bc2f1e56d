"""The SQLite connection: WAL mode, one writer at a time, durable commits where a promise outlives a power cut."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any


class Database:
    """Wraps one connection for all threads of the daemon; a re-entrant lock makes every call atomic.

    ``durable=True`` commits with ``synchronous=FULL`` (https://sqlite.org/pragma.html#pragma_synchronous):
    the change survives a power cut. Without it a commit survives any kill of the process.
    """

    def __init__(self, path: str) -> None:
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=30)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.execute("PRAGMA foreign_keys=ON")
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS migration (room TEXT PRIMARY KEY, version INTEGER NOT NULL)"
        )

    def migrate(self, room: str, steps: Sequence[str]) -> None:
        """Run the steps of ``room`` that this file has not seen; steps are only ever appended."""
        with self.transaction(durable=True) as tx:
            row = tx.execute("SELECT version FROM migration WHERE room = ?", (room,)).fetchone()
            done = row[0] if row else 0
            for step in steps[done:]:
                tx.execute(step)
            tx.execute("INSERT OR REPLACE INTO migration VALUES (?, ?)", (room, max(done, len(steps))))

    @contextmanager
    def transaction(self, durable: bool = False) -> Iterator[sqlite3.Cursor]:
        """All statements inside commit together or not at all. Not to be nested."""
        with self._lock:
            cursor = self._connection.cursor()
            if durable:
                cursor.execute("PRAGMA synchronous=FULL")
            cursor.execute("BEGIN IMMEDIATE")
            try:
                yield cursor
            except BaseException:
                cursor.execute("ROLLBACK")
                raise
            else:
                cursor.execute("COMMIT")
            finally:
                if durable:
                    cursor.execute("PRAGMA synchronous=NORMAL")
                cursor.close()

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of a SELECT."""
        with self._lock:
            return self._connection.execute(sql, parameters).fetchall()

    def close(self) -> None:
        with self._lock:
            self._connection.close()
