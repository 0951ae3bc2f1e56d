"""``barque volume create``."""

from __future__ import annotations

from barque.cli.body.environment import labels
from barque.cli.body.modes import pairs
from barque.cli.failure import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from barque.cli.flags import FlagTable, Options
    from barque.cli.session import Session

FLAGS: FlagTable = (
    ("driver", "d", "string", "local", "Driver"),
    ("label", "", "list", (), "Metadata"),
    ("name", "", "string", "", ""),
    ("opt", "o", "map", (), "Option for the driver"),
)
USAGE = "[VOLUME]"
ARGUMENTS = (0, 1)


def execute(session: Session, options: Options, arguments: list[str]) -> int:
    if arguments and options["name"]:
        raise Failure("conflicting options: cannot specify a volume name through both --name and as a positional arg")
    body: dict[str, Any] = {
        "Name": arguments[0] if arguments else options["name"],
        "Driver": options["driver"],
        "DriverOpts": pairs(options["opt"]),
        "Labels": labels((), options["label"], "--label"),
    }
    session.line(session.client.post("/volumes/create", body=body).json()["Name"])
    return 0
