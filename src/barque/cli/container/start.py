"""``barque start``."""

from __future__ import annotations

from barque.cli.container import exit_code
from barque.cli.container.attached import Attached
from barque.cli.failure import Failure, words
from barque.client.client import quote
from barque.errors import BarqueError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from barque.cli.flags import FlagTable, Options
    from barque.cli.session import Session

FLAGS: FlagTable = (
    ("attach", "a", "bool", False, "Show what it prints, and pass signals on"),
    ("checkpoint", "", "string", "", "Checkpoint to start from"),
    ("checkpoint-dir", "", "string", "", "Folder of checkpoints"),
    ("detach-keys", "", "string", "", "Keys that detach from the container"),
    ("interactive", "i", "bool", False, "Pass standard input on"),
)
USAGE = "CONTAINER [CONTAINER...]"
ARGUMENTS = (1, -1)


def execute(session: Session, options: Options, arguments: list[str]) -> int:
    if options["attach"] or options["interactive"]:
        if len(arguments) > 1:
            raise Failure("you cannot start and attach multiple containers at once")
        return _attached(session, options, arguments[0])
    query = {}
    if options["checkpoint"]:
        query = {"checkpoint": options["checkpoint"], "checkpoint-dir": options["checkpoint-dir"]}
    failed = []
    for name in arguments:
        try:
            session.client.post(f"/containers/{quote(name)}/start", query).read()
        except BarqueError as error:
            session.err(words(error) + "\n")
            failed.append(name)
            continue
        session.line(name)
    if failed:
        raise Failure(f"Error: failed to start containers: {', '.join(failed)}")
    return 0


def _attached(session: Session, options: Options, name: str) -> int:
    container = session.client.get(f"/containers/{quote(name)}/json").json()
    identity, config = container["Id"], container["Config"]
    stdin = options["interactive"] and bool(config["OpenStdin"])
    attached = Attached(
        session, identity, bool(config["Tty"]), stdin, keys=options["detach-keys"], proxy=options["attach"]
    )
    try:
        removed = bool(container["HostConfig"].get("AutoRemove"))
        wait = exit_code.begin_wait(session, identity, "removed" if removed else "next-exit")
        session.client.post(f"/containers/{identity}/start").read()
        if not attached.run():
            return 0
        return exit_code.finish_wait(session, wait, attached.signals)
    finally:
        attached.close()
