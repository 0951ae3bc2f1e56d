"""The columns of a list of containers."""

from __future__ import annotations

import time

from barque.cli import times, units

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Json = dict[str, Any]

KIND = "*formatter.ContainerContext"
DEFAULT = r"{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}"


def ellipsis(text: str, width: int) -> str:
    """``text`` cut to ``width`` characters, the last an ellipsis."""
    return text if len(text) <= width else text[: width - 1] + "…"


def names(record: Json, full: bool) -> str:
    """Names without their slash; without those under other containers unless ``full``."""
    found = [name.removeprefix("/") for name in record.get("Names") or []]
    if not full:
        found = [name for name in found if "/" not in name]
    return ",".join(found)


def image(record: Json, full: bool) -> str:
    """The image as it was named; short when it is an ID or has a digest."""
    name: str = record.get("Image") or ""
    if not name:
        return "<no image>"
    if full:
        return name
    identity: str = record.get("ImageID") or ""
    if (
        identity.removeprefix("sha256:")[:12]
        and name.removeprefix("sha256:")[:12] == identity.removeprefix("sha256:")[:12]
    ):
        return name.removeprefix("sha256:")[:12]
    if "@sha256:" in name:
        head = name.partition("@")[0]
        if ":" in head.rpartition("/")[2]:
            return head
    return name


def _port_key(port: Json) -> tuple[Any, ...]:
    return (port.get("PrivatePort") or 0, port.get("IP") or "", port.get("PublicPort") or 0, port.get("Type") or "")


def ports(record: Json) -> str:
    """``0.0.0.0:80->80/tcp``, runs of neighbouring ports as ranges."""
    groups: dict[tuple[str, str, bool], list[tuple[int, int]]] = {}
    order: list[tuple[str, str, bool]] = []
    singles: list[str] = []
    for port in sorted(record.get("Ports") or [], key=_port_key):
        private, public = int(port["PrivatePort"]), int(port.get("PublicPort") or 0)
        address, protocol = str(port.get("IP") or ""), str(port.get("Type") or "tcp")
        if address and public != private:
            singles.append(f"{_bracketed(address)}:{public}->{private}/{protocol}")
            continue
        key = (address, protocol, bool(public))
        if key not in groups:
            order.append(key)
        spans = groups.setdefault(key, [])
        if spans and private <= spans[-1][1] + 1:
            spans[-1] = (spans[-1][0], max(private, spans[-1][1]))
        else:
            spans.append((private, private))
    shown = []
    for key in order:
        for first, last in groups[key]:
            span = str(first) if first == last else f"{first}-{last}"
            shown.append(f"{_bracketed(key[0])}:{span}->{span}/{key[1]}" if key[0] else f"{span}/{key[1]}")
    return ", ".join(shown + singles)


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def _size(record: Json) -> str:
    size = units.decimal_size(record.get("SizeRw") or 0, 3)
    virtual = record.get("SizeRootFs") or 0
    return f"{size} (virtual {units.decimal_size(virtual, 3)})" if virtual > 0 else size


def _mounts(record: Json, full: bool) -> str:
    found = []
    for mount in record.get("Mounts") or []:
        name = mount.get("Name") or mount.get("Source") or ""
        found.append(name if full else ellipsis(name, 15))
    return ",".join(found)


def _platform(record: Json) -> str:
    described = record.get("ImageManifestDescriptor") or {}
    platform = described.get("platform") or {}
    return "/".join(str(platform[key]) for key in ("os", "architecture", "variant") if platform.get(key))


def _health(record: Json) -> str:
    health = (record.get("Health") or {}).get("Status")
    if health:
        return str(health)
    status: str = record.get("Status") or ""
    for word in ("healthy", "unhealthy"):
        if f"({word})" in status:
            return word
    return "starting" if "(health: starting)" in status else ""


def columns(full: bool) -> dict[str, tuple[str, Callable[..., Any]]]:
    """``full`` for ``--no-trunc``."""
    identity: Callable[[Json], str] = (lambda r: r["Id"]) if full else (lambda r: r["Id"][:12])
    now = time.time()
    return {
        "ID": ("CONTAINER ID", identity),
        "Names": ("NAMES", lambda r: names(r, full)),
        "Image": ("IMAGE", lambda r: image(r, full)),
        "Command": ("COMMAND", lambda r: quoted(r["Command"] if full else ellipsis(r["Command"], 20))),
        "CreatedAt": ("CREATED AT", lambda r: times.local(r["Created"])),
        "RunningFor": ("CREATED", lambda r: units.human_duration(now - r["Created"]) + " ago"),
        "Ports": ("PORTS", ports),
        "State": ("STATE", lambda r: r.get("State") or ""),
        "Status": ("STATUS", lambda r: r.get("Status") or ""),
        "Size": ("SIZE", _size),
        "Labels": ("LABELS", lambda r: ",".join(f"{k}={v}" for k, v in (r.get("Labels") or {}).items())),
        "Label": ("", lambda r, name: (r.get("Labels") or {}).get(name, "")),
        "Mounts": ("MOUNTS", lambda r: _mounts(r, full)),
        "LocalVolumes": (
            "LOCAL VOLUMES",
            lambda r: str(sum(1 for mount in r.get("Mounts") or [] if mount.get("Driver") == "local")),
        ),
        "Networks": ("NETWORKS", lambda r: ",".join((r.get("NetworkSettings") or {}).get("Networks") or {})),
        "Platform": ("PLATFORM", _platform),
        "HealthStatus": ("HEALTH STATUS", _health),
    }


def quoted(text: str) -> str:
    from barque.cli.template import printf

    return printf.quoted(text)
