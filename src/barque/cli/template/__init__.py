"""Go's text/template as ``--format`` needs it: pipelines, variables, if, with, range, docker's functions.

    template = parse("{{range .Names}}{{.}} {{end}}")
    template.render({"Names": ["a", "b"]})        # "a b "

Values are what JSON gives (None, bool, int, float, str, list, dict) and ``Record`` for things with computed fields. A
key that a dict does not have prints ``<no value>``; a field a ``Record`` does not have raises ``TemplateError``.
"""

from __future__ import annotations

from barque.cli.template.errors import ParseError, TemplateError
from barque.cli.template.template import Template, parse
from barque.cli.template.values import Record

__all__ = ["ParseError", "Record", "Template", "TemplateError", "parse"]
