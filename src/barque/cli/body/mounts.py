"""``-v``, ``--mount`` and ``--tmpfs``."""

from __future__ import annotations

import os

from barque.cli import units
from barque.cli.body import csvline
from barque.cli.failure import Failure, FlagFailure, invalid

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    Json = dict[str, Any]

_SOURCES = ("source", "src")
_TARGETS = ("target", "dst", "destination")
_PROPAGATIONS = ("private", "rprivate", "shared", "rshared", "slave", "rslave")
_TRUE = {"1": True, "t": True, "true": True, "0": False, "f": False, "false": False}


def volumes(given: Iterable[str]) -> tuple[list[str], Json]:
    """``HostConfig.Binds`` (specs with a colon) and ``Volumes`` (anonymous volumes, specs without)."""
    binds: list[str] = []
    anonymous: Json = {}
    for text in given:
        if not text:
            raise Failure("invalid empty volume spec", 125)
        source, _, rest = text.partition(":")
        if not rest:
            anonymous[text] = {}
            continue
        if source.startswith("."):
            source = os.path.abspath(source)
        binds.append(f"{source}:{rest}")
    return binds, anonymous


def tmpfs(given: Iterable[str]) -> dict[str, str]:
    """``HostConfig.Tmpfs``."""
    return {target: options for target, _, options in (text.partition(":") for text in given)}


def mounts(given: Iterable[str]) -> list[Json]:
    """``HostConfig.Mounts``. Raises ``FlagFailure``."""
    found = []
    for text in given:
        try:
            found.append(_mount(text))
        except ValueError as error:
            raise invalid("--mount", text, str(error)) from None
    return found


def _flag(key: str, value: str, given: bool) -> bool:
    if not given:
        return True
    if value.lower() not in _TRUE:
        raise ValueError(f"invalid value for {key}: {value}")
    return _TRUE[value.lower()]


def _bind(mount: Json, key: str, value: str, given: bool) -> bool:
    options = mount.setdefault("BindOptions", {})
    if key == "bind-propagation":
        options["Propagation"] = value.lower()
    elif key == "bind-nonrecursive":
        options["NonRecursive"] = _flag(key, value, given)
    elif key == "bind-recursive":
        if value in ("disabled", "false"):
            options["NonRecursive"] = True
        elif value == "writable":
            options["ReadOnlyNonRecursive"] = True
        elif value == "readonly":
            options["ReadOnlyForceRecursive"] = True
        elif value not in ("enabled", "true"):
            raise ValueError(
                f'invalid value for {key}: {value} (must be "enabled", "disabled", "writable", or "readonly")'
            )
    elif key == "bind-create-src":
        options["CreateMountpoint"] = _flag(key, value, given)
    else:
        return False
    return True


def _volume(mount: Json, key: str, value: str, given: bool) -> bool:
    options = mount.setdefault("VolumeOptions", {})
    name, equals, item = value.partition("=")
    if key == "volume-nocopy":
        options["NoCopy"] = _flag(key, value, given)
    elif key == "volume-subpath":
        options["Subpath"] = value
    elif key == "volume-label":
        options.setdefault("Labels", {})[name] = item
    elif key == "volume-driver":
        options.setdefault("DriverConfig", {})["Name"] = value
    elif key == "volume-opt":
        driver = options.setdefault("DriverConfig", {}).setdefault("Options", {})
        driver[name] = item if equals else ""
    else:
        return False
    return True


def _memory(mount: Json, key: str, value: str, given: bool) -> bool:
    options = mount.setdefault("TmpfsOptions", {})
    try:
        if key == "tmpfs-size":
            options["SizeBytes"] = units.parse_size(value)
        elif key == "tmpfs-mode":
            options["Mode"] = int(value, 8)
        else:
            return False
    except ValueError:
        raise ValueError(f"invalid value for {key}: {value}") from None
    return True


def _image(mount: Json, key: str, value: str, given: bool) -> bool:
    if key != "image-subpath":
        return False
    mount.setdefault("ImageOptions", {})["Subpath"] = value
    return True


_FAMILIES = {"bind": _bind, "volume": _volume, "tmpfs": _memory, "image": _image}


def _mount(text: str) -> Json:
    mount: Json = {"Type": "volume"}
    families: list[str] = []
    for field in csvline.fields(text):
        key, equals, value = field.partition("=")
        key = key.lower()
        family = key.partition("-")[0]
        if not equals and key not in ("readonly", "ro", "volume-nocopy", "bind-nonrecursive", "bind-create-src"):
            raise ValueError(f"invalid field '{field}' must be a key=value pair")
        if key == "type":
            mount["Type"] = value.lower()
        elif key in _SOURCES:
            mount["Source"] = os.path.abspath(value) if value == "." or value.startswith("./") else value
        elif key in _TARGETS:
            mount["Target"] = value
        elif key in ("readonly", "ro"):
            if _flag(key, value, bool(equals)):
                mount["ReadOnly"] = True
        elif key == "consistency":
            mount["Consistency"] = value.lower()
        elif "-" in key and family in _FAMILIES and _FAMILIES[family](mount, key, value, bool(equals)):
            families.append(family)
        else:
            raise ValueError(f"unexpected key '{key}' in '{field}'")
    _check(mount, families)
    return mount


def _check(mount: Json, families: list[str]) -> None:
    if not mount["Type"]:
        raise ValueError("type is required")
    if not mount.get("Target"):
        raise ValueError("target is required")
    for family in families:
        if family != mount["Type"]:
            raise ValueError(f"cannot mix '{family}-*' options with mount type '{mount['Type']}'")
    propagation = mount.get("BindOptions", {}).get("Propagation")
    if mount.get("BindOptions", {}).get("ReadOnlyForceRecursive"):
        if not mount.get("ReadOnly"):
            raise ValueError("option 'bind-recursive=readonly' requires 'readonly' to be specified in conjunction")
        if propagation != "rprivate":
            raise ValueError(
                "option 'bind-recursive=readonly' requires 'bind-propagation=rprivate' to be specified in conjunction"
            )


__all__ = ["FlagFailure", "mounts", "tmpfs", "volumes"]
