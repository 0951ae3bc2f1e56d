"""What ``barque-runtime`` remembers of a container between its calls: ``<root>/<id>/state.json``."""

from __future__ import annotations

import json
import os
from typing import Any

from barque.errors import InvalidArgument, NotFound

Json = dict[str, Any]


class Store:
    """The containers under one ``--root``."""

    def __init__(self, root: str) -> None:
        self.root = root

    def dir(self, name: str) -> str:
        if not name or not all(c.isalnum() or c in "_+.-" for c in name) or len(name) > 1024:
            raise InvalidArgument(f"invalid container ID: {name!r}")
        return os.path.join(self.root, name)

    def load(self, name: str) -> Json:
        try:
            with open(os.path.join(self.dir(name), "state.json"), encoding="utf-8") as file:
                value: Json = json.load(file)
                return value
        except FileNotFoundError:
            raise NotFound("container does not exist") from None

    def save(self, name: str, state: Json) -> None:
        path = os.path.join(self.dir(name), "state.json")
        with open(f"{path}.new", "w", encoding="utf-8") as file:
            json.dump(state, file)
        os.replace(f"{path}.new", path)

    def names(self) -> list[str]:
        return sorted(os.listdir(self.root)) if os.path.isdir(self.root) else []


def started_at(pid: int) -> str:
    """Field 22 of /proc/<pid>/stat tells one owner of a pid from the next; empty when it is gone or a zombie."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            words = file.read().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if words[0] in "ZX" else words[19]


def status(state: Json) -> str:
    if started_at(state["pid"]) != state["started_at"]:
        return "stopped"
    return "paused" if state.get("paused") else "running" if state.get("started") else "created"


def shown(state: Json) -> Json:
    """The state of the runtime-spec, with runc's extra fields."""
    now = status(state)
    return {
        "ociVersion": "1.2.0",
        "id": state["id"],
        "pid": 0 if now == "stopped" else state["pid"],
        "status": now,
        "bundle": state["bundle"],
        "rootfs": state["rootfs"],
        "created": state["created"],
        "annotations": state["spec"].get("annotations") or {},
        "owner": "",
    }
