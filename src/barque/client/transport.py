"""Open a connection: a ``_socket.socket`` in the end, or a ``TlsConnection`` with the same verbs."""

from __future__ import annotations

import _socket
import os

from barque.client.errors import CannotConnect

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from barque.client.address import Address
    from barque.client.endpoint import Endpoint

    class Connection(Protocol):
        """The verbs of a stream socket that the client uses."""

        def recv(self, size: int, /) -> bytes: ...
        def send(self, data: bytes | memoryview, /) -> int: ...
        def sendall(self, data: bytes, /) -> None: ...
        def shutdown(self, how: int, /) -> None: ...
        def setblocking(self, flag: bool, /) -> None: ...
        def settimeout(self, seconds: float | None, /) -> None: ...
        def fileno(self) -> int: ...
        def close(self) -> None: ...


def unreachable(address: Address, reason: str) -> CannotConnect:
    """The error for an endpoint where nobody answers, in Docker's words."""
    if address.scheme == "ssh":
        return CannotConnect(f"error during connect: {reason}", reason)
    if "permission denied" in reason:
        return CannotConnect(
            f"permission denied while trying to connect to the Docker daemon socket at {address.text}: {reason}", reason
        )
    return CannotConnect(
        f"Cannot connect to the Docker daemon at {address.text}. Is the docker daemon running?", reason
    )


def _unix(address: Address) -> Connection:
    connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    try:
        connection.connect(address.path)
    except OSError as error:
        connection.close()
        raise unreachable(address, (error.strerror or str(error)).lower()) from None
    return connection


def _tcp(address: Address) -> _socket.socket:
    try:
        found = _socket.getaddrinfo(address.host, address.port, 0, _socket.SOCK_STREAM)
    except OSError as error:
        raise unreachable(address, f"lookup {address.host}: {error.strerror}") from None
    reason = "no address"
    for family, kind, protocol, _, where in found:
        connection = _socket.socket(family, kind, protocol)
        try:
            connection.settimeout(30)
            connection.connect(where)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            connection.close()
            continue
        connection.settimeout(None)
        connection.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_NODELAY, 1)
        return connection
    raise unreachable(address, reason)


def ssh_command(address: Address) -> list[str]:
    """The ssh command line that carries the API: the far side runs ``docker system dial-stdio``."""
    command = ["ssh", "-o", "ConnectTimeout=30", "-T"]
    if address.user:
        command += ["-l", address.user]
    if address.port:
        command += ["-p", address.port]
    command += ["--", address.host, "docker"]
    if address.path:
        command += ["--host", f"unix://{address.path}"]
    return [*command, "system", "dial-stdio"]


def _ssh(address: Address) -> Connection:
    near, far = _socket.socketpair()
    os.set_inheritable(far.fileno(), True)
    command = ssh_command(address)
    try:
        # own session: a ctrl-c meant for the command must not cut the connection it is handled over
        os.posix_spawnp(
            command[0],
            command,
            os.environ,
            file_actions=[(os.POSIX_SPAWN_DUP2, far.fileno(), 0), (os.POSIX_SPAWN_DUP2, far.fileno(), 1)],
            setsid=True,
        )
    except OSError as error:
        near.close()
        raise unreachable(address, f"{command[0]}: {error.strerror}") from None
    finally:
        far.close()
    return near


def connect(endpoint: Endpoint) -> Connection:
    """A new connection to ``endpoint``, TLS handshake done. Raises ``CannotConnect``."""
    address = endpoint.address
    if address.scheme == "unix":
        return _unix(address)
    if address.scheme == "ssh":
        return _ssh(address)
    plain = _tcp(address)
    if endpoint.tls is None:
        return plain
    from barque.client.tls import TlsConnection

    return TlsConnection(plain, endpoint.tls, address)
