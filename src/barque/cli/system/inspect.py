"""``barque inspect``: whatever has the name."""

from __future__ import annotations

from barque.cli import inspecting
from barque.cli.failure import Failure
from barque.client.client import quote
from barque.errors import BarqueError, Internal, InvalidArgument, NotFound, Unavailable, Unsupported

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from barque.cli.flags import FlagTable, Options
    from barque.cli.session import Session

FLAGS: FlagTable = (
    ("format", "f", "string", "", "How to print: 'json' or a Go template"),
    ("size", "s", "bool", False, "Show how much disk containers use"),
    ("type", "", "string", "", "Only objects of this type"),
)
USAGE = "NAME|ID [NAME|ID...]"
ARGUMENTS = (1, -1)

_PATHS = {
    "container": "/containers/{}/json",
    "image": "/images/{}/json",
    "network": "/networks/{}",
    "volume": "/volumes/{}",
    "service": "/services/{}",
    "task": "/tasks/{}",
    "node": "/nodes/{}",
    "plugin": "/plugins/{}/json",
    "secret": "/secrets/{}",
    "config": "/configs/{}",
}


def execute(session: Session, options: Options, arguments: list[str]) -> int:
    kind = options["type"]
    if kind and kind not in _PATHS:
        kinds = '"' + '", "'.join(sorted(_PATHS)) + '"'
        raise Failure(f'unknown type: "{kind}": must be one of {kinds}')
    if not kind and "type" in options.changed:
        raise Failure('type is empty: must be one of "' + '", "'.join(sorted(_PATHS)) + '"')
    size = {"size": "1"} if options["size"] else {}

    def fetch(name: str) -> Any:
        for candidate in [kind] if kind else _PATHS:
            query = size if candidate == "container" else {}
            safe = "/" if candidate in ("image", "plugin") else ""
            try:
                return session.client.get(_PATHS[candidate].format(quote(name, safe)), query).json()
            except (NotFound, InvalidArgument, Unavailable, Unsupported, Internal) as error:
                if kind or not _skipped(error):
                    raise
        raise Failure(f"Error: No such object: {name}")

    return inspecting.show(session, arguments, options["format"], fetch)


def _skipped(error: BarqueError) -> bool:
    """Is this only to say that there is no such object of this type?"""
    if isinstance(error, (NotFound, Unsupported)):
        return True
    text = error.message
    return "This node is not a swarm manager" in text or "not supported" in text or "invalid reference format" in text
