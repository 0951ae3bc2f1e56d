"""A container as ``inspect`` and ``ps`` show it: pure."""

from __future__ import annotations

import os
import time
from typing import Any

from barque.engine.record import Container, rfc3339
from barque.engine.volumes_of import shown

HOST_DEFAULTS: dict[str, Any] = {
    "Binds": None, "ContainerIDFile": "", "LogConfig": {"Type": "json-file", "Config": {}}, "NetworkMode": "bridge",
    "PortBindings": {}, "RestartPolicy": {"Name": "no", "MaximumRetryCount": 0}, "AutoRemove": False,
    "VolumeDriver": "",
    "VolumesFrom": None, "ConsoleSize": [0, 0], "CapAdd": None, "CapDrop": None, "CgroupnsMode": "private", "Dns": [],
    "DnsOptions": [], "DnsSearch": [], "ExtraHosts": None, "GroupAdd": None, "IpcMode": "private", "Cgroup": "",
    "Links": None, "OomScoreAdj": 0, "PidMode": "", "Privileged": False, "PublishAllPorts": False,
    "ReadonlyRootfs": False,
    "SecurityOpt": None, "UTSMode": "", "UsernsMode": "", "ShmSize": 64 << 20, "Runtime": "runc", "Isolation": "",
    "CpuShares": 0, "Memory": 0, "NanoCpus": 0, "CgroupParent": "", "BlkioWeight": 0, "BlkioWeightDevice": [],
    "BlkioDeviceReadBps": [], "BlkioDeviceWriteBps": [], "BlkioDeviceReadIOps": [], "BlkioDeviceWriteIOps": [],
    "CpuPeriod": 0, "CpuQuota": 0, "CpuRealtimePeriod": 0, "CpuRealtimeRuntime": 0, "CpusetCpus": "", "CpusetMems": "",
    "Devices": [], "DeviceCgroupRules": None, "DeviceRequests": None, "MemoryReservation": 0, "MemorySwap": 0,
    "MemorySwappiness": None, "OomKillDisable": False, "PidsLimit": None, "Ulimits": [], "CpuCount": 0, "CpuPercent": 0,
    "IOMaximumIOps": 0, "IOMaximumBandwidth": 0,
}  # fmt: skip


def state(container: Container) -> dict[str, Any]:
    now = container.state
    out = {
        "Status": now.status,
        "Running": now.status in ("running", "paused", "restarting"),
        "Paused": now.status == "paused",
        "Restarting": now.status == "restarting",
        "OOMKilled": now.oom_killed,
        "Dead": now.status == "dead",
        "Pid": now.pid,
        "ExitCode": now.exit_code,
        "Error": now.error,
        "StartedAt": rfc3339(now.started_at),
        "FinishedAt": rfc3339(now.finished_at),
    }
    if container.health is not None:
        out["Health"] = container.health
    return out


def inspect(container: Container, directory: str, graph: dict[str, Any]) -> dict[str, Any]:
    """The body of ``GET /containers/{id}/json``; ``graph`` is GraphDriver."""
    command = [*(container.config.get("Entrypoint") or ()), *(container.config.get("Cmd") or ())]
    log = os.path.join(directory, f"{container.id}-json.log")
    host = container.host_config
    profile = "unconfined" if host.get("Privileged") else ""
    return {
        "Id": container.id,
        "Created": rfc3339(container.created),
        "Path": command[0] if command else "",
        "Args": command[1:],
        "State": state(container),
        "Image": container.image_id,
        "ResolvConfPath": os.path.join(directory, "resolv.conf"),
        "HostnamePath": os.path.join(directory, "hostname"),
        "HostsPath": os.path.join(directory, "hosts"),
        "LogPath": log if (host.get("LogConfig") or {}).get("Type", "json-file") == "json-file" else "",
        "Name": f"/{container.name}",
        "RestartCount": container.state.restart_count,
        "Driver": container.driver,
        "Platform": container.platform,
        "MountLabel": "",
        "ProcessLabel": "",
        "AppArmorProfile": profile,
        "ExecIDs": container.execs or None,
        "HostConfig": {**HOST_DEFAULTS, **host},
        "GraphDriver": graph,
        "Mounts": [shown(point) for point in container.mounts],
        "Config": {**container.config, "Image": container.image},
        "NetworkSettings": network_settings(container),
    }


