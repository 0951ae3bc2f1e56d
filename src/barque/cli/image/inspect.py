"""``barque image inspect``."""

from __future__ import annotations

from barque.cli import inspecting
from barque.client.client import quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from barque.cli.flags import FlagTable, Options
    from barque.cli.session import Session

FLAGS: FlagTable = (
    ("format", "f", "string", "", "How to print: 'json' or a Go template"),
    ("platform", "", "string", "", "Platform, where the image has several"),
)
USAGE = "IMAGE [IMAGE...]"
ARGUMENTS = (1, -1)


def execute(session: Session, options: Options, arguments: list[str]) -> int:
    query = {}
    if options["platform"]:
        from barque.cli.image.platforms import encoded

        query["platform"] = encoded(options["platform"])
    return inspecting.show(
        session,
        arguments,
        options["format"],
        lambda name: session.client.get(f"/images/{quote(name, '/')}/json", query).json(),
    )
