"""``barque create``."""

from __future__ import annotations

from barque.cli.body.flags import CREATE
from barque.cli.container import new
from barque.cli.failure import Failure, FlagFailure
from barque.cli.session import PROGRAM

TYPE_CHECKING = False
if TYPE_CHECKING:
    from barque.cli.flags import FlagTable, Options
    from barque.cli.session import Session

FLAGS: FlagTable = CREATE
USAGE = "IMAGE [COMMAND] [ARG...]"
ARGUMENTS = (1, -1)
INTERSPERSED = False


def explained(session: Session, message: str, code: int) -> Failure:
    """The failure with the program's name in front and the pointer to help after it."""
    more = f"Run '{PROGRAM} {session.command} --help' for more information"
    return Failure(f"{PROGRAM}: {message}\n\n{more}", code)


def execute(session: Session, options: Options, arguments: list[str]) -> int:
    try:
        config = new.prepare(options, arguments)
    except FlagFailure:
        raise
    except Failure as failure:
        raise explained(session, failure.message, 125) from None
    session.line(new.container(session, options, arguments[0], config))
    return 0
