"""``barque attach``."""

from __future__ import annotations

from barque.cli.container import exit_code
from barque.cli.container.attached import Attached
from barque.cli.failure import Failure
from barque.client.client import quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from barque.cli.flags import FlagTable, Options
    from barque.cli.session import Session

FLAGS: FlagTable = (
    ("detach-keys", "", "string", "", "Keys that detach from the container"),
    ("no-stdin", "", "bool", False, "Leave standard input alone"),
    ("sig-proxy", "", "bool", True, "Pass signals on to the program"),
)
USAGE = "CONTAINER"
ARGUMENTS = (1, 1)


def execute(session: Session, options: Options, arguments: list[str]) -> int:
    container = session.client.get(f"/containers/{quote(arguments[0])}/json").json()
    state = container["State"]
    if not state["Running"]:
        raise Failure("You cannot attach to a stopped container, start it first")
    if state["Paused"]:
        raise Failure("You cannot attach to a paused container, unpause it first")
    if state["Restarting"]:
        raise Failure("You cannot attach to a restarting container, wait until it is running")
    config = container["Config"]
    stdin = not options["no-stdin"] and bool(config["OpenStdin"])
    if stdin and config["Tty"]:
        import os

        if not os.isatty(0):
            raise Failure("the input device is not a TTY")
    wait = exit_code.begin_wait(session, container["Id"], "not-running")
    attached = Attached(
        session,
        container["Id"],
        bool(config["Tty"]),
        stdin,
        keys=options["detach-keys"],
        proxy=options["sig-proxy"],
    )
    try:
        if not attached.run():
            session.err("read escape sequence\n")
            return 0
        return exit_code.finish_wait(session, wait, attached.signals)
    finally:
        attached.close()
