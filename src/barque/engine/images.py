"""The images part of the Engine API: an asyncio face over the blocking ``images`` room."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import Any

from barque.api.backends import Filters, Json, Progress, Records, RegistryAuth, Strings
from barque.images import ContainerUse, Image, ImageStore
from barque.registry import Credentials, Registries, RegistryConfig

Publish = Callable[[str, str, str, dict[str, str]], None]
"""``publish(type, action, id, attributes)``: the event bus, called on the event loop."""


class ImageService:
    """Implements ``api.backends.Images``, plus ``auth`` for the system service.

    ``apply`` is the supervisor's ``apply`` op (request without ``op`` to reply); None extracts in this process.
    ``containers_using()`` gives every container, for remove, prune and the Containers count.
    ``used_chains()`` style knowledge is not needed: snapshots with children are never freed.
    """

    def __init__(
        self,
        store: ImageStore,
        registries: Registries,
        publish: Publish,
        containers_using: Callable[[], Iterable[ContainerUse]],
        apply: Callable[[Json], Awaitable[Json]] | None = None,
        *,
        max_downloads: int = 3,
        max_uploads: int = 5,
    ) -> None:
        raise NotImplementedError
