"""``barque network disconnect``."""

from __future__ import annotations

from barque.client.client import quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from barque.cli.flags import FlagTable, Options
    from barque.cli.session import Session

FLAGS: FlagTable = (("force", "f", "bool", False, "Even when the container is not there any more"),)
USAGE = "NETWORK CONTAINER"
ARGUMENTS = (2, 2)


def execute(session: Session, options: Options, arguments: list[str]) -> int:
    body = {"Container": arguments[1], "Force": options["force"]}
    session.client.post(f"/networks/{quote(arguments[0])}/disconnect", body=body).read()
    return 0
