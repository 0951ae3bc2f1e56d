"""``docker history``: the rows of an image, newest first."""

from __future__ import annotations

from barque.errors import Internal
from barque.images.filters import epoch
from barque.images.image import Image, Json
from barque.images.store import ImageStore


def history_rows(store: ImageStore, image: Image) -> list[Json]:
    """``{"Id", "Created" (Unix seconds), "CreatedBy", "Tags", "Size" (bytes), "Comment"}``.

    ``Id`` is known for images made here only (by walking parents); other rows say ``<missing>``.
    """
    chain = image.chain_ids
    rows: list[Json] = []
    used = 0
    for entry in image.config["history"]:
        size = 0
        if not entry.get("empty_layer"):
            if used >= len(chain):
                raise Internal("too many non-empty layers in History section")
            size = store.layer_size(chain[used])
            used += 1
        rows.insert(
            0,
            {
                "Comment": entry.get("comment") or "",
                "Created": int(epoch(entry.get("created"))),
                "CreatedBy": entry.get("created_by") or "",
                "Id": "<missing>",
                "Size": size,
                "Tags": None,
            },
        )
    step: Image | None = image
    for row in rows:
        if step is None:
            break
        row["Id"] = step.id
        row["Tags"] = list(step.references) or None
        step = store.get(step.parent) if step.parent else None
    return rows
