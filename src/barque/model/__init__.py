"""Frozen values shared by all rooms."""

from barque.model.mount import Mount

__all__ = ["Mount"]
