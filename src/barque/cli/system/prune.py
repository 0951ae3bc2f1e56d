"""``barque system prune``."""

from __future__ import annotations

from barque.cli import pruning
from barque.cli.failure import Failure
from barque.cli.image.prune import removed
from barque.errors import Unsupported

TYPE_CHECKING = False
if TYPE_CHECKING:
    from barque.cli.flags import FlagTable, Options
    from barque.cli.session import Session

FLAGS: FlagTable = (
    ("all", "a", "bool", False, "All unused images, not only those without a name"),
    ("filter", "", "filter", (), "Only what this holds for ('label=<key>=<value>')"),
    ("force", "f", "bool", False, "Do not ask"),
    ("volumes", "", "bool", False, "Anonymous volumes too"),
)
USAGE = ""
ARGUMENTS = (0, 0)


def _question(options: Options) -> str:
    what = ["all stopped containers", "all networks not used by at least one container"]
    if options["volumes"]:
        what.append("all anonymous volumes not used by at least one container")
    what.append(
        "all images without at least one container associated to them" if options["all"] else "all dangling images"
    )
    what.append("all build cache" if options["all"] else "unused build cache")
    filters = ""
    if options["filter"]:
        filters = "  Items to be pruned will be filtered with:\n" + "".join(
            f"  - {text}\n" for text in options["filter"]
        )
        filters = "\n" + filters
    listed = "".join(f"  - {item}\n" for item in what)
    return f"WARNING! This will remove:\n{listed}{filters}\nAre you sure you want to continue?"


def execute(session: Session, options: Options, arguments: list[str]) -> int:
    if options["volumes"] and any(text.startswith("until=") for text in options["filter"]):
        raise Failure('ERROR: The "until" filter is not supported with "--volumes"')
    if not options["force"] and not session.confirm(_question(options)):
        return 0
    query = pruning.chosen(session, options["filter"])
    client = session.client
    answer = client.post("/containers/prune", query).json()
    freed = answer.get("SpaceReclaimed") or 0
    session.out(pruning.objects(answer, "ContainersDeleted", "Deleted Containers"))
    session.out(pruning.objects(client.post("/networks/prune", query).json(), "NetworksDeleted", "Deleted Networks"))
    if options["volumes"]:
        answer = client.post("/volumes/prune", query).json()
        freed += answer.get("SpaceReclaimed") or 0
        session.out(pruning.objects(answer, "VolumesDeleted", "Deleted Volumes"))
    wanted = {"dangling": ["false" if options["all"] else "true"]}
    answer = client.post("/images/prune", pruning.chosen(session, options["filter"], wanted)).json()
    freed += answer.get("SpaceReclaimed") or 0
    session.out(removed(answer))
    try:
        answer = client.post("/build/prune", {"all": "1"} if options["all"] else {}).json() or {}
    except Unsupported:
        answer = {}
    freed += answer.get("SpaceReclaimed") or 0
    session.out(pruning.objects(answer, "CachesDeleted", "Deleted build cache objects"))
    session.out(pruning.total(freed))
    return 0
