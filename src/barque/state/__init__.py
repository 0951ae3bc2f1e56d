"""One SQLite file for everything the daemon must remember.

Each room keeps its own tables and creates them with ``Database.migrate``. A change of state is one transaction.

    db = Database("/var/lib/barque/state.db")
    db.migrate("volumes", ["CREATE TABLE volume (name TEXT PRIMARY KEY, record TEXT NOT NULL)"])
    with db.transaction(durable=True) as tx:
        tx.execute("INSERT INTO volume VALUES (?, ?)", (name, record))
"""

from barque.state.database import Database

__all__ = ["Database"]
