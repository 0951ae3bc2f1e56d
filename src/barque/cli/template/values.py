"""Values as Go prints and compares them."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any


class Missing:
    """What a key that a map does not have gives: prints ``<no value>``, is empty."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return False


MISSING = Missing()


class Nil(Missing):
    """A null of a known Go type: empty, null as JSON, and printed as that type's zero value."""

    __slots__ = ("shown",)

    def __init__(self, shown: str) -> None:
        self.shown = shown


_LISTS = """
Args Aliases Binds BlkioDeviceReadBps BlkioDeviceReadIOps BlkioDeviceWriteBps BlkioDeviceWriteIOps BlkioWeightDevice
CapAdd CapDrop Capabilities Cmd Devices DeviceCgroupRules DeviceRequests Dns DnsOptions DnsSearch Entrypoint Env ExecIDs
ExtraHosts GroupAdd Layers Links MaskedPaths Mounts OnBuild ReadonlyPaths RepoDigests RepoTags SecondaryIPAddresses
SecondaryIPv6Addresses SecurityOpt Shell Ulimits VolumesFrom
"""
_MAPS = "Annotations Containers DriverOpts ExposedPorts Labels Options Ports Volumes"
NIL_TEXTS = dict.fromkeys(_LISTS.split(), "[]") | dict.fromkeys(_MAPS.split(), "map[]")
"""What a null prints as under these names of an inspected object."""


class Record:
    """An object with computed fields. ``methods``: name to ``function(data, *arguments)``; ``kind``: its Go type."""

    __slots__ = ("data", "kind", "methods")

    def __init__(self, data: Any, methods: Mapping[str, Callable[..., Any]], kind: str) -> None:
        self.data = data
        self.methods = methods
        self.kind = kind

    def fields(self) -> dict[str, Any]:
        """All fields that need no argument, sorted by name."""
        return {name: method(self.data) for name, method in sorted(self.methods.items()) if name != "Label"}


def float_text(value: float) -> str:
    """``%v`` of a float64."""
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "+Inf" if value > 0 else "-Inf"
    text = repr(value)
    mantissa, _, exponent = text.partition("e")
    if value and not 1e-4 <= abs(value) < 1e21:
        if not exponent:
            mantissa, exponent = f"{value:e}".split("e")
            mantissa = mantissa.rstrip("0").rstrip(".")
        return f"{mantissa.removesuffix('.0')}e{int(exponent):+03d}"
    if exponent:
        text = f"{value:.30f}".rstrip("0") if abs(value) < 1 else f"{value:.0f}"
    return text.removesuffix(".0")


def text(value: Any, inner: bool = False) -> str:
    """``%v``: maps by sorted key, nil as ``<nil>`` inside something and ``<no value>`` by itself."""
    if isinstance(value, str):
        return value
    if isinstance(value, Nil):
        return value.shown
    if value is None or value is MISSING:
        return "<nil>" if inner else "<no value>"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return float_text(value)
    if isinstance(value, dict):
        return "map[" + " ".join(f"{text(key, True)}:{text(value[key], True)}" for key in sorted(value)) + "]"
    if isinstance(value, (list, tuple)):
        return "[" + " ".join(text(item, True) for item in value) + "]"
    if isinstance(value, Record):
        return "{" + " ".join(text(item, True) for item in value.fields().values()) + "}"
    return str(value)


def plain(value: Any) -> Any:
    """The value as JSON can hold it."""
    if isinstance(value, Record):
        return value.fields()
    return None if isinstance(value, Missing) else value


def kind(value: Any) -> str:
    """Go's name for the value's type in error texts."""
    if isinstance(value, bool):
        return "bool"
    for python, go in (
        (str, "string"),
        (int, "int"),
        (float, "float64"),
        (list, "[]interface {}"),
        (dict, "map[string]interface {}"),
    ):
        if isinstance(value, python):
            return go
    return value.kind if isinstance(value, Record) else "nil"
