"""``WWW-Authenticate`` (RFC 9110 section 11.6.1), leniently: the schemes Basic and Bearer."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_PART = re.compile(r'\s*,?\s*([A-Za-z0-9!#$%&\'*+.^_`|~-]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+)))?')


@dataclass(frozen=True)
class Challenge:
    """One scheme, lower case, and its parameters."""

    scheme: str
    parameters: dict[str, str] = field(default_factory=dict)

    @property
    def error(self) -> str:
        return self.parameters.get("error", "")


def parse_challenges(header: str) -> list[Challenge]:
    """All challenges of a header value; what cannot be read is left out."""
    found: list[Challenge] = []
    at = 0
    while match := _PART.match(header, at):
        at = match.end()
        name, quoted, plain = match[1].lower(), match[2], match[3]
        if quoted is None and plain is None:
            found.append(Challenge(name))
        elif found:
            found[-1].parameters[name] = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else plain
    return found
