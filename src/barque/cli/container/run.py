"""``barque run``: create (pulling when it must), attach, register the wait, start, copy, the container's exit code."""

from __future__ import annotations

import os

from barque.cli import terminal
from barque.cli.body.flags import CREATE
from barque.cli.container import exit_code, new
from barque.cli.container.attached import Attached
from barque.cli.container.create import explained
from barque.cli.failure import Failure, FlagFailure, words
from barque.errors import BarqueError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from barque.cli.flags import FlagTable, Options
    from barque.cli.session import Session

    Json = dict[str, Any]

FLAGS: FlagTable = (
    *CREATE,
    ("detach", "d", "bool", False, "Leave it in the background and print its ID"),
    ("detach-keys", "", "string", "", "Keys that detach from the container"),
    ("sig-proxy", "", "bool", True, "Pass signals on to the program"),
)
USAGE = "IMAGE [COMMAND] [ARG...]"
ARGUMENTS = (1, -1)
INTERSPERSED = False


def execute(session: Session, options: Options, arguments: list[str]) -> int:
    if options["detach"] and options["attach"]:
        raise Failure("conflicting options: cannot specify both --attach and --detach")
    if not options["detach"] and options["tty"] and options["interactive"] and not os.isatty(0):
        raise Failure("the input device is not a TTY")
    if options["tty"] and os.isatty(1):
        options["console-size"] = terminal.size(1)
    try:
        config = new.prepare(options, arguments)
        identity = new.container(session, options, arguments[0], config)
    except FlagFailure:
        raise
    except Failure as failure:
        raise explained(session, failure.message, failure.code if failure.code != 1 else 125) from None
    except BarqueError as error:
        raise explained(session, words(error), 125) from None
    if options["detach"]:
        _start(session, identity, options)
        session.line(identity)
        return 0
    return _foreground(session, identity, config, options)


def _start(session: Session, identity: str, options: Options) -> None:
    try:
        session.client.post(f"/containers/{identity}/start").read()
    except BarqueError as error:
        raise explained(session, words(error), exit_code.of_failure(error.message)) from None


def _foreground(session: Session, identity: str, config: Json, options: Options) -> int:
    wanted = config["AttachStdin"], config["AttachStdout"], config["AttachStderr"]
    if not any(wanted):
        _start(session, identity, options)
        return 0
    try:
        attached = Attached(
            session, identity, options["tty"], *wanted, keys=options["detach-keys"], proxy=options["sig-proxy"]
        )
    except BarqueError as error:
        raise explained(session, words(error), 125) from None
    try:
        wait = exit_code.begin_wait(session, identity, "removed" if options["rm"] else "next-exit")
        try:
            _start(session, identity, options)
        except Failure:
            if options["rm"]:
                # the daemon removes it on its own: be there until it has
                exit_code.finish_wait(session, wait)
            raise
        if not attached.run():
            return 0
        return exit_code.finish_wait(session, wait, attached.signals)
    finally:
        attached.close()
