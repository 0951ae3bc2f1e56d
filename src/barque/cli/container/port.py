"""``barque port``."""

from __future__ import annotations

from barque.cli.failure import Failure
from barque.client.client import quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from barque.cli.flags import FlagTable, Options
    from barque.cli.session import Session

FLAGS: FlagTable = ()
USAGE = "CONTAINER [PRIVATE_PORT[/PROTO]]"
ARGUMENTS = (1, 2)


def _joined(binding: dict[str, str]) -> str:
    address = binding["HostIp"]
    return f"[{address}]:{binding['HostPort']}" if ":" in address else f"{address}:{binding['HostPort']}"


def execute(session: Session, options: Options, arguments: list[str]) -> int:
    container = session.client.get(f"/containers/{quote(arguments[0])}/json").json()
    ports = (container.get("NetworkSettings") or {}).get("Ports") or {}
    lines = []
    if len(arguments) > 1:
        port = arguments[1] if "/" in arguments[1] else arguments[1] + "/tcp"
        if not port.partition("/")[0].isdigit():
            raise Failure(f"Error: invalid port ({arguments[1]})")
        if not ports.get(port):
            raise Failure(f"Error: No public port '{arguments[1]}' published for {arguments[0]}")
        lines = [_joined(binding) for binding in ports[port]]
    else:
        for port in sorted(ports, key=lambda name: (int(name.partition("/")[0]), name.partition("/")[2])):
            lines += [f"{port} -> {_joined(binding)}" for binding in ports[port] or []]
    for line in lines:
        session.line(line)
    return 0
