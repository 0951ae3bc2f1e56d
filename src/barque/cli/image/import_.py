"""``barque import``."""

from __future__ import annotations

import os

from barque.cli import files, progress
from barque.cli.image.pull import split

TYPE_CHECKING = False
if TYPE_CHECKING:
    from barque.cli.flags import FlagTable, Options
    from barque.cli.session import Session

FLAGS: FlagTable = (
    ("change", "c", "list", (), "Dockerfile instruction to apply"),
    ("message", "m", "string", "", "Message"),
    ("platform", "", "string", "", "Platform of the files"),
)
USAGE = "file|URL|- [REPOSITORY[:TAG]]"
ARGUMENTS = (1, -1)


def execute(session: Session, options: Options, arguments: list[str]) -> int:
    source = arguments[0]
    query = {"fromSrc": "-"}
    if len(arguments) > 1:
        query["repo"], tag = split(arguments[1])
        if tag:
            query["tag"] = tag
    if options["message"]:
        query["message"] = options["message"]
    if options["platform"]:
        query["platform"] = options["platform"].lower()
    target = "/images/create"
    if options["change"]:
        from barque.client.client import quote

        target += "?" + "&".join(f"changes={quote(change)}" for change in options["change"])
    descriptor = 0
    body = None
    if source.startswith(("http://", "https://")):
        query["fromSrc"] = source
    else:
        descriptor = 0 if source == "-" else os.open(source, os.O_RDONLY)
        body = files.pieces(descriptor)
    try:
        response = session.client.post(target, query, body, {"Content-Type": "text/plain"})
        progress.show(response.lines(), 1)
    finally:
        if descriptor:
            os.close(descriptor)
    return 0
