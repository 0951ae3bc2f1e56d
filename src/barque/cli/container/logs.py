"""``barque logs``."""

from __future__ import annotations

from barque.cli import frames, times
from barque.cli.failure import Failure
from barque.client.client import quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from barque.cli.flags import FlagTable, Options
    from barque.cli.session import Session

FLAGS: FlagTable = (
    ("details", "", "bool", False, "Show the attributes that were logged with each line"),
    ("follow", "f", "bool", False, "Go on as more is printed"),
    ("since", "", "string", "", "From this time (2013-01-02T13:23:37Z) or this long ago (42m)"),
    ("tail", "n", "string", "all", "Only this many lines from the end"),
    ("timestamps", "t", "bool", False, "Show when each line was printed"),
    ("until", "", "string", "", "Up to this time (2013-01-02T13:23:37Z) or this long ago (42m)"),
)
USAGE = "CONTAINER"
ARGUMENTS = (1, 1)


def execute(session: Session, options: Options, arguments: list[str]) -> int:
    container = session.client.get(f"/containers/{quote(arguments[0])}/json").json()
    query = {"stdout": "1", "stderr": "1", "tail": options["tail"]}
    for name in ("details", "follow", "timestamps"):
        if options[name]:
            query[name] = "1"
    for name in ("since", "until"):
        if options[name]:
            try:
                query[name] = times.stamp(options[name])
            except ValueError as error:
                raise Failure(f'invalid value for "{name}": {error}') from None
    response = session.client.get(f"/containers/{container['Id']}/logs", query)
    if (container.get("Config") or {}).get("Tty"):
        for chunk in response.chunks():
            session.out(chunk)
        return 0
    splitter = frames.Splitter()
    for chunk in response.chunks():
        for descriptor, data in splitter.feed(chunk):
            frames.write(descriptor, data)
    return 0
