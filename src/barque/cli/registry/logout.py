"""``barque logout``."""

from __future__ import annotations

from barque.cli.registry import credentials

TYPE_CHECKING = False
if TYPE_CHECKING:
    from barque.cli.flags import FlagTable, Options
    from barque.cli.session import Session

FLAGS: FlagTable = ()
USAGE = "[SERVER]"
ARGUMENTS = (0, 1)


def execute(session: Session, options: Options, arguments: list[str]) -> int:
    server = credentials.key_of(arguments[0] if arguments else "")
    session.line(f"Removing login credentials for {server}")
    credentials.erase(session.configuration, server)
    return 0
