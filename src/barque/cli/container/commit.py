"""``barque commit``."""

from __future__ import annotations

from barque.cli.image.pull import split

TYPE_CHECKING = False
if TYPE_CHECKING:
    from barque.cli.flags import FlagTable, Options
    from barque.cli.session import Session

FLAGS: FlagTable = (
    ("author", "a", "string", "", "Author of the image"),
    ("change", "c", "list", (), "Dockerfile instruction to apply"),
    ("message", "m", "string", "", "Message"),
    ("no-pause", "", "bool", False, "Do not pause the container meanwhile"),
    ("pause", "p", "bool", True, ""),
)
USAGE = "CONTAINER [REPOSITORY[:TAG]]"
ARGUMENTS = (1, 2)
INTERSPERSED = False


def execute(session: Session, options: Options, arguments: list[str]) -> int:
    query = {"container": arguments[0]}
    if len(arguments) > 1:
        query["repo"], tag = split(arguments[1])
        if tag:
            query["tag"] = tag
    if options["message"]:
        query["comment"] = options["message"]
    if options["author"]:
        query["author"] = options["author"]
    if not options["pause"] or options["no-pause"]:
        query["pause"] = "0"
    if options["change"]:
        query["changes"] = "\n".join(options["change"])
    session.line(session.client.post("/commit", query, {}).json()["Id"])
    return 0
