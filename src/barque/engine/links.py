"""``--link`` on the default bridge: names and environment of another container, read when this one starts."""

from __future__ import annotations

from typing import Any, NamedTuple

from barque.engine.record import Container, ContainerStore
from barque.errors import Conflict, InvalidArgument

NOT_SHOWN = ("HOME", "PATH")


class Link(NamedTuple):
    other: Container
    alias: str
    address: str


def split(word: str) -> tuple[str, str]:
    """``name[:alias]``. Raises InvalidArgument."""
    name, colon, alias = word.partition(":")
    if not name or (colon and not alias) or ":" in alias:
        raise InvalidArgument(f"bad format for links: {word}")
    return name.removeprefix("/"), (alias or name).rpartition("/")[2]


def of(container: Container, store: ContainerStore) -> list[Link]:
    """Raises Conflict for one that does not run, NotFound for one that is not there."""
    found = []
    for word in container.host_config.get("Links") or ():
        name, alias = split(word)
        other = store.find(name)
        if not other.running:
            raise Conflict(f"Cannot link to a non running container: /{other.name} AS /{container.name}/{alias}")
        addresses = [entry.get("IPAddress") or "" for entry in other.networks.values()]
        found.append(Link(other, alias, next(filter(None, addresses), "")))
    return found


def environment(container: Container, links: list[Link]) -> list[str]:
    """``ALIAS_NAME``, ``ALIAS_PORT...`` for exposed ports and ``ALIAS_ENV_...``, as Docker's legacy links set them."""
    out = []
    for link in links:
        prefix = link.alias.upper().replace("-", "_")
        ports = sorted(link.other.config.get("ExposedPorts") or {}, key=lambda p: int(p.partition("/")[0]))
        for position, port in enumerate(ports):
            number, _, protocol = port.partition("/")
            protocol = protocol or "tcp"
            url = f"{protocol}://{link.address}:{number}"
            if position == 0:
                out.append(f"{prefix}_PORT={url}")
            name = f"{prefix}_PORT_{number}_{protocol.upper()}"
            out += [f"{name}={url}", f"{name}_ADDR={link.address}", f"{name}_PORT={number}", f"{name}_PROTO={protocol}"]
        out.append(f"{prefix}_NAME=/{container.name}/{link.alias}")
        for word in link.other.config.get("Env") or ():
            key, equals, value = word.partition("=")
            if equals and key not in NOT_SHOWN:
                out.append(f"{prefix}_ENV_{key}={value}")
    return out


def hosts(links: list[Link]) -> list[tuple[str, str]]:
    """Lines of /etc/hosts: address and names."""
    return [
        (link.address, " ".join(dict.fromkeys((link.alias, link.other.id[:12], link.other.name))))
        for link in links
        if link.address
    ]


def without(host: dict[str, Any], alias: str) -> list[str]:
    """The links but the one with this alias. Raises InvalidArgument when there is none."""
    kept = [word for word in host.get("Links") or () if split(word)[1] != alias]
    if len(kept) == len(host.get("Links") or ()):
        raise InvalidArgument(f"Cannot get parent for the link {alias}: there is no such link")
    return kept
