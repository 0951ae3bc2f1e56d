"""``HostConfig.LogConfig`` to what the shim writes."""

from __future__ import annotations

from typing import Any

from barque.engine.record import Container

Json = dict[str, Any]
UNITS = {"k": 1 << 10, "m": 1 << 20, "g": 1 << 30}


def size_of(text: str) -> int:
    """Bytes of a log option such as ``10m``. Raises ValueError."""
    word = text.strip().lower().removesuffix("b")
    if word[-1:] in UNITS:
        return int(float(word[:-1]) * UNITS[word[-1]])
    return int(word or 0)


def log_of(container: Container, path: str) -> Json | None:
    """The ``log`` of a task (ARCHITECTURE.md); None when nothing is kept."""
    wanted = container.host_config.get("LogConfig") or {}
    options = wanted.get("Config") or {}
    kind = wanted.get("Type") or "json-file"
    if kind == "none":
        return None
    return {
        "driver": kind,
        "path": path,
        "max_size": size_of(options.get("max-size", "0")),
        "max_file": int(options.get("max-file", "1")),
        "compress": options.get("compress", "false") == "true",
        "attrs": _attributes(container, options),
    }


def _attributes(container: Container, options: dict[str, str]) -> dict[str, str]:
    labels = container.config.get("Labels") or {}
    out = {name: labels[name] for name in options.get("labels", "").split(",") if name in labels}
    env = dict(word.partition("=")[::2] for word in container.config.get("Env") or ())
    return out | {name: env[name] for name in options.get("env", "").split(",") if name in env}
