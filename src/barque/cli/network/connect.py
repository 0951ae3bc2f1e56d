"""``barque network connect``."""

from __future__ import annotations

from barque.cli.body.modes import pairs
from barque.client.client import quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from barque.cli.flags import FlagTable, Options
    from barque.cli.session import Session

FLAGS: FlagTable = (
    ("alias", "", "strings", (), "Other name of the container on the network"),
    ("driver-opt", "", "strings", (), "Option for the network driver"),
    ("gw-priority", "", "int", 0, "The network with the highest is the default route"),
    ("ip", "", "string", "", "IPv4 address"),
    ("ip6", "", "string", "", "IPv6 address"),
    ("link", "", "list", (), "Link to another container"),
    ("link-local-ip", "", "strings", (), "Link-local address"),
)
USAGE = "NETWORK CONTAINER"
ARGUMENTS = (2, 2)


def execute(session: Session, options: Options, arguments: list[str]) -> int:
    addresses: dict[str, Any] = {
        "IPv4Address": options["ip"],
        "IPv6Address": options["ip6"],
        "LinkLocalIPs": options["link-local-ip"],
    }
    endpoint: dict[str, Any] = {
        "IPAMConfig": {key: value for key, value in addresses.items() if value},
        "Links": options["link"],
        "Aliases": options["alias"],
        "DriverOpts": pairs(options["driver-opt"]),
        "GwPriority": options["gw-priority"],
    }
    body: dict[str, Any] = {
        "Container": arguments[1],
        "EndpointConfig": {key: value for key, value in endpoint.items() if value},
    }
    session.client.post(f"/networks/{quote(arguments[0])}/connect", body=body).read()
    return 0
