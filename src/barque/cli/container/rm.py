"""``barque rm``."""

from __future__ import annotations

from barque.cli.failure import Failure
from barque.client.client import quote
from barque.errors import NotFound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from barque.cli.flags import FlagTable, Options
    from barque.cli.session import Session

FLAGS: FlagTable = (
    ("force", "f", "bool", False, "Kill it first when it runs"),
    ("link", "l", "bool", False, "Remove only this link"),
    ("volumes", "v", "bool", False, "Remove its anonymous volumes too"),
)
USAGE = "CONTAINER [CONTAINER...]"
ARGUMENTS = (1, -1)


def execute(session: Session, options: Options, arguments: list[str]) -> int:
    query = {}
    for flag, name in (("volumes", "v"), ("link", "link"), ("force", "force")):
        if options[flag]:
            query[name] = "1"

    def remove(given: str) -> str | None:
        name = given.strip("/")
        if not name:
            raise Failure("Container name cannot be empty")
        try:
            session.client.delete(f"/containers/{quote(name)}", query).read()
        except NotFound as error:
            if not options["force"]:
                raise
            session.err(f"Error response from daemon: {error.message}\n")
            return None
        return given

    return session.each(arguments, remove)
