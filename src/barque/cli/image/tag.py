"""``barque tag``."""

from __future__ import annotations

from barque.cli.failure import Failure
from barque.cli.image import reference
from barque.cli.image.pull import split
from barque.client.client import quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from barque.cli.flags import FlagTable, Options
    from barque.cli.session import Session

FLAGS: FlagTable = ()
USAGE = "SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]"
ARGUMENTS = (2, 2)


def execute(session: Session, options: Options, arguments: list[str]) -> int:
    repository, tag = split(arguments[1])
    if "@" in arguments[1]:
        raise Failure("refusing to create a tag with a digest reference")
    try:
        reference.check(arguments[1])
    except Failure as failure:
        raise Failure(
            f'Error parsing reference: "{arguments[1]}" is not a valid repository/tag: {failure.message}'
        ) from None
    session.client.post(f"/images/{quote(arguments[0], '/')}/tag", {"repo": repository, "tag": tag or "latest"}).read()
    return 0
