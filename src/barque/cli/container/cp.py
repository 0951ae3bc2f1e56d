"""``barque cp``."""

from __future__ import annotations

import os

from barque.cli import files
from barque.cli.container import copying
from barque.cli.failure import Failure
from barque.cli.units import decimal_size
from barque.client.client import quote
from barque.errors import NotFound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from barque.cli.flags import FlagTable, Options
    from barque.cli.session import Session

    Json = dict[str, Any]

FLAGS: FlagTable = (
    ("archive", "a", "bool", False, "Keep owners"),
    ("follow-link", "L", "bool", False, "Copy what a link in SRC_PATH points to"),
    ("quiet", "q", "bool", False, "Do not show how far it is"),
)
USAGE = "CONTAINER:SRC_PATH DEST_PATH|-\n\tbarque cp [OPTIONS] SRC_PATH|- CONTAINER:DEST_PATH"
ARGUMENTS = (2, 2)


def split(argument: str) -> tuple[str, str]:
    """``(container, path)``; the container is empty for a local path."""
    if os.path.isabs(argument):
        return "", argument
    container, colon, path = argument.partition(":")
    if not colon or container.startswith("."):
        return "", argument
    return container, path


def _stat(session: Session, container: str, path: str) -> Json:
    import binascii

    from barque.client import codec

    response = session.client.head(f"/containers/{quote(container)}/archive", {"path": path})
    found: Json = codec.loads(binascii.a2b_base64(response.headers["x-docker-container-path-stat"]))
    return found


def _resolve(session: Session, container: str, path: str) -> tuple[str, Json | None]:
    """The path a link at ``path`` points to, and what is there (None for nothing)."""
    try:
        found = _stat(session, container, path)
    except NotFound:
        return path, None
    if not found.get("linkTarget") or not copying.is_link(found["mode"]):
        return path, found
    target = found["linkTarget"]
    if not target.startswith("/"):
        target = os.path.join(os.path.dirname(path), target)
    try:
        return target, _stat(session, container, target)
    except NotFound:
        return target, None


def execute(session: Session, options: Options, arguments: list[str]) -> int:
    source, source_path = split(arguments[0])
    target, target_path = split(arguments[1])
    if source and target:
        raise Failure("copying between containers is not supported")
    if not source and not target:
        raise Failure("must specify at least one container source")
    if not source_path:
        raise Failure("source can not be empty")
    if not target_path:
        raise Failure("destination can not be empty")
    if source:
        size = _from_container(session, options, source, source_path, target_path)
    else:
        size = _to_container(session, options, source_path, target, target_path)
    if size >= 0 and not options["quiet"]:
        shown = target_path if source else f"{target}:{target_path}"
        if os.isatty(2):
            session.err(f"Successfully copied {decimal_size(size, 3)} to {shown}\n")
    return 0


def _from_container(session: Session, options: Options, container: str, path: str, target: str) -> int:
    if options["follow-link"]:
        resolved, found = _resolve(session, container, path)
        path = copying.keep_trailing(path, resolved) if found else path
    response = session.client.get(f"/containers/{quote(container)}/archive", {"path": path})
    if target == "-":
        files.save(response, "", session)
        return -1
    with copying.spooled(response.chunks()) as archive:
        copying.extract(archive, path, target, keep_owner=options["archive"])
        return int(archive.seek(0, 2))


def _to_container(session: Session, options: Options, source: str, container: str, path: str) -> int:
    resolved, found = _resolve(session, container, path)
    query = {"noOverwriteDirNonDir": "true"}
    if options["archive"]:
        query["copyUIDGID"] = "true"
    url = f"/containers/{quote(container)}/archive"
    headers = {"Content-Type": "application/x-tar"}
    if source == "-":
        if found is None:
            _stat(session, container, path)
        elif not copying.is_directory(found["mode"]):
            raise Failure(f'destination "{container}:{path}" must be a directory')
        session.client.put(url, {**query, "path": resolved}, files.pieces(0), headers).read()
        return -1
    folder, name = copying.destination(source, resolved, found, options["follow-link"])
    with copying.packed(source, name, options["follow-link"]) as archive:
        size = archive.seek(0, 2)
        archive.seek(0)
        session.client.put(url, {**query, "path": folder}, copying.blocks(archive), headers).read()
    return int(size)
