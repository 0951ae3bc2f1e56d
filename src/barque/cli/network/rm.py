"""``barque network rm``."""

from __future__ import annotations

from barque.client.client import quote
from barque.errors import NotFound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from barque.cli.flags import FlagTable, Options
    from barque.cli.session import Session

FLAGS: FlagTable = (("force", "f", "bool", False, "Do not mind when it does not exist"),)
USAGE = "NETWORK [NETWORK...]"
ARGUMENTS = (1, -1)


def execute(session: Session, options: Options, arguments: list[str]) -> int:
    def remove(name: str) -> str | None:
        try:
            session.client.delete(f"/networks/{quote(name)}").read()
        except NotFound:
            if not options["force"]:
                raise
            return None
        return name

    return session.each(arguments, remove)
