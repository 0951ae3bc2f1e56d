"""``barque context create``."""

from __future__ import annotations

from barque.cli.body import csvline
from barque.cli.context import stored
from barque.cli.failure import Failure
from barque.errors import NotFound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from barque.cli.flags import FlagTable, Options
    from barque.cli.session import Session

FLAGS: FlagTable = (
    ("description", "", "string", "", "What it is for"),
    ("docker", "", "stringToString", (), "Endpoint: host=, ca=, cert=, key=, skip-tls-verify="),
    ("from", "", "string", "", "Context to copy"),
)
USAGE = "CONTEXT"
ARGUMENTS = (1, 1)
_FILES = {"ca": "ca.pem", "cert": "cert.pem", "key": "key.pem"}
_NAME = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.+-")


def _settings(options: Options) -> dict[str, str]:
    found = {}
    for text in options["docker"]:
        for field in csvline.fields(text):
            key, equals, value = field.partition("=")
            if not equals or key not in ("host", "skip-tls-verify", "from", *_FILES):
                raise Failure(f'unable to create docker endpoint config: unrecognized config key "{key}"')
            found[key] = value
    return found


def execute(session: Session, options: Options, arguments: list[str]) -> int:
    name = arguments[0]
    store = stored.store(session)
    if name == "default":
        raise Failure('context "default" is a reserved name')
    if not name or not _NAME.issuperset(name) or not name[0].isalnum():
        raise Failure(
            f'context name "{name}" is invalid, names are validated against regexp "^[a-zA-Z0-9][a-zA-Z0-9_.+-]+$"'
        )
    if name in store.names():
        raise Failure(f'context "{name}" already exists')
    settings = _settings(options)
    source = options["from"] or settings.get("from", "")
    endpoint: dict[str, Any] = {
        "Host": settings.get("host", ""),
        "SkipTLSVerify": settings.get("skip-tls-verify") == "true",
    }
    description = options["description"]
    if source:
        try:
            other = stored.default() if source == "default" else store.get(source)
        except NotFound as error:
            raise Failure(error.message) from None
        endpoint = {**other.meta["Endpoints"]["docker"], **{k: v for k, v in endpoint.items() if v}}
        description = description or ("" if source == "default" else other.description)
    elif not settings:
        raise Failure("docker endpoint configuration is required")
    tls = {}
    for key, file in _FILES.items():
        if settings.get(key):
            with open(settings[key], "rb") as opened:
                tls[file] = opened.read()
    metadata = {"Description": description} if description else {}
    store.put(name, {"Name": name, "Metadata": metadata, "Endpoints": {"docker": endpoint}}, tls)
    session.line(name)
    session.err(f'Successfully created context "{name}"\n')
    return 0
