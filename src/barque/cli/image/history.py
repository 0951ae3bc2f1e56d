"""``barque history``."""

from __future__ import annotations

import time

from barque.cli import formatting, units
from barque.cli.container.columns import ellipsis
from barque.client.client import quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from barque.cli.flags import FlagTable, Options
    from barque.cli.session import Session

FLAGS: FlagTable = (
    ("format", "", "string", "", "How to print: 'table', 'table TEMPLATE', 'json' or a Go template"),
    ("human", "H", "bool", True, "Print sizes and dates for people"),
    ("no-trunc", "", "bool", False, "Do not shorten"),
    ("platform", "", "string", "", "Platform, where the image has several"),
    ("quiet", "q", "bool", False, "Print only IDs"),
)
USAGE = "IMAGE"
ARGUMENTS = (1, 1)
_DEFAULT = r"{{.ID}}\t{{.CreatedSince}}\t{{.CreatedBy}}\t{{.Size}}\t{{.Comment}}"


def _columns(full: bool, human: bool) -> dict[str, tuple[str, Callable[..., Any]]]:
    now = time.time()

    def created_at(record: dict[str, Any]) -> str:
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record["Created"]))

    def since(record: dict[str, Any]) -> str:
        if not human:
            return created_at(record)
        return "N/A" if record["Created"] <= 0 else units.human_duration(now - record["Created"]) + " ago"

    def created_by(record: dict[str, Any]) -> str:
        text = record["CreatedBy"].replace("\t", " ")
        return text if full else ellipsis(text, 45)

    return {
        "ID": ("IMAGE", lambda r: r["Id"] if full else r["Id"].removeprefix("sha256:")[:12]),
        "CreatedSince": ("CREATED" if human else "CREATED AT", since),
        "CreatedAt": ("CREATED AT", created_at),
        "CreatedBy": ("CREATED BY", created_by),
        "Size": ("SIZE", lambda r: units.decimal_size(r["Size"], 3) if human else str(r["Size"])),
        "Comment": ("COMMENT", lambda r: r["Comment"]),
    }


def execute(session: Session, options: Options, arguments: list[str]) -> int:
    query = {}
    if options["platform"]:
        from barque.cli.image.platforms import encoded

        query["platform"] = encoded(options["platform"])
    records = session.client.get(f"/images/{quote(arguments[0], '/')}/history", query).json()
    source = options["format"]
    if options["quiet"] and source in ("", "table"):
        source = "{{.ID}}"
    columns = _columns(options["no-trunc"], options["human"])
    session.out(formatting.show(source, _DEFAULT, columns, records, "*formatter.historyContext"))
    return 0
