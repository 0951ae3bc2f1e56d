"""``barque version``."""

from __future__ import annotations

import os
import sys

from barque import __version__
from barque.cli.failure import Failure, words
from barque.cli.formatting import literal_escapes, where
from barque.cli.template import ParseError, TemplateError, parse
from barque.client.client import NEWEST
from barque.errors import BarqueError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from barque.cli.flags import FlagTable, Options
    from barque.cli.session import Session

    Json = dict[str, Any]

FLAGS: FlagTable = (("format", "f", "string", "", "How to print: 'json' or a Go template"),)
USAGE = ""
ARGUMENTS = (0, 0)
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm", "i686": "386"}


def short() -> int:
    """``barque --version``."""
    os.write(1, f"Barque version {__version__}\n".encode())
    return 0


def architecture() -> str:
    """Go's name of this machine's."""
    machine = os.uname().machine
    return _ARCHITECTURES.get(machine, machine)


def client_side(session: Session, api: str) -> Json:
    """The ``Client`` half, in Docker's field names."""
    return {
        "Version": __version__,
        "ApiVersion": api,
        "DefaultAPIVersion": NEWEST,
        "GitCommit": "",
        "GoVersion": "",
        "PythonVersion": sys.version.split()[0],
        "Os": sys.platform,
        "Arch": architecture(),
        "BuildTime": "",
        "Context": session.endpoint().context,
    }


def _rows(pairs: list[tuple[str, str]], indent: str, width: int) -> list[str]:
    return [f"{indent}{(name + ':').ljust(width)} {value}" for name, value in pairs]


def _client_text(client: Json) -> list[str]:
    api = client["ApiVersion"]
    if api != client["DefaultAPIVersion"]:
        api += f" (downgraded from {client['DefaultAPIVersion']})"
    pairs = [
        ("Version", client["Version"]),
        ("API version", api),
        ("Python version", client["PythonVersion"]),
        ("OS/Arch", f"{client['Os']}/{client['Arch']}"),
        ("Context", client["Context"]),
    ]
    return ["Client:", *_rows(pairs, " ", 18)]


def _server_text(server: Json) -> list[str]:
    name = (server.get("Platform") or {}).get("Name") or ""
    lines = ["", "Server:" + (f" {name}" if name else "")]
    components = server.get("Components") or [{"Name": "Engine", "Version": server["Version"], "Details": server}]
    for component in components:
        details = component.get("Details") or {}
        lines.append(f" {component['Name']}:")
        if component["Name"] == "Engine":
            pairs = [
                ("Version", component["Version"]),
                (
                    "API version",
                    f"{details.get('ApiVersion', '')} (minimum version {details.get('MinAPIVersion', '')})",
                ),
                ("Go version", details.get("GoVersion", "")),
                ("Git commit", details.get("GitCommit", "")),
                ("Built", built(str(details.get("BuildTime", "")))),
                ("OS/Arch", f"{details.get('Os', '')}/{details.get('Arch', '')}"),
                ("Experimental", str(details.get("Experimental", "false"))),
            ]
            pairs = [pair for pair in pairs if pair[1] or pair[0] not in ("Go version", "Git commit", "Built")]
        else:
            pairs = [("Version", component["Version"])]
            pairs += [(key, str(value)) for key, value in sorted(details.items())]
        lines += _rows(pairs, "  ", 17)
    return lines


def built(moment: str) -> str:
    """``Thu May  7 21:09:36 2026`` from RFC 3339; anything else as it is."""
    import time

    from barque.cli import times

    try:
        return time.asctime(time.gmtime(times.parse(moment) // 10**9))
    except (ValueError, IndexError):
        return moment


def execute(session: Session, options: Options, arguments: list[str]) -> int:
    source = "{{json .}}" if options["format"] == "json" else options["format"]
    try:
        template = parse(literal_escapes(source), strict="system.versionInfo") if source else None
    except ParseError as error:
        raise Failure(
            "template parsing error: " + str(error).replace("template: :", "template: version:"), 64
        ) from None
    server: Json | None = None
    problem = ""
    api = NEWEST
    try:
        server = session.client.get("/version").json()
        api = session.client.version
    except BarqueError as error:
        problem = words(error)
    data = {"Client": client_side(session, api), "Server": server}
    if template is None:
        lines = _client_text(data["Client"] or {}) + (_server_text(server) if server else [])
        session.out("\n".join(lines) + "\n")
    else:
        try:
            session.line(template.render(data))
        except TemplateError as error:
            session.line(error.partial)
            raise Failure(where(error, "version")) from None
    if problem:
        raise Failure(problem)
    return 0
