"""What older API versions showed and the newest no longer does (Engine API version history)."""

from __future__ import annotations

from barque.model.requests import Json, Records

NONE = "<none>:<none>"


def image_summaries(images: Records, version: tuple[int, int]) -> Records:
    """``VirtualSize`` until 1.43; ``<none>`` for images without a name until 1.42."""
    return [_summary(image, version) for image in images] if version < (1, 44) else images


def _summary(image: Json, version: tuple[int, int]) -> Json:
    out = {**image, "VirtualSize": image.get("Size", 0)}
    if version < (1, 43):
        out["RepoTags"] = image.get("RepoTags") or [NONE]
        out["RepoDigests"] = image.get("RepoDigests") or ["<none>@<none>"]
    return out


def image(found: Json, version: tuple[int, int]) -> Json:
    """``VirtualSize`` until 1.43, the build's container until 1.44."""
    out = dict(found)
    if version < (1, 44):
        out["VirtualSize"] = found.get("Size", 0)
    if version < (1, 45):
        out.setdefault("Container", "")
        out.setdefault("ContainerConfig", found.get("Config") or {})
    return out


def disk_usage(found: Json, version: tuple[int, int]) -> Json:
    return {**found, "Images": image_summaries(found["Images"], version)} if found.get("Images") else found
