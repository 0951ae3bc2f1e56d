"""``barque export``."""

from __future__ import annotations

from barque.cli import files
from barque.client.client import quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from barque.cli.flags import FlagTable, Options
    from barque.cli.session import Session

FLAGS: FlagTable = (("output", "o", "string", "", "File to write instead of stdout"),)
USAGE = "CONTAINER"
ARGUMENTS = (1, 1)


def execute(session: Session, options: Options, arguments: list[str]) -> int:
    files.check_output(options["output"], "failed to export container")
    response = session.client.get(f"/containers/{quote(arguments[0])}/export")
    files.save(response, options["output"], session)
    return 0
