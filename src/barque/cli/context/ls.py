"""``barque context ls``."""

from __future__ import annotations

import os

from barque.cli import formatting
from barque.cli.container.columns import ellipsis
from barque.cli.context import stored

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from barque.cli.flags import FlagTable, Options
    from barque.cli.session import Session

FLAGS: FlagTable = (
    ("format", "", "string", "", "How to print: 'table', 'table TEMPLATE', 'json' or a Go template"),
    ("quiet", "q", "bool", False, "Print only names"),
)
USAGE = ""
ARGUMENTS = (0, 0)
_DEFAULT = r"{{.Name}}{{if .Current}} *{{end}}\t{{.Description}}\t{{.DockerEndpoint}}\t{{.Error}}"


def execute(session: Session, options: Options, arguments: list[str]) -> int:
    chosen = stored.current(session)
    store = stored.store(session)
    records: list[dict[str, Any]] = []
    for context in [stored.default(), *(store.get(name) for name in store.names())]:
        records.append({"context": context, "current": context.name == chosen})
    records.sort(key=lambda record: record["context"].name)
    if options["quiet"]:
        session.out("".join(record["context"].name + "\n" for record in records))
        return 0
    columns: formatting.Columns = {
        "Current": ("", lambda r: r["current"]),
        "Name": ("NAME", lambda r: r["context"].name),
        "Description": ("DESCRIPTION", lambda r: ellipsis(r["context"].description, 60)),
        "DockerEndpoint": ("DOCKER ENDPOINT", lambda r: r["context"].host),
        "Error": ("ERROR", lambda r: ""),
    }
    session.out(formatting.show(options["format"], _DEFAULT, columns, records, "*formatter.clientContextContext"))
    if os.environ.get("DOCKER_HOST"):
        session.err(
            "Warning: DOCKER_HOST environment variable overrides the active context. To use a context, either set the "
            "global --context flag, or unset DOCKER_HOST environment variable.\n"
        )
    return 0
