"""``barque volume inspect``."""

from __future__ import annotations

from barque.cli import inspecting
from barque.client.client import quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from barque.cli.flags import FlagTable, Options
    from barque.cli.session import Session

FLAGS: FlagTable = (("format", "f", "string", "", "How to print: 'json' or a Go template"),)
USAGE = "VOLUME [VOLUME...]"
ARGUMENTS = (1, -1)


def execute(session: Session, options: Options, arguments: list[str]) -> int:
    return inspecting.show(
        session, arguments, options["format"], lambda name: session.client.get(f"/volumes/{quote(name)}").json()
    )
