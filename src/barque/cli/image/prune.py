"""``barque image prune``."""

from __future__ import annotations

from barque.cli import pruning

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from barque.cli.flags import FlagTable, Options
    from barque.cli.session import Session

FLAGS: FlagTable = (("all", "a", "bool", False, "All unused images, not only those without a name"), *pruning.FLAGS)
USAGE = ""
ARGUMENTS = (0, 0)
_ALL = "all images without at least one container associated to them"


def removed(answer: dict[str, Any]) -> str:
    """What went, as ``prune`` lists it."""
    lines = [
        f"untagged: {entry['Untagged']}" if entry.get("Untagged") else f"deleted: {entry['Deleted']}"
        for entry in answer.get("ImagesDeleted") or []
    ]
    return "Deleted Images:\n" + "\n".join(lines) + "\n\n" if lines else ""


def execute(session: Session, options: Options, arguments: list[str]) -> int:
    query = pruning.chosen(session, options["filter"], {"dangling": ["false" if options["all"] else "true"]})
    what = _ALL if options["all"] else "all dangling images"
    if not options["force"] and not session.confirm(
        f"WARNING! This will remove {what}.\nAre you sure you want to continue?"
    ):
        return 0
    answer = session.client.post("/images/prune", query).json()
    session.out(removed(answer) + pruning.total(answer.get("SpaceReclaimed") or 0))
    return 0
