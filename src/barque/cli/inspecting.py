"""Inspection: objects as an indented array, or each through a template."""

from __future__ import annotations

from barque.cli.failure import Failure, words
from barque.cli.formatting import literal_escapes, where
from barque.cli.pretty import pretty
from barque.cli.template import ParseError, TemplateError, parse
from barque.client.errors import CannotConnect
from barque.errors import BarqueError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from barque.cli.session import Session


def show(session: Session, names: list[str], source: str, fetch: Callable[[str], Any], html: bool = False) -> int:
    """Print what is found; then the errors. The exit code."""
    if source == "json":
        source = "{{json .}}"
    try:
        template = parse(literal_escapes(source), strict="map") if source else None
    except ParseError as error:
        raise Failure(f"template parsing error: {error}", 64) from None
    found: list[Any] = []
    failed: list[str] = []
    for name in names:
        try:
            found.append(fetch(name))
        except CannotConnect:
            raise
        except BarqueError as error:
            failed.append(words(error))
        except Failure as failure:
            failed.append(failure.message)
    if template is None:
        session.out(pretty(found, html=html) + "\n")
    else:
        lines = []
        for item in found:
            try:
                lines.append(template.render(item) + "\n")
            except TemplateError as error:
                session.out("".join(lines) + error.partial + "\n")
                raise Failure(f"template parsing error: {where(error)}") from None
        session.out("".join(lines) or "\n")
    if failed:
        raise Failure("\n".join(failed))
    return 0
