"""``barque restart``."""

from __future__ import annotations

from barque.cli.container import verbs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from barque.cli.flags import FlagTable, Options
    from barque.cli.session import Session

FLAGS: FlagTable = (
    ("signal", "s", "string", "", "Signal to send first"),
    ("timeout", "t", "int", 0, "Seconds to wait before killing it"),
    ("time", "", "=timeout", 0, ""),
)
USAGE = "CONTAINER [CONTAINER...]"
ARGUMENTS = (1, -1)


def execute(session: Session, options: Options, arguments: list[str]) -> int:
    query = {"signal": options["signal"]} if options["signal"] else {}
    if "time" in options.changed:
        session.line("Flag --time has been deprecated, use --timeout instead")
    if "timeout" in options.changed:
        query["t"] = str(options["timeout"])
    return verbs.post_each(session, arguments, "restart", query)
