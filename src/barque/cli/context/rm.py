"""``barque context rm``."""

from __future__ import annotations

from barque.cli.context import stored
from barque.cli.failure import Failure
from barque.errors import NotFound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from barque.cli.flags import FlagTable, Options
    from barque.cli.session import Session

FLAGS: FlagTable = (("force", "f", "bool", False, "Even the one in use"),)
USAGE = "CONTEXT [CONTEXT...]"
ARGUMENTS = (1, -1)


def execute(session: Session, options: Options, arguments: list[str]) -> int:
    failed = []
    for name in arguments:
        if name == "default":
            failed.append('context "default" cannot be removed')
            continue
        if name == session.configuration.current_context:
            if not options["force"]:
                failed.append(f'context "{name}" is in use, set -f flag to force remove')
                continue
            del session.configuration.values["currentContext"]
            session.configuration.save()
        try:
            stored.store(session).remove(name)
        except NotFound:
            if not options["force"]:
                failed.append(f'context "{name}" does not exist')
                continue
        session.line(name)
    if failed:
        raise Failure("\n".join(failed))
    return 0
