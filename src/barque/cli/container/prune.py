"""``barque container prune``."""

from __future__ import annotations

from barque.cli import pruning

TYPE_CHECKING = False
if TYPE_CHECKING:
    from barque.cli.flags import FlagTable, Options
    from barque.cli.session import Session

FLAGS: FlagTable = pruning.FLAGS
USAGE = ""
ARGUMENTS = (0, 0)
_WARNING = "WARNING! This will remove all stopped containers.\nAre you sure you want to continue?"


def execute(session: Session, options: Options, arguments: list[str]) -> int:
    query = pruning.chosen(session, options["filter"])
    if not options["force"] and not session.confirm(_WARNING):
        return 0
    answer = session.client.post("/containers/prune", query).json()
    shown = pruning.objects(answer, "ContainersDeleted", "Deleted Containers")
    session.out(shown + pruning.total(answer.get("SpaceReclaimed") or 0))
    return 0
