"""``barque search``."""

from __future__ import annotations

from barque.cli import filters, formatting
from barque.cli.container.columns import ellipsis
from barque.cli.registry import credentials

TYPE_CHECKING = False
if TYPE_CHECKING:
    from barque.cli.flags import FlagTable, Options
    from barque.cli.session import Session

FLAGS: FlagTable = (
    ("filter", "f", "filter", (), "Show only images for which this holds"),
    ("format", "", "string", "", "How to print: a Go template"),
    ("limit", "", "int", 0, "Most results"),
    ("no-trunc", "", "bool", False, "Do not shorten"),
)
USAGE = "TERM"
ARGUMENTS = (1, 1)
_DEFAULT = r"{{.Name}}\t{{.Description}}\t{{.StarCount}}\t{{.IsOfficial}}"


def _columns(full: bool) -> formatting.Columns:
    def described(record: dict[str, str]) -> str:
        text = (record.get("description") or "").replace("\n", " ").replace("\r", " ")
        return text if full else ellipsis(text, 45)

    return {
        "Name": ("NAME", lambda r: r["name"]),
        "Description": ("DESCRIPTION", described),
        "StarCount": ("STARS", lambda r: str(r.get("star_count", 0))),
        "IsOfficial": ("OFFICIAL", lambda r: "[OK]" if r.get("is_official") else ""),
    }


def execute(session: Session, options: Options, arguments: list[str]) -> int:
    query = {"term": arguments[0], **filters.query(options["filter"])}
    if options["limit"]:
        query["limit"] = str(options["limit"])
    headers = credentials.header(session.configuration, arguments[0])
    records = session.client.get("/images/search", query, headers).json()
    records = sorted(records, key=lambda record: -record.get("star_count", 0))
    session.out(
        formatting.show(options["format"], _DEFAULT, _columns(options["no-trunc"]), records, "*search.searchContext")
    )
    return 0
