"""Dockerfile instructions given to ``import`` and ``commit`` (``--change``), applied to an image's inner config."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterable
from typing import Any

from barque.errors import InvalidArgument

Config = dict[str, Any]
_PORT = re.compile(r"(\d{1,5})(?:-(\d{1,5}))?(?:/(tcp|udp|sctp))?", re.IGNORECASE)
_PAIR = re.compile(r'((?:"(?:[^"\\]|\\.)*"|\'[^\']*\'|\\.|[^\s=])+)=((?:"(?:[^"\\]|\\.)*"|\'[^\']*\'|\\.|[^\s])*)')


def apply_changes(config: Config, changes: Iterable[str]) -> Config:
    """A copy of ``config`` with each instruction carried out. Raises ``InvalidArgument`` in the builder's words."""
    result = json.loads(json.dumps(config))
    for line in changes:
        for change in line.splitlines():
            if change.strip():
                _apply(result, change.strip())
    return dict(result)


def _apply(config: Config, change: str) -> None:
    word, _, rest = change.partition(" ")
    name, rest = word.upper(), rest.strip()
    if name not in _INSTRUCTIONS:
        known = name in {"FROM", "RUN", "ADD", "COPY", "ARG", "SHELL", "MAINTAINER"}
        raise InvalidArgument(f"{name.lower()} is not a valid change command" if known else _unknown(name))
    if not rest:
        raise InvalidArgument(f"{name} requires {'exactly one argument' if name in _ONE else 'at least one argument'}")
    _INSTRUCTIONS[name](config, rest)


def _unknown(name: str) -> str:
    return f"dockerfile parse error on line 1: unknown instruction: {name}"


def _command(text: str) -> list[str]:
    """Exec form when it is a JSON list of strings, else shell form."""
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return value
    return ["/bin/sh", "-c", text]


def _cmd(config: Config, rest: str) -> None:
    config["Cmd"] = _command(rest)


def _entrypoint(config: Config, rest: str) -> None:
    config["Entrypoint"] = _command(rest)


def pairs(text: str, instruction: str) -> list[tuple[str, str]]:
    """``k=v k2="v 2"`` or the old ``k v with spaces``. Raises ``InvalidArgument``."""
    first = text.split(None, 1)
    if "=" not in first[0]:
        if len(first) < 2:
            raise InvalidArgument(f"{instruction} must have two arguments")
        return [(first[0], first[1])]
    found, at = [], 0
    while at < len(text):
        match = _PAIR.match(text, at)
        if not match:
            raise InvalidArgument(
                f"Syntax error - can't find = in {text[at:].split()[0]!r}. Must be of the form: name=value"
            )
        found.append((_unquote(match[1]), _unquote(match[2])))
        at = match.end()
        while at < len(text) and text[at].isspace():
            at += 1
    return found


def _unquote(text: str) -> str:
    try:
        return "".join(shlex.split(text, posix=True)) if text else ""
    except ValueError:
        raise InvalidArgument(f"unexpected end of statement while looking for matching quote in {text}") from None


def _env(config: Config, rest: str) -> None:
    env = dict(item.partition("=")[::2] for item in config.get("Env") or [])
    env.update(pairs(rest, "ENV"))
    if "" in env:
        raise InvalidArgument("ENV names can not be blank")
    config["Env"] = [f"{key}={value}" for key, value in env.items()]


def _label(config: Config, rest: str) -> None:
    config["Labels"] = (config.get("Labels") or {}) | dict(pairs(rest, "LABEL"))


def _expose(config: Config, rest: str) -> None:
    ports = config.get("ExposedPorts") or {}
    for word in rest.split():
        match = _PORT.fullmatch(word)
        low, high = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
        if not match or not 0 < low <= high <= 65535:
            raise InvalidArgument(f"Invalid containerPort: {word}")
        ports |= {f"{port}/{(match[3] or 'tcp').lower()}": {} for port in range(low, high + 1)}
    config["ExposedPorts"] = ports


