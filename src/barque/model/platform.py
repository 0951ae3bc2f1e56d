"""Platforms: ``os/architecture/variant``, normalised and ordered as Docker does (image-spec image-index.md)."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Any

from barque.errors import InvalidArgument

_PART = re.compile(r"[A-Za-z0-9_.-]+")
_ARCHITECTURES = {
    "x86_64": ("amd64", ""),
    "x86-64": ("amd64", ""),
    "amd64": ("amd64", ""),
    "i386": ("386", ""),
    "i486": ("386", ""),
    "i586": ("386", ""),
    "i686": ("386", ""),
    "aarch64": ("arm64", ""),
    "arm64": ("arm64", ""),
    "armhf": ("arm", "v7"),
    "armel": ("arm", "v6"),
    "armv8l": ("arm", "v7"),
    "armv7l": ("arm", "v7"),
    "armv6l": ("arm", "v6"),
    "armv5l": ("arm", "v5"),
    "loongarch64": ("loong64", ""),
}
_SYSTEMS = {"macos": "darwin"}


@dataclass(frozen=True, slots=True)
class Platform:
    """A normalised platform. ``variant`` is empty where it says nothing (amd64/v1, arm64/v8)."""

    os: str
    architecture: str
    variant: str = ""
    os_version: str = ""

    def __str__(self) -> str:
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part)

    def to_json(self) -> dict[str, Any]:
        value = {"architecture": self.architecture, "os": self.os}
        if self.os_version:
            value["os.version"] = self.os_version
        if self.variant:
            value["variant"] = self.variant
        return value

    @classmethod
    def from_json(cls, value: Any) -> Platform:
        """From a descriptor's ``platform`` or an image config. Raises ``InvalidArgument``."""
        if not isinstance(value, dict):
            raise InvalidArgument("invalid platform: not an object")
        fields = [value.get(key) or "" for key in ("os", "architecture", "variant", "os.version")]
        if not all(isinstance(field, str) for field in fields):
            raise InvalidArgument("invalid platform: fields must be strings")
        return normalize(*fields)

    @classmethod
    def parse(cls, text: str) -> Platform:
        """``linux``, ``arm64``, ``linux/arm/v7``; what is not said is this host's. Raises ``InvalidArgument``."""
        parts = text.split("/")
        if len(parts) > 3 or not all(_PART.fullmatch(part) for part in parts):
            raise InvalidArgument(f'"{text}" is an invalid component of "{text}": platform specifier is invalid')
        here = host()
        if len(parts) > 1:
            return normalize(parts[0], parts[1], parts[2] if len(parts) > 2 else "")
        word = parts[0].lower()
        if word in {"linux", "windows", "darwin", "freebsd", "macos"}:
            return normalize(word, here.architecture, here.variant)
        known = word in _ARCHITECTURES or word in {"arm", "386", "ppc64le", "s390x", "riscv64", "mips64le", "loong64"}
        if not known:
            raise InvalidArgument(f'"{text}": unknown operating system or architecture: invalid argument')
        return normalize(here.os, word)

    def ranks(self) -> list[Platform]:
        """This platform and those whose programs it also runs, best first (arm v8 > v7 > v6 > v5, amd64 v3 > v2)."""
        own = [self]
        if self.architecture == "arm":
            level = int(self.variant[1:]) if re.fullmatch(r"v[5-8]", self.variant) else 7
            own = [normalize(self.os, "arm", f"v{n}") for n in range(level, 4, -1)]
        elif self.architecture == "arm64":
            own += [normalize(self.os, "arm64")] if self.variant else []
            own += [normalize(self.os, "arm", f"v{n}") for n in range(8, 4, -1)]
        elif self.architecture == "amd64":
            level = int(self.variant[1:]) if re.fullmatch(r"v[2-9]", self.variant) else 1
            own = [normalize(self.os, "amd64", f"v{n}") for n in range(level, 0, -1)]
            own.append(Platform(self.os, "386"))
        return own

    def rank(self, other: Platform) -> int | None:
        """How well ``other`` suits this platform: 0 is best, None is not at all."""
        plain = Platform(other.os, other.architecture, other.variant)
        order = self.ranks()
        return order.index(plain) if plain in order else None


def normalize(system: str, architecture: str, variant: str = "", os_version: str = "") -> Platform:
    """The one spelling of a platform: aliases replaced, default variants dropped or filled in."""
    system, architecture, variant = system.lower(), architecture.lower(), variant.lower()
    system = _SYSTEMS.get(system, system)
    if architecture in _ARCHITECTURES:
        architecture, implied = _ARCHITECTURES[architecture]
        variant = variant or implied
    if architecture == "arm":
        variant = {"": "v7", "7": "v7", "6": "v6", "5": "v5", "8": "v8"}.get(variant, variant)
    elif (architecture, variant) in {("arm64", "8"), ("arm64", "v8"), ("amd64", "v1")}:
        variant = ""
    return Platform(system, architecture, variant, os_version)


def host() -> Platform:
    """The platform of the machine this runs on."""
    return normalize("linux", os.uname().machine)
