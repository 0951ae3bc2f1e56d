"""``barque exec``."""

from __future__ import annotations

import os

from barque.cli import streaming, terminal
from barque.cli.body import environment
from barque.cli.container.attached import resize, void
from barque.cli.failure import Failure
from barque.client.client import quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from barque.cli.flags import FlagTable, Options
    from barque.cli.session import Session

FLAGS: FlagTable = (
    ("detach", "d", "bool", False, "Leave it in the background"),
    ("detach-keys", "", "string", "", "Keys that detach from the container"),
    ("env", "e", "list", (), "Environment variable"),
    ("env-file", "", "list", (), "File of environment variables"),
    ("interactive", "i", "bool", False, "Keep stdin open even if not attached"),
    ("privileged", "", "bool", False, "Take the usual restrictions away"),
    ("tty", "t", "bool", False, "Give it a terminal"),
    ("user", "u", "string", "", "User (name or uid, with :group or :gid)"),
    ("workdir", "w", "string", "", "Working directory"),
)
USAGE = "CONTAINER COMMAND [ARG...]"
ARGUMENTS = (2, -1)
INTERSPERSED = False


def _config(session: Session, options: Options, command: list[str], keys: str) -> dict[str, Any]:
    config: dict[str, Any] = {
        "User": options["user"],
        "Privileged": options["privileged"],
        "Tty": options["tty"],
        "WorkingDir": options["workdir"],
        "Env": environment.env(options["env-file"], options["env"], os.environ),
        "Cmd": command,
        "Detach": options["detach"],
        "DetachKeys": keys,
    }
    if not options["detach"]:
        config.update(AttachStdout=True, AttachStderr=True, AttachStdin=options["interactive"])
    rows, columns = terminal.size(1)
    if options["tty"] and rows:
        config["ConsoleSize"] = [rows, columns]
    return {key: value for key, value in config.items() if value not in ("", [], False)}


def execute(session: Session, options: Options, arguments: list[str]) -> int:
    keys = options["detach-keys"] or session.configuration.text("detachKeys")
    if not options["detach"] and options["tty"] and options["interactive"] and not os.isatty(0):
        session.client.get(f"/containers/{quote(arguments[0])}/json").read()
        raise Failure("the input device is not a TTY")
    config = _config(session, options, arguments[1:], keys)
    client = session.client
    identity = client.post(f"/containers/{quote(arguments[0])}/exec", body=config).json()["Id"]
    start: dict[str, Any] = {"Detach": options["detach"], "Tty": options["tty"]}
    if "ConsoleSize" in config:
        start["ConsoleSize"] = config["ConsoleSize"]
    if options["detach"]:
        client.post(f"/exec/{identity}/start", body=start).read()
        return 0
    if not _stream(session, options, identity, start, keys):
        return 0
    return int(client.get(f"/exec/{identity}/json").json()["ExitCode"] or 0)


def _stream(session: Session, options: Options, identity: str, start: dict[str, Any], keys: str) -> bool:
    tty = options["tty"]
    raw = tty and options["interactive"] and os.isatty(0)
    signals = streaming.Signals()
    connection = session.client.hijack(f"/exec/{identity}/start", body=start)
    try:
        if tty and os.isatty(1):
            signals.watch_window(lambda: void(lambda: resize(session, f"/exec/{identity}", *terminal.size(1))))
            resize(session, f"/exec/{identity}", *terminal.size(1))
        stream = streaming.Stream(
            connection, tty, options["interactive"], keys=terminal.detach_keys(keys) if raw else b"", signals=signals
        )
        if not raw:
            return stream.run()
        signals.end_cleanly()
        with terminal.Raw(0):
            return stream.run()
    finally:
        connection.close()
        signals.close()
