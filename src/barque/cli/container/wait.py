"""``barque wait``."""

from __future__ import annotations

from barque.cli.failure import Failure
from barque.client.client import quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from barque.cli.flags import FlagTable, Options
    from barque.cli.session import Session

FLAGS: FlagTable = ()
USAGE = "CONTAINER [CONTAINER...]"
ARGUMENTS = (1, -1)


def execute(session: Session, options: Options, arguments: list[str]) -> int:
    def wait(name: str) -> str:
        answer = session.client.post(f"/containers/{quote(name)}/wait").json()
        problem = (answer.get("Error") or {}).get("Message")
        if problem:
            raise Failure(str(problem))
        return str(answer["StatusCode"])

    return session.each(arguments, wait)
