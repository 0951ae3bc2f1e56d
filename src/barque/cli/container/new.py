"""Create a container for ``run`` and ``create``: pull when the image is missing, write the cidfile."""

from __future__ import annotations

import os

from barque.cli.body import create as body
from barque.cli.failure import Failure
from barque.cli.image import reference
from barque.errors import NotFound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from barque.cli.flags import Options
    from barque.cli.session import Session

    Json = dict[str, Any]


class CidFile:
    """The file of ``--cidfile``: refused when it exists, taken away again when nothing was created."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._written = False
        if not path:
            return
        if os.path.exists(path):
            raise Failure(f"container ID file found, make sure the other container isn't running or delete {path}")
        try:
            open(path, "x").close()
        except OSError as error:
            raise Failure(
                f"failed to create the container ID file: open {path}: {(error.strerror or '').lower()}", 125
            ) from None

    def write(self, identity: str) -> None:
        if self._path:
            with open(self._path, "w") as file:
                file.write(identity)
            self._written = True

    def close(self) -> None:
        if self._path and not self._written:
            os.unlink(self._path)


def _api_socket(session: Session, config: Json) -> None:
    address = session.client.endpoint.address
    if address.scheme != "unix":
        raise Failure("flag --use-api-socket can only be used with unix sockets", 125)
    mount = {"Type": "bind", "Source": address.path, "Target": "/var/run/docker.sock", "BindOptions": {}}
    config["HostConfig"].setdefault("Mounts", []).append(mount)


def _add_proxies(session: Session, config: Json) -> None:
    """Proxy settings of the configuration file, unless the user set the variable."""
    proxies = session.configuration.values.get("proxies")
    if not proxies:
        return
    chosen = proxies.get(session.client.endpoint.address.text) or proxies.get("default") or {}
    names = (
        ("httpProxy", "http_proxy"),
        ("httpsProxy", "https_proxy"),
        ("ftpProxy", "ftp_proxy"),
        ("noProxy", "no_proxy"),
    )
    given = config.get("Env") or []
    have = {text.partition("=")[0] for text in given}
    added = []
    for key, name in (*names, ("allProxy", "all_proxy")):
        for spelled in (name.upper(), name):
            if chosen.get(key) and spelled not in have:
                added.append(f"{spelled}={chosen[key]}")
    if added:
        config["Env"] = given + added


def familiar(image: str) -> str:
    """The reference with its default tag, as the notice about a pull shows it."""
    last = image.rpartition("/")[2]
    return image if ":" in last or "@" in image else f"{image}:latest"


def prepare(options: Options, arguments: list[str]) -> Json:
    """The body these flags mean. Raises ``Failure``."""
    if options["pull"] not in ("missing", "always", "never"):
        raise Failure(f'invalid pull option: \'{options["pull"]}\': must be one of "always", "missing" or "never"', 125)
    try:
        reference.check(arguments[0])
    except Failure as failure:
        if "hexadecimal" not in failure.message and not arguments[0].startswith("sha256:"):
            raise
    try:
        config = body.build(options, arguments[0], arguments[1:], os.environ)
    except OSError as error:
        raise Failure(f"open {error.filename}: {(error.strerror or '').lower()}", 125) from None
    if options.get("console-size"):
        config["HostConfig"]["ConsoleSize"] = list(options["console-size"])
    return config


def container(session: Session, options: Options, image: str, config: Json) -> str:
    """The new container's ID. Prints warnings. Raises ``Failure`` and the daemon's errors."""
    cidfile = CidFile(options["cidfile"])
    try:
        if options["use-api-socket"]:
            _api_socket(session, config)
        _add_proxies(session, config)
        made = _create(session, options, image, config)
        session.warn(made.get("Warnings"))
        cidfile.write(made["Id"])
    finally:
        cidfile.close()
    return str(made["Id"])


def _create(session: Session, options: Options, image: str, config: Json) -> Json:
    query = {"name": options["name"]} if options["name"] else {}
    if options["mac-address"] and not session.client.at_least("1.44"):
        config["MacAddress"] = options["mac-address"]
    platform = options["platform"] or os.environ.get("DOCKER_DEFAULT_PLATFORM", "")
    if platform:
        query["platform"] = platform
    if options["pull"] == "always":
        _pull(session, options, image, platform)
    try:
        return _post(session, query, config)
    except NotFound as error:
        if options["pull"] != "missing" or not error.message.lower().startswith(("no such image", "image not found")):
            raise
        if not options["quiet"]:
            session.err(f"Unable to find image '{familiar(image)}' locally\n")
    _pull(session, options, image, platform)
    return _post(session, query, config)


def _post(session: Session, query: dict[str, str], config: Json) -> Json:
    made: Json = session.client.post("/containers/create", query, config).json()
    return made


def _pull(session: Session, options: Options, image: str, platform: str) -> None:
    from barque.cli.image import pull

    pull.fetch(session, image, platform, quiet=options["quiet"], descriptor=2)
