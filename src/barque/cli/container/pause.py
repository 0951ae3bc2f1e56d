"""``barque pause``."""

from __future__ import annotations

from barque.cli.container import verbs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from barque.cli.flags import FlagTable, Options
    from barque.cli.session import Session

FLAGS: FlagTable = ()
USAGE = "CONTAINER [CONTAINER...]"
ARGUMENTS = (1, -1)


def execute(session: Session, options: Options, arguments: list[str]) -> int:
    return verbs.post_each(session, arguments, "pause")
