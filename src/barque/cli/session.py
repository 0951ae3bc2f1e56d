"""One run of the program: where the daemon is, what is configured, where output goes."""

from __future__ import annotations

import os

from barque.cli.failure import Failure, words
from barque.client.client import Client
from barque.client.errors import CannotConnect
from barque.errors import BarqueError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from barque.cli.configuration import Configuration
    from barque.client.endpoint import Endpoint

PROGRAM = "barque"


def write(descriptor: int, text: str | bytes) -> None:
    """All of it, unbuffered."""
    data = text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text
    while data:
        data = data[os.write(descriptor, data) :]


class Session:
    """Handed to every command. ``command`` is how the user spelled it (``container run``)."""

    def __init__(self, globals_: dict[str, Any], command: str) -> None:
        self.globals = globals_
        self.command = command
        self._client: Client | None = None
        self._configuration: Configuration | None = None

    @property
    def configuration(self) -> Configuration:
        """The configuration file, read at first use."""
        if self._configuration is None:
            from barque.cli.configuration import load

            self._configuration = load(str(self.globals.get("config") or ""))
        return self._configuration

    def endpoint(self) -> Endpoint:
        """Where the daemon is, by flags, environment and configuration."""
        from barque.client import endpoint

        given = self.globals
        tls = endpoint.TlsChoice()
        tls.tls, tls.verify = given.get("tls"), given.get("tlsverify")
        tls.ca, tls.certificate, tls.key = given.get("tlscacert"), given.get("tlscert"), given.get("tlskey")
        hosts = given.get("host") or []
        if len(hosts) > 1:
            raise Failure("Specify only one -H")
        if hosts and given.get("context"):
            raise Failure("conflicting options: cannot specify both --host and --context")
        chosen = endpoint.choose(
            os.environ,
            hosts[0] if hosts else "",
            given.get("context") or "",
            self.configuration.current_context,
            tls,
            self.configuration.folder,
        )
        chosen.version = os.environ.get("DOCKER_API_VERSION", "").removeprefix("v")
        chosen.headers = self.configuration.headers
        return chosen

    @property
    def client(self) -> Client:
        """A client whose daemon has answered; starts one when that is allowed."""
        if self._client is None:
            client = Client(self.endpoint())
            try:
                client.ping()
            except CannotConnect:
                from barque.cli.daemon import start

                if not start(self, client):
                    raise
            self._client = client
        return self._client

    def out(self, text: str | bytes) -> None:
        write(1, text)

    def line(self, text: str) -> None:
        write(1, text + "\n")

    def err(self, text: str) -> None:
        write(2, text)

    def warn(self, warnings: Iterable[str] | None) -> None:
        """The daemon's warnings about a request."""
        for warning in warnings or ():
            self.err(f"WARNING: {warning}\n")

    def each(self, names: Iterable[str], action: Callable[[str], str | None]) -> int:
        """``action`` on every name, printing what it returns; the errors follow at the end. The exit code."""
        failed = []
        for name in names:
            try:
                shown = action(name)
            except CannotConnect:
                raise
            except BarqueError as error:
                failed.append(words(error))
                continue
            if shown is not None:
                self.line(shown)
        if failed:
            self.err("\n".join(failed) + "\n")
        return 1 if failed else 0

    def confirm(self, question: str) -> bool:
        """Ask; only ``y`` says yes."""
        self.out(question + " [y/N] ")
        answer = b""
        while not answer.endswith(b"\n"):
            more = os.read(0, 1)
            if not more:
                break
            answer += more
        return answer.strip().lower() in (b"y",)
