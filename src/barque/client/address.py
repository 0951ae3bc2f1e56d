"""Host strings: ``unix:///path``, ``tcp://host[:port][/base]``, ``ssh://[user@]host[:port][/socket]``, a bare one."""

from __future__ import annotations

from barque.errors import InvalidArgument

DEFAULT_HOST = "unix:///var/run/docker.sock"
DEFAULT_PORT = "2375"
DEFAULT_TLS_PORT = "2376"


class Address:
    """A parsed host string. ``scheme`` is unix, tcp or ssh; ``path`` the socket (unix, ssh) or the base path (tcp)."""

    __slots__ = ("host", "path", "port", "scheme", "text", "user")

    def __init__(self, text: str, scheme: str, host: str = "", port: str = "", path: str = "", user: str = "") -> None:
        self.text = text
        self.scheme = scheme
        self.host = host
        self.port = port
        self.path = path
        self.user = user


def _split_port(authority: str) -> tuple[str, str]:
    if authority.startswith("["):
        host, _, rest = authority[1:].partition("]")
        return host, rest.removeprefix(":")
    host, _, port = authority.partition(":")
    return host, port


def parse(text: str, tls: bool = False) -> Address:
    """The address meant by ``text``; an empty one is the default socket. Raises ``InvalidArgument``."""
    given = text.strip() or DEFAULT_HOST
    if "://" not in given:
        given = "tcp://" + given
    scheme, _, rest = given.partition("://")
    if scheme in ("unix", "fd"):
        return Address(given, "unix", path=rest or DEFAULT_HOST.removeprefix("unix://"))
    authority, slash, path = rest.partition("/")
    if scheme == "tcp":
        host, port = _split_port(authority)
        if port and not port.isdigit():
            raise InvalidArgument(f"Invalid bind address format: {text}")
        host = host or "127.0.0.1"
        port = port or (DEFAULT_TLS_PORT if tls else DEFAULT_PORT)
        shown = f"[{host}]" if ":" in host else host
        return Address(f"tcp://{shown}:{port}{slash}{path}", "tcp", host, port, (slash + path).rstrip("/"))
    if scheme == "ssh":
        user, _, where = authority.rpartition("@")
        if ":" in user:
            raise InvalidArgument("invalid SSH URL: plain-text password is not supported")
        host, port = _split_port(where)
        if not host:
            raise InvalidArgument("invalid SSH URL: no host specified")
        return Address(given, "ssh", host, port, slash + path if path else "", user)
    raise InvalidArgument(f"invalid host {text!r}: unsupported protocol: {scheme}")
