"""``barque events``."""

from __future__ import annotations

import time

from barque.cli import filters, formatting, times
from barque.cli.failure import Failure
from barque.cli.template import TemplateError
from barque.client import codec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from barque.cli.flags import FlagTable, Options
    from barque.cli.session import Session

FLAGS: FlagTable = (
    ("filter", "f", "filter", (), "Show only events for which this holds"),
    ("format", "", "string", "", "How to print: 'json' or a Go template"),
    ("since", "", "string", "", "From this time on, or this long ago"),
    ("until", "", "string", "", "Up to this time"),
)
USAGE = ""
ARGUMENTS = (0, 0)


def _moment(event: dict[str, Any]) -> str:
    """RFC 3339 with nine digits, in local time."""
    nanoseconds = int(event.get("timeNano") or int(event.get("time") or 0) * 10**9)
    local = time.localtime(nanoseconds // 10**9)
    zone = time.strftime("%z", local)
    shown = "Z" if zone == "+0000" else f"{zone[:3]}:{zone[3:]}"
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', local)}.{nanoseconds % 10**9:09d}{shown}"


def plain(event: dict[str, Any]) -> str:
    """``2024-01-31T10:00:00.000000000Z container start ID (image=x, name=y)``."""
    actor = event.get("Actor") or {}
    attributes = ", ".join(f"{key}={value}" for key, value in sorted((actor.get("Attributes") or {}).items()))
    shown = f" ({attributes})" if attributes else ""
    return f"{_moment(event)} {event.get('Type', '')} {event.get('Action', '')} {actor.get('ID', '')}{shown}"


def execute(session: Session, options: Options, arguments: list[str]) -> int:
    source = options["format"]
    template = None
    if source and source != "json":
        source = formatting.literal_escapes(source)
        try:
            template = formatting.compile_format(source, strict="*events.Message")
        except Failure as failure:
            raise Failure(failure.message.replace("failed to parse template", "Error parsing format"), 64) from None
    query = filters.query(options["filter"])
    for name in ("since", "until"):
        if options[name]:
            try:
                query[name] = times.stamp(options[name])
            except ValueError as error:
                raise Failure(f'invalid value for "{name}": {error}') from None
    for event in session.client.get("/events", query).lines():
        if source == "json":
            session.line(codec.dumps(event))
        elif template is not None:
            view = {
                "Status": event.get("status", ""),
                "ID": event.get("id", ""),
                "From": event.get("from", ""),
                **event,
            }
            view["Time"], view["TimeNano"] = event.get("time", 0), event.get("timeNano", 0)
            view["Scope"] = event.get("scope", "")
            try:
                session.line(template.render(view))
            except TemplateError as error:
                raise Failure(f"Error parsing format: {formatting.where(error)}", 64) from None
        else:
            session.line(plain(event))
    return 0
