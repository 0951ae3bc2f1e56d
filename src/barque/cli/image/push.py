"""``barque push``."""

from __future__ import annotations

from barque.cli import progress
from barque.cli.failure import Failure
from barque.cli.image import reference
from barque.cli.image.pull import split
from barque.cli.registry import credentials
from barque.client.client import quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from barque.cli.flags import FlagTable, Options
    from barque.cli.session import Session

FLAGS: FlagTable = (
    ("all-tags", "a", "bool", False, "Send every tag of the repository"),
    ("disable-content-trust", "", "bool", True, ""),
    ("platform", "", "string", "", "Only the variant of this platform"),
    ("quiet", "q", "bool", False, "Print only the name at the end"),
)
USAGE = "NAME[:TAG]"
ARGUMENTS = (1, 1)


def execute(session: Session, options: Options, arguments: list[str]) -> int:
    reference.check(arguments[0])
    repository, tag = split(arguments[0])
    if options["all-tags"] and tag:
        raise Failure("tag can't be used with --all-tags/-a")
    if not options["all-tags"] and not tag:
        tag = "latest"
        if not options["quiet"]:
            session.line("Using default tag: latest")
    query = {"tag": tag} if tag else {}
    if options["platform"]:
        from barque.cli.image.platforms import encoded

        query["platform"] = encoded(options["platform"])
    headers = credentials.header(session.configuration, repository) or {"X-Registry-Auth": credentials.encode({})}
    response = session.client.post(f"/images/{quote(repository, '/')}/push", query, headers=headers)
    progress.show(response.lines(), 1, options["quiet"])
    if options["quiet"]:
        from barque.cli.image.pull import canonical

        session.line(canonical(repository) + (f":{tag}" if tag else ""))
    return 0
