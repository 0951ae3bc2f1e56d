"""``--format`` for lists: ``table``, ``table TEMPLATE``, ``json`` or a template, over named columns.

A column set maps a name to ``(header, function of the record)``. Headers come out of the template too, run over the
header names.
"""

from __future__ import annotations

from barque.cli import table
from barque.cli.failure import Failure
from barque.cli.template import ParseError, Record, Template, TemplateError, parse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import Any

    Columns = Mapping[str, tuple[str, Callable[..., Any]]]

JSON = "{{json .}}"

_HEADER_FUNCTIONS: dict[str, Any] = {
    "json": lambda value: value,
    "split": lambda value, separator: value,
    "join": lambda value, separator: value,
    "title": lambda value: value,
    "lower": lambda value: value,
    "upper": lambda value: value,
    "pad": lambda value, before, after: value,
    "truncate": lambda value, length: value,
}


def _label_header(_: Any, name: str) -> str:
    return name.rsplit(".", 1)[-1].replace("-", " ").replace("_", " ")


def compile_format(
    source: str, functions: Mapping[str, Callable[..., Any]] | None = None, strict: str = ""
) -> Template:
    """Parse, or fail in docker's words."""
    try:
        return parse(source, functions, strict)
    except ParseError as error:
        raise Failure(f"failed to parse template: {error}") from None


def literal_escapes(source: str) -> str:
    """``\\t`` and ``\\n`` typed as two characters."""
    return source.replace("\\t", "\t").replace("\\n", "\n")


def where(error: TemplateError, name: str = "") -> str:
    """Go's whole text: template, position, node, reason."""
    position = f"{error.position}: " if error.position >= 0 else " "
    node = f" at <{error.node}>" if error.position >= 0 else ""
    return f'template: {name}:1:{position}executing "{name}"{node}: {error.args[0]}'


def render(template: Template, source: str, data: Any) -> str:
    """Execute, or fail in docker's words; ``source`` as it was parsed."""
    try:
        return template.render(data)
    except TemplateError as error:
        raise Failure(f"failed to execute template: {where(error)}") from None


def rows(source: str, columns: Columns, records: Iterable[Any], kind: str) -> Iterator[str]:
    """Each record through a plain template (not ``table``)."""
    source = literal_escapes(JSON if source == "json" else source)
    template = compile_format(source)
    methods = {name: column[1] for name, column in columns.items()}
    for record in records:
        yield render(template, source, Record(record, methods, kind))


def show(source: str, default: str, columns: Columns, records: Iterable[Any], kind: str) -> str:
    """The whole output. ``default`` is the template of ``table`` without one; ``kind`` the record's Go type."""
    if source in ("", "table"):
        source = "table " + default
    if not source.startswith("table"):
        return "".join(row + "\n" for row in rows(source, columns, records, kind))
    source = literal_escapes(source.removeprefix("table").strip())
    body = "\n".join(rows(source, columns, records, kind))
    headers: dict[str, Any] = {name: (lambda _, text=column[0]: text) for name, column in columns.items()}
    if "Label" in headers:
        headers["Label"] = _label_header
    header = render(compile_format(source, _HEADER_FUNCTIONS), source, Record(None, headers, kind))
    lines = [header, *body.split("\n")] if body else [header]
    return table.align(lines)
