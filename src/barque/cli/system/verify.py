"""``barque system verify``: beyond Docker."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from barque.cli.flags import FlagTable, Options
    from barque.cli.session import Session

FLAGS: FlagTable = ()
USAGE = ""
ARGUMENTS = (0, 0)


def execute(session: Session, options: Options, arguments: list[str]) -> int:
    problems = session.client.post("/barque/verify").json()["Problems"]
    for problem in problems:
        session.out(f"{problem}\n")
    if not problems:
        session.out("Every image is whole\n")
    return 1 if problems else 0
