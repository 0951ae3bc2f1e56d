"""The states of a container and what may be done in each: a table, and Docker's words for what may not."""

from __future__ import annotations

import signal

from barque.engine.record import Container
from barque.errors import Conflict, InvalidArgument, NotModified

ALLOWED = {
    "start": {"created", "exited"},
    "stop": {"running", "paused", "restarting"},
    "kill": {"running", "paused", "restarting"},
    "pause": {"running"},
    "unpause": {"paused"},
    "exec": {"running"},
    "remove": {"created", "exited", "dead"},
    "resize": {"running", "paused"},
    "top": {"running", "paused"},
}


def check(container: Container, verb: str) -> None:
    """Raises Conflict or NotModified in Docker's words when the state does not allow the verb."""
    status = container.state.status
    if status in ALLOWED[verb]:
        return
    if verb in ("start", "stop"):
        if verb == "start" and status == "paused":
            raise Conflict("cannot start a paused container, try unpause instead")
        if status in ("removing", "dead"):
            raise Conflict(f"container is marked for removal and cannot be {verb}ed")
        raise NotModified("")
    if verb == "pause" and status == "paused":
        raise Conflict(f"Container {container.id} is already paused")
    if verb == "unpause":
        raise Conflict(f"Container {container.id} is not paused")
    if verb == "exec" and status == "paused":
        raise Conflict(f"Container {container.id} is paused, unpause the container before exec")
    if verb == "remove":
        if status == "removing":
            raise Conflict(f"removal of container {container.id} is already in progress")
        hint = "unpause and then stop" if status == "paused" else "stop"
        raise Conflict(
            f'cannot remove container "/{container.name}": container is {status}: '
            f"{hint} the container before removing or force remove"
        )
    word = {"kill": "Cannot kill container: "}.get(verb, "")
    if verb == "kill":
        raise Conflict(f"{word}{container.name}: Container {container.id} is not running")
    raise Conflict(f"Container {container.id} is not running")


def signal_number(word: str) -> int:
    """A name with or without SIG, or a number. Raises InvalidArgument."""
    if word.isdigit():
        number = int(word)
        if 0 < number < signal.NSIG:
            return number
        raise InvalidArgument(f"Invalid signal: {word}")
    name = word.upper().removeprefix("SIG")
    if name.startswith(("RTMIN", "RTMAX")):
        base = signal.SIGRTMIN if name.startswith("RTMIN") else signal.SIGRTMAX
        rest = name[5:]
        if not rest or (rest[0] in "+-" and rest[1:].isdigit()):
            return int(base) + (int(rest) if rest else 0)
    try:
        return int(signal.Signals[f"SIG{name}"])
    except KeyError:
        raise InvalidArgument(f"Invalid signal: {word}") from None


def should_restart(container: Container, code: int) -> bool:
    """Whether the restart policy wants a container that ended with ``code`` back."""
    policy = container.host_config.get("RestartPolicy") or {}
    name = policy.get("Name") or "no"
    if container.state.stopped_by_user and name != "no":
        return False
    if name in ("always", "unless-stopped"):
        return True
    if name == "on-failure" and code != 0:
        most = policy.get("MaximumRetryCount") or 0
        return not most or container.state.restart_count < most
    return False


def backoff(count: int) -> float:
    """Seconds before restart number ``count`` (from 0): 100 ms, doubling, at most a minute."""
    return float(min(0.1 * 2 ** min(count, 12), 60.0))
