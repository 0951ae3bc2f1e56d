"""``barque load``."""

from __future__ import annotations

import os

from barque.cli import files, progress
from barque.cli.failure import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from barque.cli.flags import FlagTable, Options
    from barque.cli.session import Session

FLAGS: FlagTable = (
    ("input", "i", "string", "", "File to read instead of stdin"),
    ("platform", "", "list", (), "Only the variant of this platform"),
    ("quiet", "q", "bool", False, "Do not show how far it is"),
)
USAGE = ""
ARGUMENTS = (0, 0)


def execute(session: Session, options: Options, arguments: list[str]) -> int:
    if not options["input"] and os.isatty(0):
        raise Failure("requested load from stdin, but stdin is empty")
    quiet = options["quiet"] or not os.isatty(1)
    query = {"quiet": "1" if quiet else "0"}
    if options["platform"]:
        from barque.cli.image.platforms import encoded

        query["platform"] = encoded(options["platform"][-1])
    descriptor = os.open(options["input"], os.O_RDONLY) if options["input"] else 0
    try:
        response = session.client.post(
            "/images/load", query, files.pieces(descriptor), {"Content-Type": "application/x-tar"}
        )
        if response.headers.get("content-type", "").startswith("application/json"):
            progress.show(response.lines(), 1)
        else:
            for chunk in response.chunks():
                session.out(chunk)
    finally:
        if descriptor:
            os.close(descriptor)
    return 0
