"""``ps``: which containers a set of filters names."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from barque.engine.record import Container
from barque.errors import InvalidArgument
from barque.model.requests import Filters

NAMES = {
    "ancestor", "before", "since", "exited", "expose", "publish", "health", "id", "name", "label", "network", "volume",
    "status", "is-task", "isolation",
}  # fmt: skip
STATES = ("created", "running", "paused", "restarting", "removing", "exited", "dead")


def has_labels(labels: dict[str, str], wanted: Iterable[str]) -> bool:
    """Each word is ``key`` or ``key=value``."""
    for word in wanted:
        key, equals, value = word.partition("=")
        if key not in labels or (equals and labels[key] != value):
            return False
    return True


def named(name: str, pattern: str) -> bool:
    """Whether the pattern is found in the name, with or without its slash; one that is no pattern finds nothing."""
    try:
        return any(re.search(pattern, word) for word in (name, f"/{name}"))
    except re.error:
        return False


def check(filters: Filters) -> None:
    for name in filters:
        if name not in NAMES:
            raise InvalidArgument(f"invalid filter '{name}'")
    for status in filters.get("status", ()):
        if status not in STATES:
            raise InvalidArgument(f"invalid filter 'status={status}'")


def matches(container: Container, filters: Filters) -> bool:
    """Whether the container passes all filters but before and since."""
    tests: dict[str, Callable[[str], bool]] = {
        "id": lambda v: container.id.startswith(v),
        "name": lambda v: named(container.name, v),
        "status": lambda v: container.state.status == v,
        "exited": lambda v: container.state.status == "exited" and str(container.state.exit_code) == v,
        "ancestor": lambda v: (
            v in (container.image, container.image_id)
            or container.image_id.removeprefix("sha256:").startswith(v.removeprefix("sha256:"))
            or container.image.partition(":")[0] == v
        ),
        "network": lambda v: (
            v in container.networks
            or any((n.get("NetworkID") or "").startswith(v) for n in container.networks.values())
        ),
        "volume": lambda v: any(v in (m.get("Name"), m["Destination"], m["Source"]) for m in container.mounts),
        "health": lambda v: ((container.health or {}).get("Status") or "none") == v,
        "is-task": lambda v: v in ("false", "0"),
        "publish": lambda v: False,
        "expose": lambda v: (v if "/" in v else f"{v}/tcp") in (container.config.get("ExposedPorts") or {}),
        "isolation": lambda v: v in ("", "default"),
    }
    for name, test in tests.items():
        values = filters.get(name)
        if values and not any(test(value) for value in values):
            return False
    return has_labels(container.config.get("Labels") or {}, filters.get("label", ()))
