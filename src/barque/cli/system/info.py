"""``barque info``."""

from __future__ import annotations

from barque import __version__
from barque.cli.failure import Failure, words
from barque.cli.formatting import literal_escapes, where
from barque.cli.template import ParseError, TemplateError, parse
from barque.cli.units import binary_size
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


def _flag(value: object) -> str:
    return "true" if value else "false"


def _counts(info: Json) -> list[str]:
    lines = [f" Containers: {info.get('Containers', 0)}"]
    lines += [f"  {word}: {info.get('Containers' + word, 0)}" for word in ("Running", "Paused", "Stopped")]
    lines += [f" Images: {info.get('Images', 0)}", f" Server Version: {info.get('ServerVersion', '')}"]
    lines.append(f" Storage Driver: {info.get('Driver', '')}")
    lines += [f"  {name}: {value}" for name, value in info.get("DriverStatus") or []]
    lines.append(f" Logging Driver: {info.get('LoggingDriver', '')}")
    lines.append(f" Cgroup Driver: {info.get('CgroupDriver', '')}")
    lines.append(f" Cgroup Version: {info.get('CgroupVersion', '')}")
    return lines


def _parts(info: Json) -> list[str]:
    lines = [" Plugins:"]
    plugins = info.get("Plugins") or {}
    for kind in ("Volume", "Network", "Authorization", "Log"):
        if plugins.get(kind):
            lines.append(f"  {kind}: {' '.join(plugins[kind])}")
    for device in info.get("DiscoveredDevices") or []:
        lines.append(f"  {device['Source']}: {device['ID']}")
    lines.append(f" Swarm: {(info.get('Swarm') or {}).get('LocalNodeState', '')}")
    if info.get("Runtimes"):
        lines.append(f" Runtimes: {' '.join(sorted(info['Runtimes']))}")
        lines.append(f" Default Runtime: {info.get('DefaultRuntime', '')}")
    lines.append(f" Init Binary: {info.get('InitBinary', '')}")
    for name, key in (("containerd", "ContainerdCommit"), ("runc", "RuncCommit"), ("init", "InitCommit")):
        lines.append(f" {name} version: {(info.get(key) or {}).get('ID', '')}")
    options = info.get("SecurityOptions") or []
    if options:
        lines.append(" Security Options:")
        for option in options:
            settings = [part.partition("=")[::2] for part in option.split(",")]
            lines.append(f"  {next((value for name, value in settings if name == 'name'), option)}")
            lines += [f"   {name.title()}: {value}" for name, value in settings if name != "name"]
    return lines


def _host(info: Json) -> list[str]:
    lines = [
        f" Kernel Version: {info.get('KernelVersion', '')}",
        f" Operating System: {info.get('OperatingSystem', '')}",
        f" OSType: {info.get('OSType', '')}",
        f" Architecture: {info.get('Architecture', '')}",
        f" CPUs: {info.get('NCPU', 0)}",
        f" Total Memory: {binary_size(info.get('MemTotal', 0))}",
        f" Name: {info.get('Name', '')}",
        f" ID: {info.get('ID', '')}",
        f" Docker Root Dir: {info.get('DockerRootDir', '')}",
        f" Debug Mode: {_flag(info.get('Debug'))}",
    ]
    if info.get("Debug"):
        for name, key in (
            ("File Descriptors", "NFd"),
            ("Goroutines", "NGoroutines"),
            ("System Time", "SystemTime"),
            ("EventsListeners", "NEventsListener"),
        ):
            lines.append(f"  {name}: {info.get(key, '')}")
    for name, key in (("HTTP Proxy", "HttpProxy"), ("HTTPS Proxy", "HttpsProxy"), ("No Proxy", "NoProxy")):
        if info.get(key):
            lines.append(f" {name}: {info[key]}")
    if info.get("Labels"):
        lines.append(" Labels:")
    lines += [f"  {label}" for label in info.get("Labels") or []]
    lines.append(f" Experimental: {_flag(info.get('ExperimentalBuild'))}")
    registry = info.get("RegistryConfig") or {}
    insecure = [name for name, index in (registry.get("IndexConfigs") or {}).items() if not index.get("Secure")]
    insecure += registry.get("InsecureRegistryCIDRs") or []
    if insecure:
        lines += [" Insecure Registries:", *(f"  {name}" for name in insecure)]
    if registry.get("Mirrors"):
        lines += [" Registry Mirrors:", *(f"  {name}" for name in registry["Mirrors"])]
    lines.append(f" Live Restore Enabled: {_flag(info.get('LiveRestoreEnabled'))}")
    if info.get("ProductLicense"):
        lines.append(f" Product License: {info['ProductLicense']}")
    if info.get("DefaultAddressPools"):
        lines.append(" Default Address Pools:")
        lines += [f"   Base: {pool['Base']}, Size: {pool['Size']}" for pool in info["DefaultAddressPools"]]
    return lines


def execute(session: Session, options: Options, arguments: list[str]) -> int:
    source = "{{json .}}" if options["format"] == "json" else options["format"]
    try:
        template = parse(literal_escapes(source), strict="system.dockerInfo") if source else None
    except ParseError as error:
        raise Failure(f"template parsing error: {error}", 64) from None
    info: Json = {}
    problem = ""
    try:
        info = session.client.get("/info").json()
    except BarqueError as error:
        problem = words(error)
    context = session.endpoint().context
    client = {
        "Version": __version__,
        "Context": context,
        "Debug": session.globals["debug"],
        "Plugins": [],
        "Warnings": None,
    }
    if template is not None:
        data = {**info, "ClientInfo": client}
        try:
            session.line(template.render(data))
        except TemplateError as error:
            session.line(error.partial)
            raise Failure(where(error)) from None
        if problem:
            raise Failure(problem)
        return 0
    debug = _flag(session.globals["debug"])
    lines = [
        "Client:",
        f" Version:    {__version__}",
        f" Context:    {context}",
        f" Debug Mode: {debug}",
        "",
        "Server:",
    ]
    if problem:
        session.out("\n".join(lines) + "\n")
        raise Failure(problem)
    session.out("\n".join([*lines, *_counts(info), *_parts(info), *_host(info), ""]) + "\n")
    session.err("".join(f"{warning}\n" for warning in info.get("Warnings") or []))
    return 0
