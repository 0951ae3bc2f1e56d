"""``docker rmi``: untag and delete, refusing what containers or other images need, in dockerd's order and words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from barque.errors import Conflict, NotFound
from barque.images.collect import free_image
from barque.images.image import ContainerUse, Image, Json
from barque.images.store import ImageStore
from barque.model.reference import Reference

Event = Callable[[str, Image, str], None]
"""``(action, image, name)``: ``untag`` or ``delete`` happened."""


@dataclass
class Removal:
    """One remove under way: what it may do, and the rows (``{"Untagged"}``, ``{"Deleted"}``) so far."""

    store: ImageStore
    containers: Sequence[ContainerUse]
    event: Event
    rows: list[Json] = field(default_factory=list)
    reclaimed: int = 0

    def using(self, image_id: str) -> list[ContainerUse]:
        return [use for use in self.containers if use.image_id == image_id]


@dataclass(frozen=True)
class _Obstacle:
    text: str
    hard: bool = False
    used: bool = False


def remove_image(
    store: ImageStore,
    name: str,
    containers: Iterable[ContainerUse],
    event: Event,
    *,
    force: bool = False,
    noprune: bool = False,
) -> tuple[list[Json], int]:
    """Rows in the order things went, and the bytes of layers freed. Raises ``NotFound`` and ``Conflict``."""
    removal = Removal(store, list(containers), event)
    with store.leases.lock:
        image = store.resolve(name)
        references = store.references(image.id)
        by_reference = not _is_id_prefix(image.id, name)
        if by_reference:
            _remove_reference(removal, image, name, references, force)
            if store.references(image.id):
                return removal.rows, 0
        elif _single(references):
            _refuse(image, _obstacle(removal, image, soft=not force, active=False))
            for reference in references:
                _untag(removal, image, reference)
        _delete(removal, image, force, prune=not noprune, quiet=by_reference)
    return removal.rows, removal.reclaimed


def _is_id_prefix(image_id: str, name: str) -> bool:
    return image_id.startswith(name) or image_id.partition(":")[2].startswith(name)


def _single(references: list[Reference]) -> bool:
    """At most one tag, and everything in one repository."""
    return len([r for r in references if r.tag]) <= 1 and len({r.name for r in references}) <= 1


def _remove_reference(removal: Removal, image: Image, name: str, references: list[Reference], force: bool) -> None:
    users = removal.using(image.id)
    if not force and users and _single(references):
        raise Conflict(
            f'conflict: unable to remove repository reference "{name}" (must force) - '
            f"container {users[0].id[:12]} is using its referenced image {_short(image.id)}"
        )
    given = Reference.parse(name).with_default_tag()
    if given.digest:
        given = given.with_digest(given.digest)
    if removal.store.lookup(given) != image.id:
        raise NotFound(f"No such image: {given.familiar}")
    _untag(removal, image, given)
    if given.digest:
        return
    rest = [r for r in removal.store.references(image.id) if r.name == given.name]
    if not any(r.tag for r in rest):
        for reference in rest:
            _untag(removal, image, reference)


def _untag(removal: Removal, image: Image, reference: Reference) -> None:
    removal.store.unpoint(reference)
    removal.rows.append({"Untagged": reference.familiar})
    removal.event("untag", image, image.id)


def _delete(removal: Removal, image: Image, force: bool, prune: bool, quiet: bool) -> None:
    """Delete the image and, with ``prune``, untagged parents nothing uses; ``quiet`` makes refusals end the walk."""
    store = removal.store
    obstacle = _obstacle(removal, image, soft=not force)
    if obstacle is not None:
        if quiet and (store.references(image.id) or obstacle.used or obstacle.hard):
            return
        _refuse(image, obstacle)
    for reference in store.references(image.id):
        _untag(removal, image, reference)
    parent = store.get(image.parent) if image.parent else None
    store.forget(image.id)
    freed, size = free_image(store, image)
    removal.event("delete", image, image.id)
    removal.rows.append({"Deleted": image.id})
    removal.rows.extend({"Deleted": chain} for chain in freed)
    removal.reclaimed += size
    if prune and parent is not None and not store.references(parent.id):
        _delete(removal, parent, force=False, prune=True, quiet=True)


def _obstacle(removal: Removal, image: Image, *, soft: bool, active: bool = True) -> _Obstacle | None:
    users = removal.using(image.id)
    if removal.store.children(image.id):
        return _Obstacle("image has dependent child images", hard=True)
    running = next((use for use in users if use.running), None)
    if running is not None:
        return _Obstacle(f"image is being used by running container {running.id[:12]}", hard=True, used=True)
    if soft and active and removal.store.references(image.id):
        return _Obstacle("image is referenced in multiple repositories")
    if soft and users:
        return _Obstacle(f"image is being used by stopped container {users[0].id[:12]}", used=True)
    return None


def _refuse(image: Image, obstacle: _Obstacle | None) -> None:
    if obstacle is not None:
        how = "cannot be forced" if obstacle.hard else "must be forced"
        raise Conflict(f"conflict: unable to delete {_short(image.id)} ({how}) - {obstacle.text}")


def _short(image_id: str) -> str:
    return image_id.partition(":")[2][:12]
