"""``commit``: what a container wrote becomes a layer, its config an image's."""

from __future__ import annotations

import os
import time
from typing import Any

from barque.engine.archive import ArchiveService
from barque.engine.images import ImageService
from barque.engine.record import Container, rfc3339
from barque.images.changes import apply_changes
from barque.images.tag import target_reference

KEPT = (
    "User", "ExposedPorts", "Env", "Entrypoint", "Cmd", "Volumes", "WorkingDir", "Labels", "StopSignal", "Healthcheck",
    "Shell", "OnBuild",
)  # fmt: skip


async def commit(
    images: ImageService,
    archives: ArchiveService,
    container: Container,
    target: tuple[str, str],
    comment: str,
    author: str,
    changes: list[str],
    config: dict[str, Any],
) -> str:
    """The new image's id. Raises InvalidArgument for a bad reference or change."""
    reference = target_reference(*target) if target[0] else None
    base = images.store.resolve(container.image_id)
    given = {key: value for key, value in config.items() if key in KEPT and value}
    inner = {key: container.config[key] for key in KEPT if container.config.get(key)} | given
    inner = apply_changes(inner, changes)
    created = rfc3339(time.time_ns())
    command = [*(container.config.get("Entrypoint") or ()), *(container.config.get("Cmd") or ())]
    with images.store.lease() as lease:
        layer = await images.add_layer(lease, await archives.layer(container), base.diff_ids)
        document = {
            "architecture": base.config.get("architecture") or os.uname().machine,
            "os": base.config.get("os") or "linux",
            "created": created,
            "author": author,
            "comment": comment,
            "container": container.id,
            "config": inner,
            "rootfs": {"type": "layers", "diff_ids": [*base.diff_ids, layer.diff_id]},
            "history": [
                *(base.config.get("history") or []),
                {"created": created, "author": author, "created_by": " ".join(command), "comment": comment},
            ],
        }
        made = images.store.create(
            document, [*base.layers, layer], [reference] if reference else [], parent=container.image_id
        )
    return made.id
