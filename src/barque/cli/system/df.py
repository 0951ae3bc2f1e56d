"""``barque system df``."""

from __future__ import annotations

import time

from barque.cli import formatting, times
from barque.cli.container import columns as containers
from barque.cli.image import columns as images
from barque.cli.units import decimal_size, human_duration
from barque.cli.volume import ls as volumes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from barque.cli.flags import FlagTable, Options
    from barque.cli.session import Session

    Json = dict[str, Any]

FLAGS: FlagTable = (
    ("format", "", "string", "", "How to print: 'table', 'table TEMPLATE', 'json' or a Go template"),
    ("verbose", "v", "bool", False, "Show each object"),
)
USAGE = ""
ARGUMENTS = (0, 0)
_DEFAULT = r"{{.Type}}\t{{.TotalCount}}\t{{.Active}}\t{{.Size}}\t{{.Reclaimable}}"
_COLUMNS: formatting.Columns = {
    "Type": ("TYPE", lambda r: r["type"]),
    "TotalCount": ("TOTAL", lambda r: str(r["total"])),
    "Active": ("ACTIVE", lambda r: str(r["active"])),
    "Size": ("SIZE", lambda r: decimal_size(r["size"])),
    "Reclaimable": ("RECLAIMABLE", lambda r: _reclaimable(r)),
}


def _reclaimable(row: Json) -> str:
    shown = decimal_size(row["reclaimable"])
    return f"{shown} ({row['reclaimable'] * 100 // row['size']}%)" if row["size"] > 0 else shown


def _summary(usage: Json) -> list[Json]:
    found_images = usage.get("Images") or []
    used = sum(i["Size"] - max(i.get("SharedSize") or 0, 0) for i in found_images if i.get("Containers", 0) > 0)
    layers = usage.get("LayersSize") or 0
    found_containers = usage.get("Containers") or []
    running = [c for c in found_containers if c.get("State") in ("running", "paused", "restarting")]
    sizes = sum(c.get("SizeRw") or 0 for c in found_containers)
    found_volumes = usage.get("Volumes") or []
    data = [v.get("UsageData") or {"Size": 0, "RefCount": 0} for v in found_volumes]
    cache = usage.get("BuildCache") or []
    return [
        _row("Images", found_images, sum(1 for i in found_images if i.get("Containers", 0) > 0), layers, layers - used),
        _row("Containers", found_containers, len(running), sizes, sizes - sum(c.get("SizeRw") or 0 for c in running)),
        _row(
            "Local Volumes",
            found_volumes,
            sum(1 for d in data if d["RefCount"] > 0),
            sum(max(d["Size"], 0) for d in data),
            sum(max(d["Size"], 0) for d in data if d["RefCount"] == 0),
        ),
        _row(
            "Build Cache",
            cache,
            sum(1 for c in cache if c.get("InUse")),
            sum(c["Size"] for c in cache if not c.get("Shared")),
            sum(c["Size"] for c in cache if not c.get("Shared") and not c.get("InUse")),
        ),
    ]


def _row(kind: str, records: list[Json], active: int, size: int, reclaimable: int) -> Json:
    return {"type": kind, "total": len(records), "active": active, "size": size, "reclaimable": max(reclaimable, 0)}


def _since(moment: str | None) -> str:
    then = times.seconds(moment or "")
    return f"{human_duration(time.time() - then)} ago" if then else ""


def _verbose(usage: Json) -> str:
    image = images.columns(False)
    image_format = images.DEFAULT + r"\t{{.SharedSize}}\t{{.UniqueSize}}\t{{.Containers}}"
    container_format = (
        r"{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.LocalVolumes}}\t{{.Size}}\t{{.RunningFor}}\t{{.Status}}\t{{.Names}}"
    )
    sized = {**containers.columns(False), "Size": ("SIZE", lambda r: decimal_size(r.get("SizeRw") or 0, 3))}
    cache = usage.get("BuildCache") or []
    parts = [
        "Images space usage:\n\n",
        formatting.show("", image_format, image, images.rows(usage.get("Images") or [], False), images.KIND),
        "\nContainers space usage:\n\n",
        formatting.show("", container_format, sized, usage.get("Containers") or [], containers.KIND),
        "\nLocal Volumes space usage:\n\n",
        formatting.show(
            "", r"{{.Name}}\t{{.Links}}\t{{.Size}}", volumes.COLUMNS, usage.get("Volumes") or [], volumes.KIND
        ),
        f"\nBuild cache usage: {decimal_size(sum(c['Size'] for c in cache if not c.get('Shared')))}\n\n",
    ]
    columns: formatting.Columns = {
        "ID": ("CACHE ID", lambda r: r["ID"][:12]),
        "CacheType": ("CACHE TYPE", lambda r: r["Type"]),
        "Size": ("SIZE", lambda r: decimal_size(r["Size"], 3)),
        "CreatedSince": ("CREATED", lambda r: _since(r.get("CreatedAt"))),
        "LastUsedSince": ("LAST USED", lambda r: _since(r.get("LastUsedAt"))),
        "UsageCount": ("USAGE", lambda r: str(r["UsageCount"])),
        "Shared": ("SHARED", lambda r: "true" if r["Shared"] else "false"),
    }
    default = r"{{.ID}}\t{{.CacheType}}\t{{.Size}}\t{{.CreatedSince}}\t{{.LastUsedSince}}\t{{.UsageCount}}\t{{.Shared}}"
    parts.append(formatting.show("", default, columns, cache, "*formatter.buildCacheContext"))
    return "".join(parts)


def execute(session: Session, options: Options, arguments: list[str]) -> int:
    usage = session.client.get("/system/df").json()
    if options["verbose"] and options["format"] in ("", "table"):
        session.out(_verbose(usage))
        return 0
    rows = _summary(usage)
    session.out(formatting.show(options["format"], _DEFAULT, _COLUMNS, rows, "*formatter.diskUsageContext"))
    return 0