def network_settings(container: Container) -> dict[str, Any]:
    bridge = container.networks.get("bridge") or {}
    return {
        "Bridge": "",
        "SandboxID": "",
        "SandboxKey": container.netns,
        "Ports": {},
        "HairpinMode": False,
        "LinkLocalIPv6Address": "",
        "LinkLocalIPv6PrefixLen": 0,
        "SecondaryIPAddresses": None,
        "SecondaryIPv6Addresses": None,
        "EndpointID": bridge.get("EndpointID", ""),
        "Gateway": bridge.get("Gateway", ""),
        "GlobalIPv6Address": "",
        "GlobalIPv6PrefixLen": 0,
        "IPAddress": bridge.get("IPAddress", ""),
        "IPPrefixLen": bridge.get("IPPrefixLen", 0),
        "IPv6Gateway": "",
        "MacAddress": bridge.get("MacAddress", ""),
        "Networks": container.networks,
    }


def row(container: Container) -> dict[str, Any]:
    """A row of ``GET /containers/json``."""
    command = [*(container.config.get("Entrypoint") or ()), *(container.config.get("Cmd") or ())]
    return {
        "Id": container.id,
        "Names": [f"/{container.name}"],
        "Image": container.image,
        "ImageID": container.image_id,
        "Command": " ".join(_quoted(word) for word in command),
        "Created": container.created // 1_000_000_000,
        "Ports": [],
        "Labels": container.config.get("Labels") or {},
        "State": container.state.status,
        "Status": status_text(container),
        "HostConfig": {"NetworkMode": container.host_config.get("NetworkMode") or "default"},
        "NetworkSettings": {"Networks": container.networks},
        "Mounts": [shown(point) for point in container.mounts],
    }


def _quoted(word: str) -> str:
    return f"'{word}'" if " " in word else word


def status_text(container: Container) -> str:
    """``Up 2 minutes``, ``Exited (0) 3 hours ago`` ..."""
    now = container.state
    if now.status == "created":
        return "Created"
    if now.status in ("running", "paused"):
        text = f"Up {ago(time.time() - now.started_at / 1e9)}"
        if now.status == "paused":
            return f"{text} (Paused)"
        health = (container.health or {}).get("Status")
        if health:
            return f"{text} ({'health: starting' if health == 'starting' else health})"
        return text
    if now.status == "removing":
        return "Removal In Progress"
    if now.status == "dead":
        return "Dead"
    text = ago(time.time() - now.finished_at / 1e9)
    word = "Restarting" if now.status == "restarting" else "Exited"
    return f"{word} ({now.exit_code}) {text} ago"


def ago(seconds: float) -> str:
    """Docker's words for a duration."""
    whole = int(seconds)
    if whole < 1:
        return "Less than a second"
    if whole == 1:
        return "1 second"
    if whole < 60:
        return f"{whole} seconds"
    minutes = whole // 60
    if minutes == 1:
        return "About a minute"
    if minutes < 60:
        return f"{minutes} minutes"
    hours = int(seconds / 3600 + 0.5)
    if hours == 1:
        return "About an hour"
    if hours < 48:
        return f"{hours} hours"
    if hours < 24 * 7 * 2:
        return f"{hours // 24} days"
    if hours < 24 * 30 * 2:
        return f"{hours // 24 // 7} weeks"
    if hours < 24 * 365 * 2:
        return f"{hours // 24 // 30} months"
    return f"{hours // 24 // 365} years"
