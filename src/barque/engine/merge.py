"""A create request over an image's config: pure, Docker's rules."""

from __future__ import annotations

from typing import Any

from barque.errors import InvalidArgument

DEFAULT_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def _names(env: list[str]) -> set[str]:
    return {word.partition("=")[0] for word in env}


def merge(request: dict[str, Any], image: dict[str, Any], container_id: str) -> dict[str, Any]:
    """The container's config. Raises InvalidArgument when there is nothing to run."""
    config = {k: v for k, v in request.items() if k not in ("HostConfig", "NetworkingConfig")}
    env = list(config.get("Env") or [])
    config["Env"] = env + [word for word in image.get("Env") or () if word.partition("=")[0] not in _names(env)]
    config["Labels"] = {**(image.get("Labels") or {}), **(config.get("Labels") or {})}
    if not config.get("Entrypoint"):
        if not config.get("Cmd"):
            config["Cmd"] = image.get("Cmd")
        if config.get("Entrypoint") is None:
            config["Entrypoint"] = image.get("Entrypoint")
    if config.get("Entrypoint") == [""]:
        config["Entrypoint"] = None
    if config.get("Healthcheck") and image.get("Healthcheck"):
        config["Healthcheck"] = image["Healthcheck"] | {k: v for k, v in config["Healthcheck"].items() if v}
    for name in ("User", "WorkingDir", "StopSignal", "Healthcheck", "Shell"):
        if not config.get(name) and image.get(name):
            config[name] = image[name]
    for name in ("Volumes", "ExposedPorts"):
        both = {**(image.get(name) or {}), **(config.get(name) or {})}
        config[name] = both or None
    config.setdefault("Hostname", "")
    if not config["Hostname"]:
        config["Hostname"] = container_id[:12]
    config.setdefault("Domainname", "")
    for name in ("AttachStdin", "AttachStdout", "AttachStderr", "Tty", "OpenStdin", "StdinOnce"):
        config[name] = bool(config.get(name))
    for name in ("User", "WorkingDir", "Image"):
        config[name] = config.get(name) or ""
    config.setdefault("OnBuild", None)
    if not config.get("Entrypoint") and not config.get("Cmd"):
        raise InvalidArgument("no command specified")
    return config


def environment(config: dict[str, Any], hostname: str) -> list[str]:
    """What the process gets: PATH, HOSTNAME and TERM first, the config's own words over them;
    a bare name takes one away."""
    base = [DEFAULT_PATH, f"HOSTNAME={hostname}", *(["TERM=xterm"] if config.get("Tty") else [])]
    given = config.get("Env") or []
    return [word for word in base if word.partition("=")[0] not in _names(given)] + [w for w in given if "=" in w]


def command(config: dict[str, Any]) -> list[str]:
    return [*(config.get("Entrypoint") or ()), *(config.get("Cmd") or ())]
