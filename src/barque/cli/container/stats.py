"""``barque stats``."""

from __future__ import annotations

import os

from barque.cli import formatting
from barque.cli.units import binary_size, decimal_size
from barque.client.client import quote
from barque.client.errors import CannotConnect
from barque.errors import NotFound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from barque.cli.flags import FlagTable, Options
    from barque.cli.session import Session
    from barque.client.response import Response

    Json = dict[str, Any]

FLAGS: FlagTable = (
    ("all", "a", "bool", False, "Show containers that do not run too"),
    ("format", "", "string", "", "How to print: 'table', 'table TEMPLATE', 'json' or a Go template"),
    ("no-stream", "", "bool", False, "Print once and stop"),
    ("no-trunc", "", "bool", False, "Do not shorten"),
)
USAGE = "[CONTAINER...]"
ARGUMENTS = (0, -1)
_DEFAULT = r"{{.ID}}\t{{.Name}}\t{{.CPUPerc}}\t{{.MemUsage}}\t{{.MemPerc}}\t{{.NetIO}}\t{{.BlockIO}}\t{{.PIDs}}"


def cpu_percent(sample: Json) -> float:
    """Share of one CPU, in percent, since the sample before."""
    now, before = sample.get("cpu_stats") or {}, sample.get("precpu_stats") or {}
    usage = now.get("cpu_usage") or {}
    used = usage.get("total_usage", 0) - (before.get("cpu_usage") or {}).get("total_usage", 0)
    passed = now.get("system_cpu_usage", 0) - before.get("system_cpu_usage", 0)
    cpus = now.get("online_cpus") or len(usage.get("percpu_usage") or [])
    return float(used) / passed * cpus * 100 if used > 0 and passed > 0 else 0.0


def memory_used(memory: Json) -> int:
    """Bytes without the page cache that could be dropped."""
    usage = int(memory.get("usage") or 0)
    details = memory.get("stats") or {}
    inactive = int(details.get("total_inactive_file", details.get("inactive_file", 0)))
    return usage - inactive if inactive < usage else usage


def _blocks(sample: Json) -> tuple[int, int]:
    read = written = 0
    for entry in (sample.get("blkio_stats") or {}).get("io_service_bytes_recursive") or []:
        operation = entry.get("op", "")[:1].lower()
        read += entry["value"] if operation == "r" else 0
        written += entry["value"] if operation == "w" else 0
    return read, written


def _columns(full: bool) -> formatting.Columns:
    def memory(sample: Json) -> str:
        found = sample.get("memory_stats") or {}
        return f"{binary_size(memory_used(found))} / {binary_size(found.get('limit') or 0)}"

    def memory_percent(sample: Json) -> str:
        found = sample.get("memory_stats") or {}
        limit = found.get("limit") or 0
        return f"{memory_used(found) / limit * 100 if limit else 0:.2f}%"

    def network(sample: Json) -> str:
        found = (sample.get("networks") or {}).values()
        received, sent = sum(net["rx_bytes"] for net in found), sum(net["tx_bytes"] for net in found)
        return f"{decimal_size(received, 3)} / {decimal_size(sent, 3)}"

    def blocks(sample: Json) -> str:
        read, written = _blocks(sample)
        return f"{decimal_size(read, 3)} / {decimal_size(written, 3)}"

    return {
        "Container": ("CONTAINER", lambda r: r["asked"] if full else r["asked"][:64]),
        "Name": ("NAME", lambda r: (r.get("name") or "").removeprefix("/") or "--"),
        "ID": ("CONTAINER ID", lambda r: r["id"] if full else r["id"][:12]),
        "CPUPerc": ("CPU %", lambda r: f"{cpu_percent(r):.2f}%"),
        "MemUsage": ("MEM USAGE / LIMIT", memory),
        "MemPerc": ("MEM %", memory_percent),
        "NetIO": ("NET I/O", network),
        "BlockIO": ("BLOCK I/O", blocks),
        "PIDs": ("PIDS", lambda r: str((r.get("pids_stats") or {}).get("current") or 0)),
    }


class _Watched:
    """One container's stream of samples."""

    def __init__(self, asked: str, response: Response) -> None:
        self.asked = asked
        self._response = response
        self._samples: Iterator[Json] = response.lines()

    def next(self) -> Json | None:
        try:
            sample = next(self._samples, None)
        except (CannotConnect, ValueError):
            return None
        return {**sample, "asked": self.asked, "id": sample.get("id") or self.asked} if sample else None

    def close(self) -> None:
        self._response.close()


def _names(session: Session, options: Options, arguments: list[str]) -> list[str]:
    if arguments:
        return arguments
    query = {"all": "1"} if options["all"] else {}
    return [record["Id"] for record in session.client.get("/containers/json", query).json()]


def _refresh(session: Session, watched: dict[str, _Watched], names: list[str], strict: bool) -> None:
    for name in names:
        if name in watched:
            continue
        try:
            response = session.client.get(f"/containers/{quote(name)}/stats", {"stream": "1"})
        except NotFound:
            if strict:
                raise
            continue
        watched[name] = _Watched(name, response)
        # the first sample has nothing to compare its CPU time with
        watched[name].next()
    for name in [name for name in watched if name not in names]:
        watched.pop(name).close()


def execute(session: Session, options: Options, arguments: list[str]) -> int:
    source = options["format"] or session.configuration.text("statsFormat")
    watched: dict[str, _Watched] = {}
    terminal = os.isatty(1)
    try:
        while True:
            names = _names(session, options, arguments)
            _refresh(session, watched, names, bool(arguments))
            samples = [sample for sample in (watched[name].next() for name in names if name in watched) if sample]
            text = formatting.show(source, _DEFAULT, _columns(options["no-trunc"]), samples, "*container.statsContext")
            if not options["no-stream"] and terminal:
                text = "\x1b[H" + text.replace("\n", "\x1b[K\n") + "\x1b[J"
            session.out(text)
            if options["no-stream"] or (arguments and not samples):
                return 0
    finally:
        for one in watched.values():
            one.close()
