"""``barque rename``."""

from __future__ import annotations

from barque.client.client import quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from barque.cli.flags import FlagTable, Options
    from barque.cli.session import Session

FLAGS: FlagTable = ()
USAGE = "CONTAINER NEW_NAME"
ARGUMENTS = (2, 2)


def execute(session: Session, options: Options, arguments: list[str]) -> int:
    session.client.post(f"/containers/{quote(arguments[0])}/rename", {"name": arguments[1]}).read()
    return 0
