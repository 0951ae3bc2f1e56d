"""``-p`` and ``--expose``: ``[ip:][hostPort[-hostPort]:]containerPort[-containerPort][/protocol]``."""

from __future__ import annotations

from barque.cli.failure import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    Bindings = dict[str, list[dict[str, str]]]


def port_range(text: str) -> tuple[int, int]:
    """``"80"`` or ``"80-90"``. Raises ``ValueError``."""
    first, dash, last = text.partition("-")
    ends = []
    for part in (first, last if dash else first):
        if not part.isdigit() or not part.isascii():
            raise ValueError(f'strconv.ParseUint: parsing "{part}": invalid syntax')
        if int(part) > 65535:
            raise ValueError(f'strconv.ParseUint: parsing "{part}": value out of range')
        ends.append(int(part))
    if ends[1] < ends[0]:
        raise ValueError(f"invalid range specified for port: {text}")
    return ends[0], ends[1]


def _split(text: str) -> tuple[str, str, str]:
    """Address, host port, container port, as they stand."""
    head, _, container = text.rpartition(":")
    address, _, host = head.rpartition(":")
    return address, host, container


def _is_address(text: str) -> bool:
    import _socket

    for family in (_socket.AF_INET, _socket.AF_INET6):
        try:
            _socket.inet_pton(family, text.partition("%")[0])
        except OSError:
            continue
        return True
    return False


def _publish(text: str, bindings: Bindings) -> None:
    ports, _, protocol = text.partition("/")
    protocol = protocol.lower() or "tcp"
    address, host, container = _split(ports)
    bare = address[1:-1] if address.startswith("[") and address.endswith("]") else address
    if bare and not _is_address(bare):
        raise Failure(f"invalid IP address: {address}", 125)
    if not container:
        raise Failure(f"no port specified: {text}<empty>", 125)
    try:
        first, last = port_range(container)
    except ValueError:
        raise Failure(f"invalid containerPort: {container}", 125) from None
    host_first = host_last = 0
    if host:
        try:
            host_first, host_last = port_range(host)
        except ValueError:
            raise Failure(f"invalid hostPort: {host}", 125) from None
    if host and last - first != host_last - host_first and last != first:
        raise Failure(f"invalid ranges specified for container and host Ports: {container} and {host}", 125)
    if protocol not in ("tcp", "udp", "sctp"):
        raise Failure(f"invalid proto: {protocol}", 125)
    for offset in range(last - first + 1):
        shown = str(host_first + offset) if host else ""
        if host and first == last and host_first != host_last:
            shown = f"{host_first}-{host_last}"
        bindings.setdefault(f"{first + offset}/{protocol}", []).append({"HostIp": bare, "HostPort": shown})


def _long_form(text: str) -> str:
    """``target=80,published=8080,protocol=udp`` as the short form."""
    values = dict(part.partition("=")[::2] for part in text.split(","))
    unknown = set(values) - {"target", "published", "protocol", "mode"}
    if unknown or not values.get("target"):
        raise Failure(f"invalid publish specification: {text}", 125)
    published = values.get("published", "")
    short = f"{published}:{values['target']}" if published else values["target"]
    return f"{short}/{values.get('protocol') or 'tcp'}"


def published(given: Iterable[str]) -> Bindings:
    """``HostConfig.PortBindings``. Raises ``Failure``."""
    bindings: Bindings = {}
    for text in given:
        _publish(_long_form(text) if "=" in text else text, bindings)
    return bindings


def exposed(given: Iterable[str], bindings: Bindings) -> dict[str, dict[str, Any]]:
    """``ExposedPorts``: those published and those of ``--expose``."""
    found: dict[str, dict[str, Any]] = {port: {} for port in bindings}
    for text in given:
        if ":" in text:
            raise Failure(f"invalid port format for --expose: {text}", 125)
        ports, _, protocol = text.partition("/")
        try:
            first, last = port_range(ports)
        except ValueError as error:
            raise Failure(f"invalid range format for --expose: {text}, error: {error}", 125) from None
        for port in range(first, last + 1):
            found[f"{port}/{protocol.lower() or 'tcp'}"] = {}
    return found
