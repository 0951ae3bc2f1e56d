"""``barque images``."""

from __future__ import annotations

from barque.cli import filters, formatting
from barque.cli.failure import Failure
from barque.cli.image import columns

TYPE_CHECKING = False
if TYPE_CHECKING:
    from barque.cli.flags import FlagTable, Options
    from barque.cli.session import Session

FLAGS: FlagTable = (
    ("all", "a", "bool", False, "Show intermediate images too"),
    ("digests", "", "bool", False, "Show digests"),
    ("filter", "f", "filter", (), "Show only images for which this holds"),
    ("format", "", "string", "", "How to print: 'table', 'table TEMPLATE', 'json' or a Go template"),
    ("no-trunc", "", "bool", False, "Do not shorten"),
    ("quiet", "q", "bool", False, "Print only IDs"),
    ("tree", "", "bool", False, "Show the platforms of each image"),
)
USAGE = "[REPOSITORY[:TAG]]"
ARGUMENTS = (0, 1)


def execute(session: Session, options: Options, arguments: list[str]) -> int:
    found = filters.collect(options["filter"])
    if arguments:
        found.setdefault("reference", []).append(arguments[0])
    query = {"filters": filters.encode(found)} if found else {}
    if options["all"]:
        query["all"] = "1"
    if options["tree"]:
        return _tree(session, options, query)
    source = options["format"]
    if not source and not options["quiet"]:
        source = session.configuration.text("imagesFormat")
    records = session.client.get("/images/json", query).json()
    rows = columns.rows(records, options["digests"] or ".Digest" in source or source == "json")
    default = columns.WITH_DIGEST if options["digests"] else columns.DEFAULT
    if options["quiet"] and source in ("", "table"):
        source = "{{.ID}}"
    session.out(formatting.show(source, default, columns.columns(options["no-trunc"]), rows, columns.KIND))
    return 0


def _tree(session: Session, options: Options, query: dict[str, str]) -> int:
    if options["quiet"] or options["no-trunc"] or options["digests"] or options["format"]:
        flag = next(name for name in ("quiet", "no-trunc", "digests", "format") if options[name])
        shown = {"quiet": "--quiet", "no-trunc": "--no-trunc", "digests": "--show-digest", "format": "--format"}[flag]
        raise Failure(f"{shown} is not yet supported with --tree")
    if not session.client.at_least("1.47"):
        raise Failure(
            f'"--tree" requires API version 1.47, but the Docker daemon API version is {session.client.version}'
        )
    records = session.client.get("/images/json", {**query, "manifests": "1"}).json()
    session.out(columns.tree(records))
    return 0
