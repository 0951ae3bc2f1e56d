"""``barque save``."""

from __future__ import annotations

from barque.cli import files
from barque.client.client import quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from barque.cli.flags import FlagTable, Options
    from barque.cli.session import Session

FLAGS: FlagTable = (
    ("output", "o", "string", "", "File to write instead of stdout"),
    ("platform", "", "list", (), "Only the variant of this platform"),
)
USAGE = "IMAGE [IMAGE...]"
ARGUMENTS = (1, -1)


def execute(session: Session, options: Options, arguments: list[str]) -> int:
    files.check_output(options["output"], "failed to save image")
    parts = [f"names={quote(name)}" for name in arguments]
    if options["platform"]:
        from barque.cli.image.platforms import encoded

        parts += [f"platform={quote(encoded(text))}" for text in options["platform"]]
    files.save(session.client.get("/images/get?" + "&".join(parts)), options["output"], session)
    return 0
