"""The filters each operation knows; any other name is refused (Engine API reference, ``filters`` parameters)."""

from __future__ import annotations

PRUNE = frozenset({"label", "label!", "until"})
CONTAINERS = frozenset(
    {
        "ancestor", "before", "since", "exited", "expose", "publish", "health", "id", "name", "label", "network",
        "volume", "status", "is-task", "isolation",
    }
)  # fmt: skip
IMAGES = frozenset({"before", "since", "dangling", "label", "label!", "reference", "until"})
IMAGES_PRUNE = PRUNE | {"dangling"}
SEARCH = frozenset({"is-automated", "is-official", "stars"})
NETWORKS = frozenset({"dangling", "driver", "id", "label", "name", "scope", "type"})
VOLUMES = frozenset({"dangling", "driver", "label", "name"})
VOLUMES_PRUNE = frozenset({"label", "label!", "all"})
EVENTS = frozenset(
    {
        "config", "container", "daemon", "event", "image", "label", "network", "node", "plugin", "scope", "secret",
        "service", "type", "volume",
    }
)  # fmt: skip
