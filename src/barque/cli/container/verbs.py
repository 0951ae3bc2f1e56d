"""The verbs that go over several containers and print each name."""

from __future__ import annotations

from barque.client.client import quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from barque.cli.session import Session


def post_each(session: Session, names: list[str], verb: str, query: Mapping[str, str] | None = None) -> int:
    """``POST /containers/NAME/verb`` for each; the exit code."""

    def act(name: str) -> str:
        session.client.post(f"/containers/{quote(name)}/{verb}", query).read()
        return name

    return session.each(names, act)
