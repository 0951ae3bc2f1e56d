"""The ``barque`` program: global flags, the command, exit codes."""

from __future__ import annotations

import os
import sys

from barque.cli import commands
from barque.cli.failure import Failure, FlagFailure, words
from barque.cli.flags import parse
from barque.cli.session import PROGRAM, Session
from barque.errors import BarqueError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from barque.cli.flags import FlagTable, Options

    class Command(Protocol):
        """What a command module has. ``INTERSPERSED`` may be missing: then flags may follow arguments."""

        FLAGS: FlagTable
        USAGE: str
        ARGUMENTS: tuple[int, int]

        def execute(self, session: Session, options: Options, arguments: list[str]) -> int: ...


GLOBAL_FLAGS: FlagTable = (
    ("config", "", "string", "", "Folder of the client's configuration"),
    ("context", "c", "string", "", "Stored context to connect by"),
    ("debug", "D", "bool", False, "Say more"),
    ("host", "H", "list", (), "Daemon socket to connect to"),
    ("log-level", "l", "string", "info", "Least severe messages to show"),
    ("tls", "", "bool", None, "Use TLS; implied by --tlsverify"),
    ("tlscacert", "", "string", None, "Trust certificates signed only by this CA"),
    ("tlscert", "", "string", None, "Certificate to show"),
    ("tlskey", "", "string", None, "Key of the certificate"),
    ("tlsverify", "", "bool", None, "Use TLS and check the daemon's certificate"),
    ("version", "v", "bool", False, "Print the version and stop"),
)


def entry() -> None:
    """The console entry: runs ``sys.argv``, exits without tearing the interpreter down."""
    try:
        code = run(sys.argv[1:])
    except KeyboardInterrupt:
        code = 130
    except BrokenPipeError:
        code = 1
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        pass
    os._exit(code)


def run(arguments: list[str]) -> int:
    """One command line; the exit code."""
    command = ""
    try:
        return _dispatch(arguments)
    except _Named as error:
        command, failure = error.command, error.failure
    except FlagFailure as error:
        failure = error
    if isinstance(failure, FlagFailure):
        usage = getattr(failure, "usage", f"Usage:  {PROGRAM} [OPTIONS] COMMAND [ARG...]")
        spelled = f"{PROGRAM} {command}".strip()
        message = f"{failure.message}\n\n{usage}\n\nRun '{spelled} --help' for more information"
    else:
        message = failure.message
    if message:
        os.write(2, (message + "\n").encode("utf-8", "surrogateescape"))
    return failure.code


class _Named(Exception):
    """A failure and the command it happened in."""

    def __init__(self, command: str, failure: Failure) -> None:
        super().__init__(command)
        self.command = command
        self.failure = failure


def _dispatch(arguments: list[str]) -> int:
    options, rest = parse(GLOBAL_FLAGS, arguments, interspersed=False)
    if options["version"]:
        from barque.cli.system.version import short

        return short()
    if not rest or "help" in options.changed or rest[0] == "help":
        return _help(rest[1:] if rest and rest[0] == "help" else rest if "help" in options.changed else [])
    spelled, full, used = commands.find(rest)
    if not full:
        return _unknown(spelled, rest)
    return _execute(Session(options, spelled), full, rest[used:])


def _help(topic: list[str]) -> int:
    from barque.cli import help

    if not topic:
        text = help.program(GLOBAL_FLAGS)
    elif topic[0] in commands.NOUNS and len(topic) == 1:
        text = help.noun(topic[0])
    else:
        spelled, full, _ = commands.find(topic)
        if not full:
            return _unknown(spelled, topic)
        module = load(full)
        text = help.command(spelled, full, module.USAGE, module.FLAGS)
    os.write(1, text.encode())
    return 0


def _unknown(spelled: str, rest: list[str]) -> int:
    if rest[0] in commands.NOUNS:
        following = rest[1:]
        if not following or following[0] in ("--help", "-h"):
            return _help(rest[:1])
        if following[0].startswith("-"):
            kind = "flag: " + following[0].partition("=")[0] if following[0].startswith("--") else None
            shown = f"unknown {kind}" if kind else f"unknown shorthand flag: '{following[0][1]}' in {following[0]}"
            failure = FlagFailure(shown)
            failure.usage = f"Usage:  {PROGRAM} {rest[0]}"  # type: ignore[attr-defined]
            raise _Named(rest[0], failure)
        text = f"{PROGRAM}: unknown command: {PROGRAM} {spelled}\n\nUsage:  {PROGRAM} {rest[0]}\n\n"
        text += f"Run '{PROGRAM} {rest[0]} --help'"
    else:
        text = f"{PROGRAM}: unknown command: {PROGRAM} {spelled}\n\nRun '{PROGRAM} --help'"
    raise _Named("", Failure(text + " for more information"))


def load(full: str) -> Command:
    """The module of a command."""
    name = f"barque.cli.{commands.COMMANDS[full][0]}"
    __import__(name)
    module: Command = sys.modules[name]
    return module


def _count(spelled: str, given: int, least: int, most: int) -> str:
    name = f"'{PROGRAM} {spelled}'"
    if least <= given and (most < 0 or given <= most):
        return ""
    if most == 0:
        return f"{name} accepts no arguments"
    plural = "s" if (most if least == most else least) != 1 else ""
    if least == most:
        return f"{name} requires {least} argument{plural}"
    if most < 0:
        return f"{name} requires at least {least} argument{plural}"
    if least == 0:
        return f"{name} requires at most {most} argument{'s' if most != 1 else ''}"
    return f"{name} requires at least {least} and at most {most} arguments"


def _execute(session: Session, full: str, given: list[str]) -> int:
    spelled = session.command
    module = load(full)
    try:
        options, arguments = parse(module.FLAGS, given, getattr(module, "INTERSPERSED", True))
        if "help" in options.changed:
            return _help(spelled.split(" "))
        complaint = _count(spelled, len(arguments), *module.ARGUMENTS)
        if complaint:
            from barque.cli import help

            usage = help.usage(spelled, module.USAGE, module.FLAGS)
            look = "See" if "at least" in complaint and " and " not in complaint else "Run"
            text = f"{PROGRAM}: {complaint}\n\n{usage}\n\n{look} '{PROGRAM} {spelled} --help' for more information"
            raise Failure(text)
        return module.execute(session, options, arguments)
    except FlagFailure as failure:
        from barque.cli import help

        failure.usage = help.usage(spelled, module.USAGE, module.FLAGS)  # type: ignore[attr-defined]
        raise _Named(spelled, failure) from None
    except Failure as failure:
        raise _Named(spelled, failure) from None
    except BarqueError as error:
        raise _Named(spelled, Failure(words(error))) from None
    except BrokenPipeError:
        raise
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise _Named(spelled, Failure(f"open {error.filename}: {reason}" if error.filename else reason)) from None
