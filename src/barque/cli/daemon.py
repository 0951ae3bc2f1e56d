"""Start a daemon when nothing listens at the default address and we may."""

from __future__ import annotations

import os
import sys
import time

from barque.client.errors import CannotConnect

TYPE_CHECKING = False
if TYPE_CHECKING:
    from barque.cli.session import Session
    from barque.client.client import Client

_PATIENCE = 15.0
_STEP = 0.02


def command() -> str:
    """``barqued`` of the environment this program runs from, else of PATH; empty when there is none."""
    folders = [os.path.dirname(os.path.abspath(sys.argv[0])), os.path.dirname(sys.executable)]
    for folder in folders + os.environ.get("PATH", os.defpath).split(os.pathsep):
        path = os.path.join(folder, "barqued")
        if os.access(path, os.X_OK):
            return path
    return ""


def start(session: Session, client: Client) -> bool:
    """Start it, say so once, and wait until it answers. False when that is not to be done, or failed."""
    if not client.endpoint.default or os.geteuid() != 0 or os.environ.get("BARQUE_NO_AUTOSTART"):
        return False
    program = command()
    if not program:
        return False
    log = os.open("/var/log/barqued.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640)
    try:
        null = os.open(os.devnull, os.O_RDONLY)
        process = os.posix_spawn(
            program,
            [program],
            os.environ,
            file_actions=[
                (os.POSIX_SPAWN_DUP2, null, 0),
                (os.POSIX_SPAWN_DUP2, log, 1),
                (os.POSIX_SPAWN_DUP2, log, 2),
            ],
            setsid=True,
        )
        os.close(null)
    finally:
        os.close(log)
    session.err("barque: no daemon is running, starting one (log in /var/log/barqued.log)\n")
    return _answers(client, process)


def _answers(client: Client, process: int) -> bool:
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        try:
            client.ping()
        except CannotConnect:
            done, _ = os.waitpid(process, os.WNOHANG)
            if done:
                return False
            time.sleep(_STEP)
            continue
        return True
    return False
