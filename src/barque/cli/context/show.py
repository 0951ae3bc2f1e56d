"""``barque context show``."""

from __future__ import annotations

from barque.cli.context import stored

TYPE_CHECKING = False
if TYPE_CHECKING:
    from barque.cli.flags import FlagTable, Options
    from barque.cli.session import Session

FLAGS: FlagTable = ()
USAGE = ""
ARGUMENTS = (0, 0)


def execute(session: Session, options: Options, arguments: list[str]) -> int:
    session.line(stored.current(session))
    return 0
