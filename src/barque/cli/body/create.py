"""The whole body of ``POST /containers/create``."""

from __future__ import annotations

from barque.cli.body import environment, modes, mounts, networks, ports, resources
from barque.cli.failure import Failure, invalid

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from barque.cli.flags import Options

    Json = dict[str, Any]


def _attached(options: Options) -> set[str]:
    """Streams to attach: as told, else stdout and stderr, and stdin with ``-i``."""
    streams = set()
    for text in options["attach"]:
        if text.lower() not in ("stdin", "stdout", "stderr"):
            raise invalid("-a, --attach", text, "valid streams are STDIN, STDOUT and STDERR")
        streams.add(text.lower())
    if not options["attach"]:
        streams = {"stdout", "stderr"}
        if options["interactive"]:
            streams.add("stdin")
    elif options["interactive"]:
        streams.add("stdin")
    return streams


def _log_config(options: Options) -> Json:
    configured = modes.pairs(options["log-opt"])
    if options["log-driver"] == "none" and configured:
        raise Failure("invalid logging opts for driver none", 125)
    return {"Type": options["log-driver"], "Config": configured}


def _host_config(options: Options, bindings: Json, mode: str, binds: list[str]) -> Json:
    security, unmasked = modes.security(options["security-opt"])
    policy = modes.restart_policy(options["restart"])
    if options["rm"] and policy["Name"] not in ("no", ""):
        raise Failure("conflicting options: cannot specify both --restart and --rm", 125)
    host: Json = {
        "Binds": binds,
        "LogConfig": _log_config(options),
        "NetworkMode": mode,
        "PortBindings": bindings,
        "RestartPolicy": policy,
        "AutoRemove": options["rm"],
        "VolumeDriver": options["volume-driver"],
        "VolumesFrom": list(options["volumes-from"]),
        "CapAdd": sorted({modes.capability(name) for name in options["cap-add"]}),
        "CapDrop": sorted({modes.capability(name) for name in options["cap-drop"]}),
        "Dns": modes.name_servers(options["dns"]),
        "DnsOptions": list(options["dns-option"]),
        "DnsSearch": list(options["dns-search"]),
        "ExtraHosts": modes.extra_hosts(options["add-host"]),
        "GroupAdd": list(options["group-add"]),
        "Links": list(options["link"]),
        "OomScoreAdj": options["oom-score-adj"],
        "Privileged": options["privileged"],
        "PublishAllPorts": options["publish-all"],
        "ReadonlyRootfs": options["read-only"],
        "SecurityOpt": security,
        "StorageOpt": modes.pairs(options["storage-opt"]),
        "Sysctls": modes.sysctls(options["sysctl"]),
        "Annotations": modes.pairs(options["annotation"]),
        "Tmpfs": mounts.tmpfs(options["tmpfs"]),
        "Mounts": mounts.mounts(options["mount"]),
        "ShmSize": options["shm-size"],
        "Runtime": options["runtime"],
        "Isolation": options["isolation"],
    }
    host = {key: value for key, value in host.items() if value not in ([], {}, "", 0, False)}
    host.update(modes.namespaces(options))
    host.update(resources.resources(options))
    if unmasked:
        host["MaskedPaths"] = host["ReadonlyPaths"] = []
    if "init" in options.changed:
        host["Init"] = options["init"]
    return host


def build(options: Options, image: str, command: list[str], variables: Mapping[str, str]) -> Json:
    """The body for these flags; ``variables`` is the client's environment. Raises ``Failure`` with 125."""
    streams = _attached(options)
    # what pflag refuses while it reads comes before what only the whole shows to be wrong
    modes.sysctls(options["sysctl"])
    modes.extra_hosts(options["add-host"])
    modes.name_servers(options["dns"])
    mounts.mounts(options["mount"])
    resources.ulimits(options["ulimit"])
    binds, anonymous = mounts.volumes(options["volume"])
    bindings = ports.published(options["publish"])
    mode, endpoints = networks.networks(options)
    config: Json = {
        "Hostname": options["hostname"],
        "Domainname": options["domainname"],
        "User": options["user"],
        "AttachStdin": "stdin" in streams,
        "AttachStdout": "stdout" in streams,
        "AttachStderr": "stderr" in streams,
        "ExposedPorts": ports.exposed(options["expose"], bindings),
        "Tty": options["tty"],
        "OpenStdin": options["interactive"],
        "StdinOnce": options["interactive"] and "stdin" in streams,
        "Env": environment.env(options["env-file"], options["env"], variables),
        "Cmd": command or None,
        "Image": image,
        "Volumes": anonymous,
        "WorkingDir": options["workdir"],
        "Labels": environment.labels(options["label-file"], options["label"]),
    }
    config = {key: value for key, value in config.items() if value not in ({}, [], "")}
    if "entrypoint" in options.changed:
        config["Entrypoint"] = [options["entrypoint"]]
    if options["stop-signal"]:
        config["StopSignal"] = options["stop-signal"]
    if "stop-timeout" in options.changed:
        config["StopTimeout"] = options["stop-timeout"]
    check = modes.health(options)
    if check is not None:
        config["Healthcheck"] = check
    config["HostConfig"] = _host_config(options, bindings, mode, binds)
    config["NetworkingConfig"] = {"EndpointsConfig": endpoints}
    return config
