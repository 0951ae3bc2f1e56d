"""The filters of ``/events``: every named filter must match, by any of its values; labels must all match."""

from __future__ import annotations

from barque.errors import InvalidArgument
from barque.model.requests import Filters, Json

KINDS = {"config", "container", "daemon", "image", "network", "node", "plugin", "secret", "service", "volume"}
"""Filters that are a type: the actor's id, an id's beginning, or its name."""
KNOWN = KINDS | {"event", "label", "scope", "type"}


def check_filters(filters: Filters) -> None:
    """Raises InvalidArgument for a name that is no filter."""
    if unknown := set(filters) - KNOWN:
        raise InvalidArgument(f"invalid filter '{min(unknown)}'")


def matches(event: Json, filters: Filters) -> bool:
    """Whether the event passes."""
    return (
        _action(event["Action"], filters.get("event") or ())
        and _any(event["Type"], filters.get("type") or ())
        and _any(event["scope"], filters.get("scope") or ())
        and _labels(event["Actor"]["Attributes"], filters.get("label") or ())
        and all(_actor(event, kind, filters[kind]) for kind in KINDS if filters.get(kind))
    )


def _any(value: str, wanted: list[str] | tuple[()]) -> bool:
    return not wanted or value in wanted


def _action(action: str, wanted: list[str] | tuple[()]) -> bool:
    """``health_status: healthy`` and ``exec_create: cmd`` also match by the word before the colon."""
    return not wanted or action in wanted or action.partition(":")[0] in wanted


def _labels(attributes: dict[str, str], wanted: list[str] | tuple[()]) -> bool:
    for label in wanted:
        key, equals, value = label.partition("=")
        if key not in attributes or (equals and attributes[key] != value):
            return False
    return True


def _actor(event: Json, kind: str, wanted: list[str]) -> bool:
    actor = event["Actor"]["ID"]
    attributes = event["Actor"]["Attributes"]
    if kind == "image":
        return _image(event, actor, attributes, wanted)
    if event["Type"] != kind:
        return False
    name = attributes.get("name", "")
    return any(value in (actor, name) or (value != "" and actor.startswith(value)) for value in wanted)


def _image(event: Json, actor: str, attributes: dict[str, str], wanted: list[str]) -> bool:
    """An image's own events, and those of containers made from it; a name matches with and without its tag."""
    own = event["Type"] == "image"
    names = {actor, attributes.get("name", "")} if own else {attributes.get("image", "")} - {""}
    names |= {_without_tag(name) for name in names}
    return any(value in names for value in wanted)


def _without_tag(name: str) -> str:
    head, colon, tag = name.rpartition(":")
    return head if colon and "/" not in tag else name
