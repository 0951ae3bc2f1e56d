"""``--filter name=value`` as the API takes it."""

from __future__ import annotations

from barque.cli.failure import invalid
from barque.client import codec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


def collect(given: Iterable[str]) -> dict[str, list[str]]:
    """Name to values. Raises ``FlagFailure``."""
    found: dict[str, list[str]] = {}
    for text in given:
        if not text:
            continue
        name, equals, value = text.partition("=")
        if not equals:
            raise invalid("-f, --filter", text, "bad format of filter (expected name=value)")
        values = found.setdefault(name.strip().lower(), [])
        if value.strip() not in values:
            values.append(value.strip())
    return found


def encode(found: dict[str, list[str]]) -> str:
    """The ``filters`` query parameter."""
    return codec.dumps({name: dict.fromkeys(values, True) for name, values in found.items()})


def query(given: Iterable[str]) -> dict[str, str]:
    """``{"filters": ...}``, or nothing when none is given."""
    found = collect(given)
    return {"filters": encode(found)} if found else {}
