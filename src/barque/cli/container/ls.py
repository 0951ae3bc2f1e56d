"""``barque ps``."""

from __future__ import annotations

from barque.cli import filters, formatting
from barque.cli.container import columns

TYPE_CHECKING = False
if TYPE_CHECKING:
    from barque.cli.flags import FlagTable, Options
    from barque.cli.session import Session

FLAGS: FlagTable = (
    ("all", "a", "bool", False, "Show containers that do not run too"),
    ("filter", "f", "filter", (), "Show only containers for which this holds"),
    ("format", "", "string", "", "How to print: 'table', 'table TEMPLATE', 'json' or a Go template"),
    ("last", "n", "int", -1, "Show this many of the latest containers, in any state"),
    ("latest", "l", "bool", False, "Show the latest container, in any state"),
    ("no-trunc", "", "bool", False, "Do not shorten"),
    ("quiet", "q", "bool", False, "Print only IDs"),
    ("size", "s", "bool", False, "Show how much disk they use"),
)
USAGE = ""
ARGUMENTS = (0, 0)


def execute(session: Session, options: Options, arguments: list[str]) -> int:
    source = options["format"]
    if not source and not options["quiet"]:
        source = session.configuration.text("psFormat")
    last = 1 if options["latest"] and options["last"] == -1 else options["last"]
    query = filters.query(options["filter"])
    if options["all"]:
        query["all"] = "1"
    if last > 0:
        query["limit"] = str(last)
    size = options["size"]
    if not size and ".Size" in source and "table" not in source[:5]:
        size = True
    size = size or ".Size" in source
    if size:
        query["size"] = "1"
    records = session.client.get("/containers/json", query).json()
    if options["quiet"] and source in ("", "table"):
        source = "{{.ID}}"
    default = columns.DEFAULT + (r"\t{{.Size}}" if options["size"] else "")
    session.out(formatting.show(source, default, columns.columns(options["no-trunc"]), records, columns.KIND))
    return 0
