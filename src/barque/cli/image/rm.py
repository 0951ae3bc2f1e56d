"""``barque rmi``."""

from __future__ import annotations

from barque.cli.failure import Failure, words
from barque.client.client import quote
from barque.client.errors import CannotConnect
from barque.errors import BarqueError, NotFound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from barque.cli.flags import FlagTable, Options
    from barque.cli.session import Session

FLAGS: FlagTable = (
    ("force", "f", "bool", False, "Remove it even when it has several names or is used"),
    ("no-prune", "", "bool", False, "Keep parents without a name"),
    ("platform", "", "list", (), "Only the variant of this platform"),
)
USAGE = "IMAGE [IMAGE...]"
ARGUMENTS = (1, -1)


def execute(session: Session, options: Options, arguments: list[str]) -> int:
    query = {}
    if options["force"]:
        query["force"] = "1"
    if options["no-prune"]:
        query["noprune"] = "1"
    if options["platform"]:
        from barque.cli.image.platforms import encoded

        query["platforms"] = encoded(options["platform"][-1])
    failed: list[str] = []
    fatal = False
    for name in arguments:
        try:
            removed = session.client.delete(f"/images/{quote(name, '/')}", query).json()
        except CannotConnect:
            raise
        except BarqueError as error:
            fatal = fatal or not isinstance(error, NotFound)
            failed.append(words(error))
            continue
        for entry in removed or []:
            session.line(f"Deleted: {entry['Deleted']}" if entry.get("Deleted") else f"Untagged: {entry['Untagged']}")
    if failed:
        message = "\n".join(failed)
        if not options["force"] or fatal:
            raise Failure(message)
        session.err(message + "\n")
    return 0
