"""Which daemon: flags, ``DOCKER_HOST``, ``DOCKER_CONTEXT``, ``currentContext``, the default, in Docker's order."""

from __future__ import annotations

import os

from barque.client import address as addresses
from barque.client.contexts import ContextStore

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


class TlsFiles:
    """Paths of PEM files; empty means none. ``verify`` is whether the daemon's certificate is checked."""

    __slots__ = ("ca", "certificate", "key", "verify")

    def __init__(self, ca: str = "", certificate: str = "", key: str = "", verify: bool = True) -> None:
        self.ca = ca
        self.certificate = certificate
        self.key = key
        self.verify = verify


class Endpoint:
    """Where a daemon listens. ``default`` when nothing but the default chose it; ``version`` when the user fixed it."""

    __slots__ = ("address", "context", "default", "headers", "tls", "version")

    def __init__(self, host: str, tls: TlsFiles | None = None, context: str = "default", default: bool = False) -> None:
        self.address = addresses.parse(host, tls is not None)
        self.tls = tls
        self.context = context
        self.default = default
        self.version = ""
        self.headers: dict[str, str] = {}


class TlsChoice:
    """The ``--tls*`` flags; None means not given."""

    __slots__ = ("ca", "certificate", "key", "tls", "verify")

    def __init__(self) -> None:
        self.tls: bool | None = None
        self.verify: bool | None = None
        self.ca: str | None = None
        self.certificate: str | None = None
        self.key: str | None = None


def config_directory(environment: Mapping[str, str]) -> str:
    """``DOCKER_CONFIG`` or ``~/.docker``."""
    return environment.get("DOCKER_CONFIG") or os.path.join(environment.get("HOME") or "/root", ".docker")


def tls_files(choice: TlsChoice, environment: Mapping[str, str]) -> TlsFiles | None:
    """TLS as flags and environment want it, None for plain. Default files count only when they exist."""
    verify = choice.verify if choice.verify is not None else bool(environment.get("DOCKER_TLS_VERIFY"))
    wanted = verify or (choice.tls if choice.tls is not None else bool(environment.get("DOCKER_TLS")))
    if not wanted:
        return None
    folder = environment.get("DOCKER_CERT_PATH") or config_directory(environment)

    def file(given: str | None, name: str) -> str:
        if given is not None:
            return given
        path = os.path.join(folder, name)
        return path if os.path.exists(path) else ""

    return TlsFiles(
        file(choice.ca, "ca.pem"), file(choice.certificate, "cert.pem"), file(choice.key, "key.pem"), verify
    )


def choose(
    environment: Mapping[str, str],
    host: str = "",
    context: str = "",
    current_context: str = "",
    tls: TlsChoice | None = None,
    config_folder: str = "",
) -> Endpoint:
    """The endpoint these settings mean. Raises ``NotFound`` for an unknown context."""
    files = tls_files(tls or TlsChoice(), environment)
    if not context:
        if host:
            return Endpoint(host, files)
        if environment.get("DOCKER_HOST"):
            return Endpoint(environment["DOCKER_HOST"], files)
        context = environment.get("DOCKER_CONTEXT") or current_context or "default"
    if context == "default":
        shown = environment.get("DOCKER_HOST", "")
        return Endpoint(shown, files, default=not shown)
    store = ContextStore(config_folder or config_directory(environment))
    found = store.get(context)
    return Endpoint(found.host, files or found.tls(), context)


def from_environment(environment: Mapping[str, str] | None = None) -> Endpoint:
    """The endpoint with no flags and no configuration file."""
    return choose(os.environ if environment is None else environment)
