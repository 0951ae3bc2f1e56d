"""``barque network create``."""

from __future__ import annotations

from barque.cli.body.environment import labels
from barque.cli.body.modes import pairs
from barque.cli.failure import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from barque.cli.flags import FlagTable, Options
    from barque.cli.session import Session

    Json = dict[str, Any]

FLAGS: FlagTable = (
    ("attachable", "", "bool", False, "Let containers be attached by hand"),
    ("aux-address", "", "map", (), "Address that is taken already, with a name for it"),
    ("config-from", "", "string", "", "Network to take the configuration from"),
    ("config-only", "", "bool", False, "Make only a configuration"),
    ("driver", "d", "string", "bridge", "Driver"),
    ("gateway", "", "strings", (), "Address of the gateway"),
    ("ingress", "", "bool", False, "Make the swarm routing mesh"),
    ("internal", "", "bool", False, "No way out"),
    ("ip-range", "", "strings", (), "Range to give addresses from"),
    ("ipam-driver", "", "string", "default", "Driver of address management"),
    ("ipam-opt", "", "map", (), "Option for the driver of address management"),
    ("ipv4", "", "bool", True, "Give IPv4 addresses"),
    ("ipv6", "", "bool", False, "Give IPv6 addresses"),
    ("label", "", "list", (), "Metadata"),
    ("opt", "o", "map", (), "Option for the driver"),
    ("scope", "", "string", "", "Reach of the network"),
    ("subnet", "", "strings", (), "Subnet in CIDR form"),
)
USAGE = "NETWORK"
ARGUMENTS = (1, 1)


def _within(subnet: str, text: str) -> bool:
    import ipaddress

    address = ipaddress.ip_network(text, strict=False) if "/" in text else ipaddress.ip_address(text)
    net = ipaddress.ip_network(subnet, strict=False)
    if address.version != net.version:
        return False
    first = address.network_address if isinstance(address, ipaddress.IPv4Network | ipaddress.IPv6Network) else address
    return first in net


def _pools(options: Options) -> list[Json]:
    """``IPAM.Config``: every range, gateway and auxiliary address goes to the subnet it lies in."""
    pools: dict[str, Json] = {}
    try:
        for subnet in (part for text in options["subnet"] for part in text.split(",")):
            for other in pools:
                if _within(other, subnet.partition("/")[0]) or _within(subnet, other.partition("/")[0]):
                    raise Failure("multiple overlapping subnet configuration is not supported")
            pools[subnet] = {"Subnet": subnet}
        for flag, key, words in (("ip-range", "IPRange", "range"), ("gateway", "Gateway", "gateway")):
            for value in (part for text in options[flag] for part in text.split(",")):
                subnet = next((net for net in pools if _within(net, value)), "")
                if not subnet:
                    raise Failure(f"no matching subnet for {words} {value}")
                if key in pools[subnet]:
                    raise Failure(f"cannot configure multiple {words}s on the same subnet ({subnet})")
                pools[subnet][key] = value
        for name, value in pairs(options["aux-address"]).items():
            subnet = next((net for net in pools if _within(net, value)), "")
            if not subnet:
                raise Failure(f"no matching subnet for aux-address {value}")
            pools[subnet].setdefault("AuxiliaryAddresses", {})[name] = value
    except ValueError as error:
        raise Failure(f"invalid CIDR address: {error}") from None
    return list(pools.values())


def execute(session: Session, options: Options, arguments: list[str]) -> int:
    body: Json = {
        "Name": arguments[0],
        "Driver": options["driver"],
        "Options": pairs(options["opt"]),
        "IPAM": {
            "Driver": options["ipam-driver"],
            "Options": pairs(options["ipam-opt"]),
            "Config": _pools(options),
        },
        "Internal": options["internal"],
        "Ingress": options["ingress"],
        "Attachable": options["attachable"],
        "ConfigOnly": options["config-only"],
        "Scope": options["scope"],
        "Labels": labels((), options["label"], "--label"),
        "CheckDuplicate": True,
    }
    for flag, key in (("ipv4", "EnableIPv4"), ("ipv6", "EnableIPv6")):
        if flag in options.changed:
            body[key] = options[flag]
    if options["config-from"]:
        body["ConfigFrom"] = {"Network": options["config-from"]}
    answer = session.client.post("/networks/create", body=body).json()
    if answer.get("Warning"):
        session.warn([answer["Warning"]])
    session.line(answer["Id"])
    return 0
