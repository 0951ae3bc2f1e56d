"""``--network`` and the flags that go with the first of them."""

from __future__ import annotations

from barque.cli.body import csvline
from barque.cli.failure import Failure, invalid

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from barque.cli.flags import Options

    Json = dict[str, Any]

_HEX = frozenset("0123456789abcdefABCDEF")


def user_defined(name: str) -> bool:
    """A network that is not one of the special modes."""
    return name not in ("default", "bridge", "host", "none") and not name.startswith("container:")


def _valid_mac(text: str) -> bool:
    parts = text.replace("-", ":").split(":")
    return len(parts) in (6, 8) and all(len(part) == 2 and _HEX.issuperset(part) for part in parts)


def _parse(text: str) -> tuple[str, Json]:
    """Name and endpoint settings of one ``--network``."""
    if "=" not in text:
        return text, {}
    name = ""
    endpoint: Json = {}
    addresses: Json = {}
    for field in csvline.fields(text):
        key, equals, value = field.partition("=")
        key = key.strip().lower()
        value = value.strip()
        if not equals or not key:
            raise ValueError(f"invalid field {field}")
        if key == "name":
            name = value
        elif key == "alias":
            endpoint.setdefault("Aliases", []).append(value)
        elif key == "ip":
            addresses["IPv4Address"] = value
        elif key == "ip6":
            addresses["IPv6Address"] = value
        elif key == "link-local-ip":
            addresses.setdefault("LinkLocalIPs", []).append(value)
        elif key == "mac-address":
            endpoint["MacAddress"] = value
        elif key == "driver-opt":
            option, assigned, setting = value.partition("=")
            if not assigned:
                raise ValueError("invalid key value pair format in driver options")
            endpoint.setdefault("DriverOpts", {})[option.lower()] = setting
        elif key == "gw-priority":
            try:
                endpoint["GwPriority"] = int(value)
            except ValueError:
                raise ValueError(f'invalid gw-priority: strconv.Atoi: parsing "{value}": invalid syntax') from None
        else:
            raise ValueError(f"invalid field key {key}")
    if not name:
        raise ValueError("no name set for network")
    if addresses:
        endpoint["IPAMConfig"] = addresses
    return name, endpoint


def _conflict(flag: str) -> Failure:
    return Failure(f"conflicting options: cannot specify both --{flag} and per-network {flag}", 125)


def _merge_flags(options: Options, endpoint: Json) -> None:
    """``--ip`` and its like belong to the first network."""
    addresses: Json = endpoint.setdefault("IPAMConfig", {})
    if options["network-alias"] and endpoint.get("Aliases"):
        raise Failure("conflicting options: cannot specify both --network-alias and per-network alias", 125)
    if options["network-alias"]:
        endpoint["Aliases"] = list(options["network-alias"])
    if options["link"]:
        endpoint["Links"] = list(options["link"])
    for flag, key in (("ip", "IPv4Address"), ("ip6", "IPv6Address"), ("link-local-ip", "LinkLocalIPs")):
        if options[flag]:
            if addresses.get(key):
                raise Failure(f"conflicting options: cannot specify both --{flag} and per-network {_shown(flag)}", 125)
            addresses[key] = options[flag]
    if options["mac-address"]:
        if endpoint.get("MacAddress"):
            raise _conflict("mac-address")
        endpoint["MacAddress"] = options["mac-address"]
    if not addresses:
        del endpoint["IPAMConfig"]


def _shown(flag: str) -> str:
    return {"ip": "IPv4 address", "ip6": "IPv6 address", "link-local-ip": "link-local IP addresses"}[flag]


def networks(options: Options) -> tuple[str, dict[str, Json]]:
    """``HostConfig.NetworkMode`` and ``NetworkingConfig.EndpointsConfig``. Raises ``Failure``."""
    if options["mac-address"] and not _valid_mac(options["mac-address"]):
        raise Failure(f"{options['mac-address']} is not a valid mac address", 125)
    for link in options["link"]:
        if not link:
            raise invalid("--link", link, "empty string specified for links")
    parsed: list[tuple[str, Json]] = []
    for text in options["network"]:
        if not text:
            raise Failure("no name set for network", 125)
        try:
            parsed.append(_parse(text))
        except ValueError as error:
            raise invalid("--network", text, str(error)) from None
    mode = parsed[0][0] if parsed else "default"
    if not parsed:
        parsed = [("default", {})]
    endpoints: dict[str, Json] = {}
    for place, (name, endpoint) in enumerate(parsed):
        if len(parsed) > 1 and (name in ("host", "none") or name.startswith("container:")):
            raise Failure(
                "conflicting options: cannot attach both user-defined and non-user-defined network-modes", 125
            )
        if place == 0:
            _merge_flags(options, endpoint)
        if not user_defined(name) and endpoint.get("Aliases"):
            raise Failure("network-scoped aliases are only supported for user-defined networks", 125)
        if name in endpoints:
            raise Failure(f'network "{name}" is specified multiple times', 125)
        endpoints[name] = endpoint
    return mode, {name: endpoint for name, endpoint in endpoints.items() if endpoint or user_defined(name)}
