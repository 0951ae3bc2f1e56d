"""What the daemon is told about registries."""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user's login. ``identity_token`` is an OAuth2 refresh token and is used instead of the password."""

    username: str = ""
    password: str = ""
    identity_token: str = ""

    def __bool__(self) -> bool:
        return bool(self.username or self.identity_token)


@dataclass(frozen=True, slots=True)
class RegistryConfig:
    """``insecure``: host, host:port or CIDR that may be spoken to without (verified) TLS; loopback always may.

    ``mirrors``: URLs asked before Docker Hub. ``certs_dir``: ``<host:port>/{*.crt,*.cert,*.key}`` as dockerd reads.
    """

    insecure: tuple[str, ...] = ()
    mirrors: tuple[str, ...] = ()
    certs_dir: str = "/etc/docker/certs.d"
    user_agent: str = "docker/28.2.2 barque"
    timeout: float = 30.0
    """Seconds without a byte after which a request is tried again."""
    attempts: int = 5
    backoff: float = 0.5
    """Seconds before the first repeat; doubled each time."""
    max_wait: float = 60.0
    """Seconds waited at most when a registry asks for more with Retry-After."""
    insecure_networks: tuple[str, ...] = field(default=("127.0.0.0/8", "::1/128"))

    def is_insecure(self, domain: str) -> bool:
        """Whether plain HTTP and unverified TLS are allowed for ``host[:port]``."""
        if domain in self.insecure or domain.partition(":")[0] == "localhost":
            return True
        host = domain.rsplit(":", 1)[0] if domain.rpartition(":")[2].isdigit() else domain
        if host in self.insecure:
            return True
        networks = [ipaddress.ip_network(n, strict=False) for n in self._networks()]
        return any(address in network for address in _addresses(host) for network in networks)

    def _networks(self) -> list[str]:
        return [*self.insecure_networks, *(entry for entry in self.insecure if "/" in entry)]


def _addresses(host: str) -> list[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    try:
        return [ipaddress.ip_address(host.strip("[]"))]
    except ValueError:
        pass
    try:
        found = socket.getaddrinfo(host, None, proto=socket.IPPROTO_TCP)
    except OSError:
        return []
    return [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
