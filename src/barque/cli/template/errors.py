"""What can go wrong with a template."""

from __future__ import annotations


class TemplateError(Exception):
    """Execution failed; the text is Go's."""


class ParseError(TemplateError):
    """The template is not well formed."""