def _user(config: Config, rest: str) -> None:
    config["User"] = rest


def _volume(config: Config, rest: str) -> None:
    command = _command(rest)
    paths = command if rest.startswith("[") and command[:2] != ["/bin/sh", "-c"] else rest.split()
    if not all(path.strip() for path in paths):
        raise InvalidArgument("VOLUME specified can not be an empty string")
    config["Volumes"] = (config.get("Volumes") or {}) | {path: {} for path in paths}


def _workdir(config: Config, rest: str) -> None:
    path = _unquote(rest) if rest[0] in "\"'" else rest
    base = config.get("WorkingDir") or "/"
    joined = path if path.startswith("/") else f"{base.rstrip('/')}/{path}"
    parts: list[str] = []
    for part in joined.split("/"):
        if part == "..":
            parts = parts[:-1]
        elif part not in {"", "."}:
            parts.append(part)
    config["WorkingDir"] = "/" + "/".join(parts)


def _onbuild(config: Config, rest: str) -> None:
    trigger = rest.split()[0].upper()
    if trigger == "ONBUILD":
        raise InvalidArgument("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed")
    if trigger in {"MAINTAINER", "FROM"}:
        raise InvalidArgument(f"{trigger} isn't allowed as an ONBUILD trigger")
    config["OnBuild"] = [*(config.get("OnBuild") or []), rest]


def _stopsignal(config: Config, rest: str) -> None:
    if not re.fullmatch(r"\d+|[A-Za-z]+[A-Za-z0-9+-]*", rest):
        raise InvalidArgument(f"Invalid signal: {rest}")
    config["StopSignal"] = rest


_FLAG = re.compile(r"--(interval|timeout|start-period|start-interval|retries)=(\S+)\s*")
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ns|us|ms|s|m|h)")
_NANOS = {"ns": 1, "us": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}


def _healthcheck(config: Config, rest: str) -> None:
    check: Config = {}
    while match := _FLAG.match(rest):
        name, value, rest = match[1], match[2], rest[match.end() :]
        key = "".join(part.capitalize() for part in name.split("-"))
        if name == "retries":
            if not value.isdigit():
                raise InvalidArgument(f"--retries must be at least 0 (not {value})")
            check[key] = int(value)
            continue
        if not re.fullmatch(f"(?:{_DURATION.pattern})+", value):
            raise InvalidArgument(f'time: invalid duration "{value}"')
        check[key] = int(sum(float(number) * _NANOS[unit] for number, unit in _DURATION.findall(value)))
    kind, _, command = rest.partition(" ")
    if kind.upper() == "NONE":
        if command.strip():
            raise InvalidArgument("HEALTHCHECK NONE takes no arguments")
        check = {"Test": ["NONE"]}
    elif kind.upper() == "CMD" and command.strip():
        parsed = _command(command.strip())
        check["Test"] = ["CMD-SHELL", parsed[2]] if parsed[:2] == ["/bin/sh", "-c"] else ["CMD", *parsed]
    elif kind.upper() == "CMD":
        raise InvalidArgument("Missing command after HEALTHCHECK CMD")
    else:
        raise InvalidArgument(f"Unknown type {kind!r} in HEALTHCHECK (try CMD)")
    config["Healthcheck"] = check


_ONE = {"USER", "WORKDIR", "STOPSIGNAL"}
_INSTRUCTIONS: dict[str, Callable[[Config, str], None]] = {
    "CMD": _cmd,
    "ENTRYPOINT": _entrypoint,
    "ENV": _env,
    "EXPOSE": _expose,
    "HEALTHCHECK": _healthcheck,
    "LABEL": _label,
    "ONBUILD": _onbuild,
    "STOPSIGNAL": _stopsignal,
    "USER": _user,
    "VOLUME": _volume,
    "WORKDIR": _workdir,
}
