"""``os[/architecture[/variant]]`` as the API's JSON."""

from __future__ import annotations

from barque.cli.failure import Failure
from barque.client import codec


def encoded(text: str) -> str:
    """Raises ``Failure``."""
    parts = text.split("/")
    if not parts[0] or len(parts) > 3:
        raise Failure(f'invalid platform: "{text}": unknown operating system or architecture: invalid argument')
    names = ("os", "architecture", "variant")
    return codec.dumps(dict(zip(names, parts, strict=False)))
