"""``barque context inspect``."""

from __future__ import annotations

import os

from barque.cli import inspecting
from barque.cli.context import stored
from barque.cli.failure import Failure
from barque.errors import NotFound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from barque.cli.flags import FlagTable, Options
    from barque.cli.session import Session

FLAGS: FlagTable = (("format", "f", "string", "", "How to print: a Go template"),)
USAGE = "[CONTEXT] [CONTEXT...]"
ARGUMENTS = (0, -1)


def execute(session: Session, options: Options, arguments: list[str]) -> int:
    store = stored.store(session)

    def fetch(name: str) -> dict[str, Any]:
        if name == "default":
            context = stored.default()
            places = {"MetadataPath": "<IN MEMORY>", "TLSPath": "<IN MEMORY>"}
            metadata: dict[str, Any] = {}
        else:
            try:
                context = store.get(name)
            except NotFound as error:
                raise Failure(error.message) from None
            meta, tls = store.paths(name)
            places = {"MetadataPath": meta, "TLSPath": tls}
            metadata = context.meta.get("Metadata") or {}
        folder = os.path.join(context.folder, "docker")
        files = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
        return {
            "Name": name,
            "Metadata": metadata,
            "Endpoints": context.meta.get("Endpoints") or {},
            "TLSMaterial": {"docker": files} if files else {},
            "Storage": places,
        }

    return inspecting.show(session, arguments or [stored.current(session)], options["format"], fetch, html=True)
