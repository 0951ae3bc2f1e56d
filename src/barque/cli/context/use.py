"""``barque context use``."""

from __future__ import annotations

import os

from barque.cli.context import stored

TYPE_CHECKING = False
if TYPE_CHECKING:
    from barque.cli.flags import FlagTable, Options
    from barque.cli.session import Session

FLAGS: FlagTable = ()
USAGE = "CONTEXT"
ARGUMENTS = (1, 1)


def execute(session: Session, options: Options, arguments: list[str]) -> int:
    name = arguments[0]
    if name == "default":
        session.configuration.values.pop("currentContext", None)
    else:
        stored.store(session).get(name)
        session.configuration.values["currentContext"] = name
    session.configuration.save()
    session.line(name)
    session.err(f'Current context is now "{name}"\n')
    if name != "default" and os.environ.get("DOCKER_HOST"):
        session.err(f'Warning: DOCKER_HOST environment variable overrides the active context "{name}".\n')
    return 0
