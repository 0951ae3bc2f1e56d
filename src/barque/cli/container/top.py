"""``barque top``."""

from __future__ import annotations

from barque.cli import table
from barque.client.client import quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from barque.cli.flags import FlagTable, Options
    from barque.cli.session import Session

FLAGS: FlagTable = ()
USAGE = "CONTAINER [ps OPTIONS]"
ARGUMENTS = (1, -1)
INTERSPERSED = False


def execute(session: Session, options: Options, arguments: list[str]) -> int:
    query = {"ps_args": " ".join(arguments[1:])} if arguments[1:] else {}
    answer = session.client.get(f"/containers/{quote(arguments[0])}/top", query).json()
    rows = [answer["Titles"], *(answer["Processes"] or [])]
    session.out(table.align(["\t".join(row) for row in rows], minimum=20))
    return 0
