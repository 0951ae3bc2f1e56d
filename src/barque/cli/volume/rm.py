"""``barque volume rm``."""

from __future__ import annotations

from barque.client.client import quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from barque.cli.flags import FlagTable, Options
    from barque.cli.session import Session

FLAGS: FlagTable = (("force", "f", "bool", False, "Do not mind when it does not exist"),)
USAGE = "VOLUME [VOLUME...]"
ARGUMENTS = (1, -1)


def execute(session: Session, options: Options, arguments: list[str]) -> int:
    query = {"force": "1"} if options["force"] else {}

    def remove(name: str) -> str:
        session.client.delete(f"/volumes/{quote(name)}", query).read()
        return name

    return session.each(arguments, remove)
