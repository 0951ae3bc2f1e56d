"""``barque volume ls``."""

from __future__ import annotations

from barque.cli import filters, formatting, units

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from barque.cli.flags import FlagTable, Options
    from barque.cli.session import Session

FLAGS: FlagTable = (
    ("cluster", "", "bool", False, ""),
    ("filter", "f", "filter", (), "Show only volumes for which this holds"),
    ("format", "", "string", "", "How to print: 'table', 'table TEMPLATE', 'json' or a Go template"),
    ("quiet", "q", "bool", False, "Print only names"),
)
USAGE = ""
ARGUMENTS = (0, 0)
KIND = "*formatter.volumeContext"
_DEFAULT = r"{{.Driver}}\t{{.Name}}"


def _usage(record: dict[str, Any], key: str) -> int:
    found = (record.get("UsageData") or {}).get(key)
    return -1 if found is None else int(found)


def _links(record: dict[str, Any]) -> str:
    count = _usage(record, "RefCount")
    return "N/A" if count < 0 else str(count)


def _size(record: dict[str, Any]) -> str:
    size = _usage(record, "Size")
    return "N/A" if size < 0 else units.decimal_size(size)


COLUMNS: formatting.Columns = {
    "Name": ("VOLUME NAME", lambda r: r["Name"]),
    "Driver": ("DRIVER", lambda r: r["Driver"]),
    "Scope": ("SCOPE", lambda r: r.get("Scope") or ""),
    "Mountpoint": ("MOUNTPOINT", lambda r: r.get("Mountpoint") or ""),
    "Labels": ("LABELS", lambda r: ",".join(f"{k}={v}" for k, v in (r.get("Labels") or {}).items())),
    "Label": ("", lambda r, name: (r.get("Labels") or {}).get(name, "")),
    "Links": ("LINKS", _links),
    "Size": ("SIZE", _size),
    "Group": ("GROUP", lambda r: "N/A"),
    "Status": ("STATUS", lambda r: "N/A"),
    "Availability": ("AVAILABILITY", lambda r: "N/A"),
}


def execute(session: Session, options: Options, arguments: list[str]) -> int:
    source = options["format"]
    if not source and not options["quiet"]:
        source = session.configuration.text("volumesFormat")
    answer = session.client.get("/volumes", filters.query(options["filter"])).json()
    records = sorted(answer.get("Volumes") or [], key=lambda record: record["Name"])
    if options["quiet"] and source in ("", "table"):
        source = "{{.Name}}"
    session.out(formatting.show(source, _DEFAULT, COLUMNS, records, KIND))
    return 0
