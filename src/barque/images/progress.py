"""Docker's progress lines, as the stock client draws them."""

from __future__ import annotations

from barque.images.image import Json


def line(status: str, item: str = "") -> Json:
    """A line without figures: about ``item`` (a short digest or a tag), or about the whole."""
    return {"status": status, "progressDetail": {}, "id": item} if item else {"status": status}


def figures(status: str, item: str, current: int, total: int) -> Json:
    """A line with ``current`` of ``total`` bytes."""
    return {"status": status, "progressDetail": {"current": current, "total": total}, "id": item}


def short(digest: str) -> str:
    """The twelve hex digits Docker shows of a digest or ID."""
    return digest.partition(":")[2][:12]
