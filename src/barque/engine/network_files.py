"""``/etc/hosts``, ``/etc/resolv.conf`` and ``/etc/hostname`` of a container, as Docker writes them."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Sequence
from typing import Any

from barque.errors import InvalidArgument

HOST_RESOLV = "/etc/resolv.conf"
SYSTEMD_RESOLV = "/run/systemd/resolve/resolv.conf"
DEFAULT_NAMESERVERS = ("8.8.8.8", "8.8.4.4")
HOST_GATEWAY = "host-gateway"
FIXED_HOSTS = (
    ("127.0.0.1", "localhost"),
    ("::1", "localhost ip6-localhost ip6-loopback"),
    ("fe00::", "ip6-localnet"),
    ("ff00::", "ip6-mcastprefix"),
    ("ff02::1", "ip6-allnodes"),
    ("ff02::2", "ip6-allrouters"),
)


def hosts(
    hostname: str, domainname: str, addresses: Sequence[str], extra_hosts: Sequence[str], gateway: str = ""
) -> str:
    """The hosts file: fixed lines, ``name:address`` extras (``host-gateway`` is ``gateway``), the container's own."""
    rows = [*FIXED_HOSTS, *(extra_host(entry, gateway) for entry in extra_hosts)]
    names = f"{hostname}.{domainname} {hostname}" if domainname else hostname
    rows += [(address, names) for address in addresses]
    return "".join(f"{address}\t{name}\n" for address, name in rows)


def extra_host(entry: str, gateway: str = "") -> tuple[str, str]:
    """``(address, name)`` of ``name:address``. Raises InvalidArgument."""
    name, colon, address = entry.partition(":")
    if not colon or not name:
        raise InvalidArgument(f'bad format for add-host: "{entry}"')
    if address == HOST_GATEWAY:
        if not gateway:
            raise InvalidArgument("unable to derive the IP value for host-gateway")
        return gateway, name
    try:
        ipaddress.ip_address(address.strip("[]"))
    except ValueError:
        raise InvalidArgument(f'invalid IP address in add-host: "{address}"') from None
    return address.strip("[]"), name


def resolv_conf(
    host: str, dns: Sequence[str], search: Sequence[str], options: Sequence[str], own_network: bool = True
) -> str:
    """The resolver's file from the text of the host's and what the user gave, which wins kind by kind.

    In a network of its own (``own_network``) a container cannot reach the host's loopback resolvers: without others
    left it gets Docker's defaults. ``search`` of ``.`` alone means none.
    """
    servers, domains, settings = parse_resolv(host)
    if own_network:
        servers = [server for server in servers if _reachable(server)] or list(DEFAULT_NAMESERVERS)
    servers, domains, settings = list(dns) or servers, list(search) or domains, list(options) or settings
    if domains == ["."]:
        domains = []
    text = "".join(f"nameserver {server}\n" for server in servers)
    text += f"search {' '.join(domains)}\n" if domains else ""
    return text + (f"options {' '.join(settings)}\n" if settings else "")


def parse_resolv(text: str) -> tuple[list[str], list[str], list[str]]:
    """``(nameservers, search domains, options)`` of resolv.conf(5); the last ``search`` or ``domain`` counts."""
    servers: list[str] = []
    domains: list[str] = []
    options: list[str] = []
    for line in text.splitlines():
        words = line.split("#", 1)[0].split(";", 1)[0].split()
        if len(words) < 2:
            continue
        if words[0] == "nameserver":
            servers.append(words[1])
        elif words[0] in ("search", "domain"):
            domains = words[1:]
        elif words[0] == "options":
            options += words[1:]
    return servers, domains, options


def _reachable(server: str) -> bool:
    try:
        address = ipaddress.ip_address(server.partition("%")[0])
    except ValueError:
        return False
    return address.version == 4 and not address.is_loopback


def host_resolv() -> str:
    """The host's resolv.conf; systemd-resolved's own list where the host only names its stub."""
    try:
        with open(HOST_RESOLV) as file:
            text = file.read()
        if parse_resolv(text)[0] == ["127.0.0.53"] and os.path.exists(SYSTEMD_RESOLV):
            with open(SYSTEMD_RESOLV) as file:
                return file.read()
    except OSError:
        return ""
    return text


def write_network_files(
    directory: str,
    config: dict[str, Any],
    host_config: dict[str, Any],
    addresses: Sequence[str],
    gateway: str = "",
    linked: Sequence[tuple[str, str]] = (),
) -> dict[str, str]:
    """Write ``hosts``, ``hostname`` and ``resolv.conf`` into ``directory``: their paths by name.

    ``config`` has Docker's ``Hostname`` and ``Domainname``; ``host_config`` its ``NetworkMode``, ``ExtraHosts``,
    ``Dns``, ``DnsSearch``, ``DnsOptions``; ``addresses`` are the container's, ``linked`` further lines of hosts.
    """
    host_mode = host_config.get("NetworkMode") == "host"
    extras = host_config.get("ExtraHosts") or []
    hostname = str(config.get("Hostname") or "")
    if host_mode:
        own = "".join("\t".join(extra_host(entry, gateway)) + "\n" for entry in extras)
        table = _read("/etc/hosts") + own
    else:
        table = hosts(hostname, str(config.get("Domainname") or ""), addresses, extras, gateway)
        table += "".join(f"{address}\t{names}\n" for address, names in linked)
    resolver = resolv_conf(
        _read(HOST_RESOLV) if host_mode else host_resolv(),
        host_config.get("Dns") or [],
        host_config.get("DnsSearch") or [],
        host_config.get("DnsOptions") or [],
        own_network=not host_mode,
    )
    written = {}
    for name, text in (("hosts", table), ("hostname", hostname + "\n"), ("resolv.conf", resolver)):
        path = os.path.join(directory, name)
        with open(path, "w") as file:
            file.write(text)
        os.chmod(path, 0o644)
        written[name] = path
    return written


def _read(path: str) -> str:
    try:
        with open(path) as file:
            return file.read()
    except OSError:
        return ""
