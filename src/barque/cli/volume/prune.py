"""``barque volume prune``."""

from __future__ import annotations

from barque.cli import pruning

TYPE_CHECKING = False
if TYPE_CHECKING:
    from barque.cli.flags import FlagTable, Options
    from barque.cli.session import Session

FLAGS: FlagTable = (("all", "a", "bool", False, "All unused volumes, not only those without a name"), *pruning.FLAGS)
USAGE = ""
ARGUMENTS = (0, 0)


def execute(session: Session, options: Options, arguments: list[str]) -> int:
    everything = options["all"] or not session.client.at_least("1.42")
    what = "all local volumes" if everything else "anonymous local volumes"
    extra = {"all": ["true"]} if options["all"] and session.client.at_least("1.42") else {}
    query = pruning.chosen(session, options["filter"], extra)
    if not options["force"] and not session.confirm(
        f"WARNING! This will remove {what} not used by at least one container.\nAre you sure you want to continue?"
    ):
        return 0
    answer = session.client.post("/volumes/prune", query).json()
    shown = pruning.objects(answer, "VolumesDeleted", "Deleted Volumes")
    session.out(shown + pruning.total(answer.get("SpaceReclaimed") or 0))
    return 0
