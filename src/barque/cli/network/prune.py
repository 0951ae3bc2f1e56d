"""``barque network prune``."""

from __future__ import annotations

from barque.cli import pruning

TYPE_CHECKING = False
if TYPE_CHECKING:
    from barque.cli.flags import FlagTable, Options
    from barque.cli.session import Session

FLAGS: FlagTable = pruning.FLAGS
USAGE = ""
ARGUMENTS = (0, 0)
_WARNING = (
    "WARNING! This will remove all custom networks not used by at least one container.\n"
    "Are you sure you want to continue?"
)


def execute(session: Session, options: Options, arguments: list[str]) -> int:
    query = pruning.chosen(session, options["filter"])
    if not options["force"] and not session.confirm(_WARNING):
        return 0
    answer = session.client.post("/networks/prune", query).json()
    session.out(pruning.objects(answer, "NetworksDeleted", "Deleted Networks"))
    return 0
