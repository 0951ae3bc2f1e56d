"""Exit codes of a container, and of what could not be started."""

from __future__ import annotations

from barque.cli.streaming import Signals, wait_readable
from barque.client.client import quote
from barque.errors import BarqueError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from barque.cli.session import Session
    from barque.client.response import Response


def of_failure(message: str) -> int:
    """127 when there is no such program, 126 when it may not be run, else 125: docker goes by the text, so do we."""
    if "executable file not found" in message or "no such file or directory" in message:
        return 127
    if "permission denied" in message or "is a directory" in message:
        return 126
    return 125


def begin_wait(session: Session, container: str, condition: str) -> Response:
    """A registered wait: the daemon has answered the head, so an exit from now on is not missed."""
    return session.client.post(f"/containers/{quote(container)}/wait", {"condition": condition})


def finish_wait(session: Session, response: Response, signals: Signals | None = None) -> int:
    """The code. An error of the wait is printed and 125."""
    descriptor = response.waiting_on()
    if descriptor >= 0:
        wait_readable(descriptor, signals)
    try:
        answer = response.json()
    except BarqueError as error:
        session.err(f"Error waiting for container: {error.message}\n")
        return 125
    problem = (answer.get("Error") or {}).get("Message")
    if problem:
        session.err(f"Error waiting for container: {problem}\n")
        return 125
    return int(answer["StatusCode"])
