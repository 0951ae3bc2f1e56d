"""``barque network ls``."""

from __future__ import annotations

from barque.cli import filters, formatting, times
from barque.cli.template.values import text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from barque.cli.flags import FlagTable, Options
    from barque.cli.session import Session

FLAGS: FlagTable = (
    ("filter", "f", "filter", (), "Show only networks for which this holds"),
    ("format", "", "string", "", "How to print: 'table', 'table TEMPLATE', 'json' or a Go template"),
    ("no-trunc", "", "bool", False, "Do not shorten"),
    ("quiet", "q", "bool", False, "Print only IDs"),
)
USAGE = ""
ARGUMENTS = (0, 0)
_DEFAULT = r"{{.ID}}\t{{.Name}}\t{{.Driver}}\t{{.Scope}}"


def _columns(full: bool) -> dict[str, tuple[str, Callable[..., Any]]]:
    return {
        "ID": ("NETWORK ID", lambda r: r["Id"] if full else r["Id"][:12]),
        "Name": ("NAME", lambda r: r["Name"]),
        "Driver": ("DRIVER", lambda r: r["Driver"]),
        "Scope": ("SCOPE", lambda r: r["Scope"]),
        "IPv4": ("IPV4", lambda r: text(bool(r.get("EnableIPv4")))),
        "IPv6": ("IPV6", lambda r: text(bool(r.get("EnableIPv6")))),
        "Internal": ("INTERNAL", lambda r: text(bool(r.get("Internal")))),
        "Labels": ("LABELS", lambda r: ",".join(f"{k}={v}" for k, v in (r.get("Labels") or {}).items())),
        "Label": ("", lambda r, name: (r.get("Labels") or {}).get(name, "")),
        "CreatedAt": ("CREATED AT", lambda r: _created(r["Created"])),
    }


def _created(moment: str) -> str:
    """Go's ``time.Time.String`` in UTC."""
    date, _, clock = moment.partition("T")
    return f"{date} {clock.removesuffix('Z')} +0000 UTC" if moment.endswith("Z") else times.local(times.seconds(moment))


def execute(session: Session, options: Options, arguments: list[str]) -> int:
    source = options["format"]
    if not source and not options["quiet"]:
        source = session.configuration.text("networksFormat")
    records = session.client.get("/networks", filters.query(options["filter"])).json()
    records.sort(key=lambda record: record["Name"])
    if options["quiet"] and source in ("", "table"):
        source = "{{.ID}}"
    session.out(formatting.show(source, _DEFAULT, _columns(options["no-trunc"]), records, "*formatter.networkContext"))
    return 0
