"""dockerd's flags and daemon.json, as one value."""

from __future__ import annotations

import argparse
import json
import os
from dataclasses import dataclass, field, fields, replace
from typing import Any

from barque.errors import InvalidArgument

DEFAULT_HOST = "unix:///var/run/docker.sock"
DEFAULT_FILE = "/etc/docker/daemon.json"
FILE_KEYS = {
    "hosts": "hosts", "data-root": "data_root", "exec-root": "exec_root", "pidfile": "pidfile", "bridge": "bridge",
    "bip": "bip", "fixed-cidr": "fixed_cidr", "debug": "debug", "log-level": "log_level",
    "storage-driver": "storage_driver", "insecure-registries": "insecure_registries",
    "registry-mirrors": "registry_mirrors", "group": "group", "shutdown-timeout": "shutdown_timeout",
    "live-restore": "live_restore", "labels": "labels", "mtu": "mtu", "default-runtime": "default_runtime",
    "runtimes": "runtimes",
    "max-concurrent-downloads": "max_downloads", "max-concurrent-uploads": "max_uploads", "tls": "tls",
    "tlsverify": "tlsverify", "tlscacert": "tlscacert", "tlscert": "tlscert", "tlskey": "tlskey",
}  # fmt: skip


RELOADABLE = {
    "debug": "debug", "log_level": "log-level", "labels": "labels", "live_restore": "live-restore",
    "default_runtime": "default-runtime", "runtimes": "runtimes", "insecure_registries": "insecure-registries",
    "registry_mirrors": "registry-mirrors", "shutdown_timeout": "shutdown-timeout",
}  # fmt: skip
"""What SIGHUP takes on, and its name in daemon.json."""


@dataclass(frozen=True)
class Config:
    hosts: list[str] = field(default_factory=lambda: [DEFAULT_HOST])
    data_root: str = "/var/lib/barque"
    exec_root: str = "/run/barque"
    pidfile: str = "/run/barqued.pid"
    bridge: str = "barque0"
    bip: str = ""
    fixed_cidr: str = ""
    mtu: int = 1500
    debug: bool = False
    log_level: str = "info"
    storage_driver: str = ""
    insecure_registries: list[str] = field(default_factory=list)
    registry_mirrors: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    group: str = "docker"
    shutdown_timeout: int = 15
    live_restore: bool = False
    default_runtime: str = "runc"
    runtimes: dict[str, str] = field(default_factory=dict)
    max_downloads: int = 3
    max_uploads: int = 5
    tls: bool = False
    tlsverify: bool = False
    tlscacert: str = ""
    tlscert: str = ""
    tlskey: str = ""


def _runtime(word: str) -> tuple[str, str]:
    name, _, path = word.partition("=")
    if not name or not path:
        raise argparse.ArgumentTypeError(f"invalid argument {word!r}: expected NAME=PATH")
    return name.lower(), path


def _runtimes(config: Config) -> Config:
    """Raises InvalidArgument in dockerd's words for a name that is ours, or a default that is not there."""
    if "runc" in config.runtimes:
        raise InvalidArgument("runtime name 'runc' is reserved")
    if config.default_runtime not in ("runc", *config.runtimes):
        raise InvalidArgument(f"specified default runtime '{config.default_runtime}' does not exist")
    return config


def parser() -> argparse.ArgumentParser:
    out = argparse.ArgumentParser("barqued", description="The Barque daemon; flags are dockerd's.")
    add = out.add_argument
    add("-H", "--host", dest="hosts", action="append", help="unix://PATH or tcp://ADDRESS:PORT, repeatable")
    add("--data-root")
    add("--exec-root")
    add("-p", "--pidfile")
    add("-b", "--bridge", help="the default network's bridge; 'none' for no default network")
    add("--bip", help="address of the bridge, CIDR")
    add("--fixed-cidr")
    add("--mtu", type=int)
    add("--config-file", default=DEFAULT_FILE)
    add("-D", "--debug", action="store_true", default=None)
    add("-l", "--log-level", choices=["debug", "info", "warn", "error", "fatal"])
    add("-s", "--storage-driver")
    add("--insecure-registry", dest="insecure_registries", action="append")
    add("--registry-mirror", dest="registry_mirrors", action="append")
    add("--label", dest="labels", action="append")
    add("-G", "--group")
    add("--shutdown-timeout", type=int)
    add("--live-restore", action="store_true", default=None)
    add("--default-runtime")
    add("--add-runtime", dest="runtimes", action="append", type=_runtime, help="NAME=PATH of an OCI runtime")
    add("--max-concurrent-downloads", dest="max_downloads", type=int)
    add("--max-concurrent-uploads", dest="max_uploads", type=int)
    add("--tls", action="store_true", default=None)
    add("--tlsverify", action="store_true", default=None)
    add("--tlscacert")
    add("--tlscert")
    add("--tlskey")
    return out


def read_file(path: str, required: bool) -> dict[str, Any]:
    """daemon.json by field name. Raises InvalidArgument for what is no object or has an unknown directive."""
    try:
        with open(path, encoding="utf-8") as file:
            value = json.load(file)
    except FileNotFoundError:
        if required:
            raise InvalidArgument(f"unable to configure the daemon with file {path}: no such file") from None
        return {}
    except ValueError as error:
        raise InvalidArgument(f"unable to configure the daemon with file {path}: {error}") from None
    if not isinstance(value, dict):
        raise InvalidArgument(f"unable to configure the daemon with file {path}: not an object")
    unknown = [key for key in value if key not in FILE_KEYS]
    if unknown:
        raise InvalidArgument(
            f"unable to configure the daemon with file {path}: the following directives don't match any configuration "
            f"option: {', '.join(unknown)}"
        )
    return {FILE_KEYS[key]: item for key, item in value.items()}


def load(argv: list[str]) -> Config:
    """Flags over the file over the defaults. Raises InvalidArgument when both say the same thing differently."""
    options = vars(parser().parse_args(argv))
    path = options.pop("config_file")
    from_file = read_file(path, path != DEFAULT_FILE) if os.path.exists(path) or path != DEFAULT_FILE else {}
    flags = {name: value for name, value in options.items() if value is not None}
    if "runtimes" in from_file:
        from_file["runtimes"] = {name: entry["path"] for name, entry in from_file["runtimes"].items()}
    if "runtimes" in flags:
        flags["runtimes"] = dict(flags["runtimes"])
    both = [name for name in flags if name in from_file and from_file[name] != flags[name]]
    if both:
        raise InvalidArgument(
            f"unable to configure the daemon with file {path}: the following directives are specified both as a flag "
            f"and in the configuration file: {', '.join(both)}"
        )
    names = {f.name for f in fields(Config)}
    return _runtimes(replace(Config(), **{k: v for k, v in {**from_file, **flags}.items() if k in names}))
