"""Namespaces, restart policy, health check, security options, and the small grammars."""

from __future__ import annotations

from barque.cli.failure import Failure, invalid
from barque.client import codec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from barque.cli.flags import Options

    Json = dict[str, Any]


def namespaces(options: Options) -> Json:
    """``PidMode`` and its like, checked."""
    pid, ipc, uts = options["pid"], options["ipc"], options["uts"]
    if pid not in ("", "host") and not pid.startswith("container:"):
        raise Failure("--pid: invalid PID mode", 125)
    if uts not in ("", "host"):
        raise Failure("--uts: invalid UTS mode", 125)
    if options["userns"] not in ("", "host"):
        raise Failure("--userns: invalid USER mode", 125)
    if options["cgroupns"] not in ("", "host", "private"):
        raise Failure("--cgroupns: invalid CGROUP mode", 125)
    found = {
        "PidMode": pid,
        "IpcMode": ipc,
        "UTSMode": uts,
        "UsernsMode": options["userns"],
        "CgroupnsMode": options["cgroupns"],
    }
    return {key: value for key, value in found.items() if value}


def restart_policy(text: str) -> Json:
    """``name[:count]``."""
    name, colon, count = text.partition(":")
    if not text:
        return {"Name": "no", "MaximumRetryCount": 0}
    if colon and not name:
        raise Failure("invalid restart policy format: no policy provided before colon", 125)
    if colon and not count.lstrip("-").isdigit():
        raise Failure("invalid restart policy format: maximum retry count must be an integer", 125)
    return {"Name": name, "MaximumRetryCount": int(count) if colon else 0}


def health(options: Options) -> Json | None:
    """``Healthcheck``; None when no flag is about it."""
    given = {name for name in options.changed if name.startswith("health-")}
    if options["no-healthcheck"]:
        if given:
            raise Failure("--no-healthcheck conflicts with --health-* options", 125)
        return {"Test": ["NONE"]}
    if not given:
        return None
    for name in ("interval", "timeout", "start-period", "start-interval", "retries"):
        if options[f"health-{name}"] < 0:
            raise Failure(f"--health-{name} cannot be negative", 125)
    found: Json = {
        "Interval": options["health-interval"],
        "Timeout": options["health-timeout"],
        "StartPeriod": options["health-start-period"],
        "StartInterval": options["health-start-interval"],
        "Retries": options["health-retries"],
    }
    found = {key: value for key, value in found.items() if value}
    if options["health-cmd"]:
        found["Test"] = ["CMD-SHELL", options["health-cmd"]]
    return found


def security(given: Iterable[str]) -> tuple[list[str], bool]:
    """``SecurityOpt`` with seccomp profiles read in, and whether system paths stay unmasked."""
    found: list[str] = []
    unmasked = False
    for text in given:
        key, equals, value = text.partition("=")
        if not equals and key != "no-new-privileges":
            key, equals, value = text.partition(":")
            if not equals:
                raise Failure(f'Invalid --security-opt: "{text}"', 125)
        if text == "systempaths=unconfined":
            unmasked = True
            continue
        if key == "seccomp" and value not in ("unconfined", "builtin"):
            text = f"seccomp={_profile(value)}"
        found.append(text)
    return found, unmasked


def _profile(path: str) -> str:
    try:
        with open(path, "rb") as file:
            content = file.read()
    except OSError as error:
        reason = (error.strerror or "").lower()
        raise Failure(f"opening seccomp profile ({path}) failed: open {path}: {reason}", 125) from None
    try:
        return codec.dumps(codec.loads(content))
    except ValueError as error:
        raise Failure(f"compacting json for seccomp profile ({path}) failed: {error}", 125) from None


def _address(text: str) -> bool:
    from barque.cli.body.ports import _is_address

    return _is_address(text)


def extra_hosts(given: Iterable[str]) -> list[str]:
    """``name:ip`` from ``name:ip`` or ``name=ip``."""
    found = []
    for text in given:
        mark = "=" if "=" in text else ":"
        name, separator, address = text.partition(mark)
        if not separator or not name:
            raise invalid("--add-host", text, f'bad format for add-host: "{text}"')
        bare = address[1:-1] if address.startswith("[") and address.endswith("]") else address
        if bare != "host-gateway" and not _address(bare):
            raise invalid("--add-host", text, f'invalid IP address in add-host: "{address}"')
        found.append(f"{name}:{bare}")
    return found


def name_servers(given: Iterable[str]) -> list[str]:
    """Addresses, checked."""
    for text in given:
        if not _address(text.strip()):
            raise invalid("--dns", text, f"IP address is not correctly formatted: {text}")
    return [text.strip() for text in given]


def sysctls(given: Iterable[str]) -> dict[str, str]:
    """Kernel parameters that are per namespace."""
    allowed = {
        "kernel.msgmax", "kernel.msgmnb", "kernel.msgmni", "kernel.sem", "kernel.shmall", "kernel.shmmax",
        "kernel.shmmni", "kernel.shm_rmid_forced",
    }  # fmt: skip
    found = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not (name in allowed or name.startswith(("net.", "fs.mqueue."))):
            raise invalid("--sysctl", text, f"sysctl '{text}' is not allowed")
        found[name] = value
    return found


def pairs(given: Iterable[str]) -> dict[str, str]:
    """``key=value`` strings as a map."""
    return {name: value for name, _, value in (text.partition("=") for text in given)}


def capability(name: str) -> str:
    """``CAP_NET_ADMIN`` from however it was written."""
    upper = name.strip().upper()
    return upper if upper == "ALL" or upper.startswith("CAP_") else f"CAP_{upper}"
