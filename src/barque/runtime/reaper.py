"""``--init``: pid 1 is a small process of ours that starts the program, passes signals on and reaps orphans."""

from __future__ import annotations

import os
import signal
import socket
from typing import Any, NoReturn

from barque.errors import StartError
from barque.linux import libc
from barque.runtime import process

NOT_FORWARDED = {
    signal.SIGKILL,
    signal.SIGSTOP,
    signal.SIGCHLD,
    signal.SIGFPE,
    signal.SIGILL,
    signal.SIGSEGV,
    signal.SIGBUS,
    signal.SIGABRT,
    signal.SIGTRAP,
    signal.SIGSYS,
    signal.SIGTTIN,
    signal.SIGTTOU,
}


def run(wanted: dict[str, Any], program: str, pairs: dict[str, str], sync: socket.socket) -> NoReturn:
    """Start the program as a child and stay; ends with the child's code. An exec failure goes over ``sync``."""
    signals = set(signal.Signals) - NOT_FORWARDED | {signal.SIGCHLD}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    child = os.fork()
    if child == 0:
        try:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, signals)
            os.setsid() if not wanted.get("terminal") else os.setpgid(0, 0)
            if wanted.get("terminal"):
                _foreground()
            process.execute(wanted, program, pairs)
        except StartError as error:
            sync.sendall(b'{"error": ' + _quoted(error.message) + b"}\n")
        os._exit(127)
    sync.detach()
    # whoever waits for the end of these streams must not wait for us
    libc.syscall(libc.SYS_CLOSE_RANGE, "close_range", 0, 0xFFFFFFFF, 0)
    _loop(child, signals)


def _quoted(text: str) -> bytes:
    return b'"' + text.replace("\\", "\\\\").replace('"', '\\"').encode() + b'"'


def _foreground() -> None:
    """Make our group the terminal's own, as a shell does for a job (tcsetpgrp(3) from the background stops us)."""
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    try:
        os.tcsetpgrp(0, os.getpgrp())
    except OSError:
        pass
    signal.signal(signal.SIGTTOU, signal.SIG_DFL)


def _loop(child: int, signals: set[signal.Signals]) -> NoReturn:
    while True:
        received = signal.sigwait(signals)
        if received != signal.SIGCHLD:
            try:
                os.kill(child, received)
            except ProcessLookupError:
                pass
            continue
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                os._exit(0)
            if pid == 0:
                break
            if pid == child:
                code = os.waitstatus_to_exitcode(status)
                os._exit(code if code >= 0 else 128 - code)
