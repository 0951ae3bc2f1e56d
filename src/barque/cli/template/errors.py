"""What can go wrong with a template."""

from __future__ import annotations


class TemplateError(Exception):
    """Execution failed; the text is Go's. ``position`` and ``node`` say where, ``partial`` is what came out before."""

    position = -1
    node = ""
    partial = ""

    def at(self, position: int, node: str) -> TemplateError:
        """Remember where, unless a part inside has said so already."""
        if self.position < 0:
            self.position, self.node = position, node
        return self


class ParseError(TemplateError):
    """The template is not well formed."""
