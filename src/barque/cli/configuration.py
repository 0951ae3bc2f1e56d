"""``config.json``: Docker's client configuration, unknown keys kept when it is written back."""

from __future__ import annotations

import os

from barque.cli.failure import Failure
from barque.client import codec
from barque.client.endpoint import config_directory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Configuration:
    """``values`` is the file's JSON object; ``folder`` where it lies."""

    def __init__(self, folder: str, values: dict[str, Any]) -> None:
        self.folder = folder
        self.values = values

    def text(self, key: str) -> str:
        value = self.values.get(key)
        return value if isinstance(value, str) else ""

    @property
    def current_context(self) -> str:
        return self.text("currentContext")

    @property
    def headers(self) -> dict[str, str]:
        """Headers to send with every request."""
        found = self.values.get("HttpHeaders") or {}
        return {str(name): str(value) for name, value in found.items() if name.lower() != "user-agent"}

    @property
    def path(self) -> str:
        return os.path.join(self.folder, "config.json")

    def save(self) -> None:
        """Replace the file in one step, readable by the owner only."""
        from barque.cli.pretty import pretty

        target = os.path.realpath(self.path)
        os.makedirs(os.path.dirname(target), mode=0o700, exist_ok=True)
        temporary = f"{target}{os.getpid()}"
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(descriptor, "w") as file:
            file.write(pretty({key: value for key, value in self.values.items() if value not in ({}, "")}, "\t"))
        os.replace(temporary, target)


def load(folder: str) -> Configuration:
    """The configuration in ``folder`` (empty: the usual place); nothing there is an empty one."""
    folder = folder or config_directory(os.environ)
    path = os.path.join(folder, "config.json")
    try:
        with open(path, "rb") as file:
            content = file.read()
    except (FileNotFoundError, NotADirectoryError):
        return Configuration(folder, {})
    except OSError as error:
        raise Failure(f"loading config file: open {path}: {(error.strerror or '').lower()}") from None
    try:
        values = codec.loads(content) if content.strip() else {}
    except ValueError as error:
        raise Failure(f"loading config file: {path}: {error}") from None
    if not isinstance(values, dict):
        raise Failure(f"loading config file: {path}: not a JSON object")
    return Configuration(folder, values)
