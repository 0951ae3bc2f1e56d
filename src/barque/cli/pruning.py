"""``prune`` of one kind of object: ask, post, list what went and how much it freed."""

from __future__ import annotations

from barque.cli import filters
from barque.cli.units import decimal_size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from barque.cli.flags import FlagTable
    from barque.cli.session import Session

FLAGS: FlagTable = (
    ("filter", "", "filter", (), "Only what this holds for ('until=<timestamp>')"),
    ("force", "f", "bool", False, "Do not ask"),
)


def chosen(session: Session, given: list[str], extra: dict[str, list[str]] | None = None) -> dict[str, str]:
    """The query: filters of the flags, of the configuration file's ``pruneFilters``, and ``extra``."""
    found = filters.collect([*given, *(session.configuration.values.get("pruneFilters") or [])])
    for name, values in (extra or {}).items():
        found[name] = found.get(name, []) + values
    return {"filters": filters.encode(found)} if found else {}


def objects(answer: dict[str, Any], key: str, title: str) -> str:
    """The list under its title; empty for nothing."""
    names = answer.get(key) or []
    return f"{title}:\n" + "".join(f"{name}\n" for name in names) + "\n" if names else ""


def total(size: int) -> str:
    return f"Total reclaimed space: {decimal_size(size)}\n"
