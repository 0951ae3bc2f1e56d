"""Image references: ``[domain/]path[:tag][@digest]`` with Docker's short forms.

The grammar is that of distribution/reference: a name without a domain belongs to ``docker.io``, and there one
without a slash to ``library``. Familiar forms drop both again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from barque.errors import InvalidArgument
from barque.model import digest as digests

DEFAULT_DOMAIN = "docker.io"
DEFAULT_TAG = "latest"

_LABEL = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_DOMAIN = rf"(?:{_LABEL}(?:\.{_LABEL})*|\[(?:[a-fA-F0-9:]+)\])(?::[0-9]+)?"
_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_DIGEST = r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}"
_REFERENCE = re.compile(rf"({_DOMAIN})/({_COMPONENT}(?:/{_COMPONENT})*)(?::({_TAG.pattern}))?(?:@({_DIGEST}))?")
_IDENTIFIER = re.compile(r"[a-f0-9]{64}")


@dataclass(frozen=True, slots=True)
class Reference:
    """A parsed reference. ``domain`` and ``path`` are never empty; ``tag`` and ``digest`` may be."""

    domain: str
    path: str
    tag: str = ""
    digest: str = ""

    @classmethod
    def parse(cls, text: str) -> Reference:
        """Raises ``InvalidArgument`` with Docker's text (``invalid reference format`` and its variants)."""
        if _IDENTIFIER.fullmatch(text):
            raise InvalidArgument(f"invalid repository name ({text}), cannot specify 64-byte hexadecimal strings")
        domain, rest = _split_domain(text)
        remote = rest.partition(":")[0].partition("@")[0]
        if remote.lower() != remote:
            raise InvalidArgument(f"invalid reference format: repository name ({remote}) must be lowercase")
        match = _REFERENCE.fullmatch(f"{domain}/{rest}")
        if not match:
            raise InvalidArgument("invalid reference format")
        if len(match[2]) > 255:
            raise InvalidArgument("repository name must not be more than 255 characters")
        return cls(match[1], match[2], match[3] or "", digests.check(match[4]) if match[4] else "")

    @property
    def name(self) -> str:
        """``docker.io/library/busybox``."""
        return f"{self.domain}/{self.path}"

    @property
    def familiar_name(self) -> str:
        """``busybox``: the name as Docker shows it."""
        if self.domain != DEFAULT_DOMAIN:
            return self.name
        short = self.path.removeprefix("library/")
        return self.path if "/" in short else short

    @property
    def familiar(self) -> str:
        """The reference as Docker shows it."""
        return self.familiar_name + self._suffix

    @property
    def _suffix(self) -> str:
        return (f":{self.tag}" if self.tag else "") + (f"@{self.digest}" if self.digest else "")

    def __str__(self) -> str:
        return self.name + self._suffix

    def with_default_tag(self) -> Reference:
        """``:latest`` added when there is neither tag nor digest."""
        return self if self.tag or self.digest else replace(self, tag=DEFAULT_TAG)

    def with_tag(self, tag: str) -> Reference:
        """The repository with this tag and no digest. Raises ``InvalidArgument``."""
        if not _TAG.fullmatch(tag):
            raise InvalidArgument("invalid tag format")
        return Reference(self.domain, self.path, tag)

    def with_digest(self, digest: str) -> Reference:
        """The repository with this digest and no tag. Raises ``InvalidArgument``."""
        return Reference(self.domain, self.path, "", digests.check(digest))

    def repository(self) -> Reference:
        """Without tag and digest."""
        return Reference(self.domain, self.path)


def _split_domain(text: str) -> tuple[str, str]:
    first, slash, rest = text.partition("/")
    if not slash or (not any(c in first for c in ".:") and first != "localhost" and first.lower() == first):
        domain, rest = DEFAULT_DOMAIN, text
    else:
        domain = first
    if domain == "index.docker.io":
        domain = DEFAULT_DOMAIN
    if domain == DEFAULT_DOMAIN and "/" not in rest:
        rest = "library/" + rest
    return domain, rest
