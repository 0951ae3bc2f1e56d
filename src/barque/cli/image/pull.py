"""``barque pull``."""

from __future__ import annotations

import os

from barque.cli import progress
from barque.cli.failure import Failure
from barque.cli.image import reference
from barque.client.client import quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from barque.cli.flags import FlagTable, Options
    from barque.cli.session import Session

FLAGS: FlagTable = (
    ("all-tags", "a", "bool", False, "Fetch every tag of the repository"),
    ("disable-content-trust", "", "bool", True, ""),
    ("platform", "", "string", "", "Platform, where the image has several"),
    ("quiet", "q", "bool", False, "Print only the name at the end"),
)
USAGE = "NAME[:TAG|@DIGEST]"
ARGUMENTS = (1, 1)


def split(name: str) -> tuple[str, str]:
    """Repository, and tag or digest (empty when there is none)."""
    head, at, digest = name.partition("@")
    if at:
        return head if ":" not in head.rpartition("/")[2] else head.rpartition(":")[0], digest
    repository, colon, tag = name.rpartition(":")
    return (repository, tag) if colon and "/" not in tag else (name, "")


def fetch(
    session: Session, image: str, platform: str, quiet: bool, descriptor: int = 1, all_tags: bool = False
) -> None:
    """Pull, showing progress on ``descriptor``. Raises the daemon's error."""
    from barque.cli.registry import credentials

    repository, tag = split(image)
    query = {"fromImage": repository}
    if not all_tags:
        query["tag"] = tag or "latest"
    if platform:
        query["platform"] = platform
    headers = credentials.header(session.configuration, repository)
    response = session.client.post("/images/create", query, headers=headers)
    progress.show(response.lines(), descriptor, quiet)


def execute(session: Session, options: Options, arguments: list[str]) -> int:
    reference.check(arguments[0])
    repository, tag = split(arguments[0])
    if options["all-tags"] and tag:
        raise Failure("tag can't be used with --all-tags/-a")
    if not tag and not options["all-tags"] and not options["quiet"]:
        session.line("Using default tag: latest")
    platform = options["platform"] or os.environ.get("DOCKER_DEFAULT_PLATFORM", "")
    fetch(session, arguments[0], platform, options["quiet"], all_tags=options["all-tags"])
    session.line(
        canonical(repository) + (("@" if ":" in tag else ":") + (tag or "latest") if not options["all-tags"] else "")
    )
    return 0


def canonical(repository: str) -> str:
    """With its registry: ``docker.io/library/busybox``."""
    first, slash, _ = repository.partition("/")
    if not slash:
        return f"docker.io/library/{repository}"
    if "." in first or ":" in first or first == "localhost":
        return repository
    return f"docker.io/{repository}"


__all__ = ["canonical", "execute", "fetch", "quote", "split"]
