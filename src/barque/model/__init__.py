"""Frozen values shared by all rooms."""

from barque.model.descriptor import Descriptor
from barque.model.mount import Mount
from barque.model.platform import Platform
from barque.model.reference import Reference

__all__ = ["Descriptor", "Mount", "Platform", "Reference"]
