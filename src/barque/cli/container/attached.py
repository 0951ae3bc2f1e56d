"""An attached container: connection, signals, terminal, exit code; for ``run``, ``start -a`` and ``attach``."""

from __future__ import annotations

import os

from barque.cli import streaming, terminal
from barque.client.client import quote
from barque.errors import BarqueError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from barque.cli.session import Session
    from barque.client.hijack import Hijacked


class Attached:
    """Made before the container starts; ``run`` copies until it is over."""

    def __init__(
        self,
        session: Session,
        container: str,
        tty: bool,
        stdin: bool,
        stdout: bool = True,
        stderr: bool = True,
        keys: str = "",
        proxy: bool = True,
        logs: bool = False,
    ) -> None:
        self._session = session
        self._container = container
        self._tty = tty
        self._stdin = stdin
        self._streams = (stdout, stderr)
        keys = keys or session.configuration.text("detachKeys")
        self._keys = terminal.detach_keys(keys) if tty and stdin and os.isatty(0) else b""
        self.signals = streaming.Signals()
        query = {"stream": "1"}
        if stdin:
            query["stdin"] = "1"
        if stdout:
            query["stdout"] = "1"
        if stderr:
            query["stderr"] = "1"
        if keys:
            query["detachKeys"] = keys
        if logs:
            query["logs"] = "1"
        if proxy and not tty:
            self.signals.forward(self._kill)
        self._connection: Hijacked = session.client.hijack(f"/containers/{quote(container)}/attach", query)

    def _kill(self, number: int) -> None:
        import signal

        try:
            name = signal.Signals(number).name.removeprefix("SIG")
            self._session.client.post(f"/containers/{quote(self._container)}/kill", {"signal": name})
        except BarqueError:
            # it has just ended, or has not started yet
            pass

    def fit(self) -> bool:
        """Give the container's terminal the size of ours. False when the daemon refused."""
        rows, columns = terminal.size(1)
        return not (rows and columns) or resize(self._session, f"/containers/{quote(self._container)}", rows, columns)

    def run(self) -> bool:
        """Copy until the container's side ends. False when the user detached."""
        tty = self._tty and os.isatty(1)
        if tty:
            self.signals.watch_window(lambda: void(self.fit))
            self.fit()
        stream = streaming.Stream(
            self._connection, self._tty, self._stdin, *self._streams, keys=self._keys, signals=self.signals
        )
        if self._tty and self._stdin and os.isatty(0):
            self.signals.end_cleanly()
            with terminal.Raw(0):
                return stream.run()
        return stream.run()

    def close(self) -> None:
        self._connection.close()
        self.signals.close()


def void(action: Callable[[], object]) -> None:
    action()


def resize(session: Session, path: str, rows: int, columns: int) -> bool:
    """POST a size. False when the daemon refused."""
    try:
        session.client.post(f"{path}/resize", {"h": str(rows), "w": str(columns)}).read()
    except BarqueError:
        return False
    return True
