"""Contexts as the commands show them."""

from __future__ import annotations

import os

from barque.client.address import DEFAULT_HOST
from barque.client.contexts import Context, ContextStore

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from barque.cli.session import Session


def store(session: Session) -> ContextStore:
    """The store of this configuration folder."""
    return ContextStore(session.configuration.folder)


def current(session: Session) -> str:
    """The name in use, with nothing said on the command line."""
    if session.globals.get("context"):
        return str(session.globals["context"])
    if session.globals.get("host") or os.environ.get("DOCKER_HOST"):
        return "default"
    return os.environ.get("DOCKER_CONTEXT") or session.configuration.current_context or "default"


def default() -> Context:
    """The one that is always there."""
    host = os.environ.get("DOCKER_HOST") or DEFAULT_HOST
    meta: dict[str, Any] = {
        "Name": "default",
        "Metadata": {"Description": "Current DOCKER_HOST based configuration"},
        "Endpoints": {"docker": {"Host": host, "SkipTLSVerify": False}},
    }
    return Context("default", meta, "<IN MEMORY>")
