"""``docker tag``: another name for an image that is here."""

from __future__ import annotations

from barque.errors import InvalidArgument
from barque.images.image import Image
from barque.images.store import ImageStore
from barque.model.reference import Reference


def tag_image(store: ImageStore, image: Image, repository: str, tag: str) -> Reference:
    """Point ``repository:tag`` at the image, taking it from any other. Raises ``InvalidArgument``."""
    reference = target_reference(repository, tag)
    store.point(reference, image.id)
    return reference


def target_reference(repository: str, tag: str) -> Reference:
    """The name an image is to get; ``latest`` when no tag is said. Raises ``InvalidArgument``."""
    reference = Reference.parse(repository)
    if reference.digest:
        raise InvalidArgument("refusing to create a tag with a digest reference")
    if tag:
        reference = reference.with_tag(tag)
    if reference.familiar_name == "sha256":
        raise InvalidArgument("refusing to create an ambiguous tag using digest algorithm as name")
    return reference.with_default_tag()
