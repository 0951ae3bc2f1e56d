"""``barque diff``."""

from __future__ import annotations

from barque.client.client import quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from barque.cli.flags import FlagTable, Options
    from barque.cli.session import Session

FLAGS: FlagTable = ()
USAGE = "CONTAINER"
ARGUMENTS = (1, 1)
_LETTERS = "CAD"


def execute(session: Session, options: Options, arguments: list[str]) -> int:
    for change in session.client.get(f"/containers/{quote(arguments[0])}/changes").json() or []:
        session.line(f"{_LETTERS[change['Kind']]} {change['Path']}")
    return 0
