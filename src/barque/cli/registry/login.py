"""``barque login``."""

from __future__ import annotations

import os

from barque.cli.failure import Failure
from barque.cli.registry import credentials

TYPE_CHECKING = False
if TYPE_CHECKING:
    from barque.cli.flags import FlagTable, Options
    from barque.cli.session import Session

FLAGS: FlagTable = (
    ("password", "p", "string", "", "Password or access token"),
    ("password-stdin", "", "bool", False, "Read the password from stdin"),
    ("username", "u", "string", "", "User name"),
)
USAGE = "[SERVER]"
ARGUMENTS = (0, 1)


def _stdin() -> str:
    content = b""
    while more := os.read(0, 65536):
        content += more
    return content.decode().removesuffix("\n").removesuffix("\r")


def _ask(session: Session, known: str) -> tuple[str, str]:
    import getpass

    if not os.isatty(0):
        raise Failure("Error: Cannot perform an interactive login from a non TTY device")
    session.out(f"Username ({known}): " if known else "Username: ")
    name = input().strip() or known
    if not name:
        raise Failure("Error: Non-null Username Required")
    password = getpass.getpass("Password: ")
    if not password:
        raise Failure("Error: Password Required")
    return name, password


def execute(session: Session, options: Options, arguments: list[str]) -> int:
    name, password = options["username"], options["password"]
    if "password" in options.changed:
        session.err("WARNING! Using --password via the CLI is insecure. Use --password-stdin.\n")
        if options["password-stdin"]:
            raise Failure("--password and --password-stdin are mutually exclusive")
    if options["password-stdin"]:
        if not name:
            raise Failure(
                "username is empty"
                if "username" in options.changed
                else "Must provide --username with --password-stdin"
            )
        password = _stdin()
        if not password:
            raise Failure("Error: Cannot perform an interactive login from a non TTY device")
    server = credentials.key_of(arguments[0] if arguments else "")
    known = credentials.get(session.configuration, server) or {}
    values = {"serveraddress": server, "username": name, "password": password}
    if not name and not password and known.get("password"):
        session.line("Authenticating with existing credentials...")
        values = known
    elif not name or not password:
        if name and not os.isatty(0):
            raise Failure("Error: Cannot perform an interactive login from a non TTY device")
        values["username"], values["password"] = _ask(session, name or known.get("username", ""))
    answer = session.client.post("/auth", body=dict(values)).json() or {}
    if answer.get("IdentityToken"):
        values = {"serveraddress": server, "username": values["username"], "identitytoken": answer["IdentityToken"]}
    program = credentials.store(session.configuration, server, values)
    if not program:
        path = session.configuration.path
        session.err(
            f"\nWARNING! Your credentials are stored unencrypted in '{path}'.\nA credential helper avoids that.\n\n"
        )
    if answer.get("Status"):
        session.line(answer["Status"])
    return 0
