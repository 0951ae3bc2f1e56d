"""The canonical names and types of the bodies clients send (Go's decoder matches names in any case)."""

from __future__ import annotations

from typing import Any

STRINGS: list[Any] = [str]
OBJECTS: list[Any] = [dict]
MAP_OF_STRINGS: dict[str, Any] = {"*": str}
NETWORKING: dict[str, Any] = {"EndpointsConfig": {}}
HOST_CONFIG: dict[str, Any] = {
    **dict.fromkeys(
        (
            "Binds", "CapAdd", "CapDrop", "Dns", "DnsOptions", "DnsSearch", "ExtraHosts", "GroupAdd", "Links",
            "SecurityOpt", "VolumesFrom", "DeviceCgroupRules", "MaskedPaths", "ReadonlyPaths",
        ),
        STRINGS,
    ),
    **dict.fromkeys(
        (
            "Devices", "DeviceRequests", "Mounts", "Ulimits", "BlkioWeightDevice", "BlkioDeviceReadBps",
            "BlkioDeviceWriteBps", "BlkioDeviceReadIOps", "BlkioDeviceWriteIOps",
        ),
        OBJECTS,
    ),
    "ConsoleSize": [int],
    **dict.fromkeys(
        (
            "ContainerIDFile", "NetworkMode", "VolumeDriver", "CgroupnsMode", "IpcMode", "Cgroup", "PidMode", "UTSMode",
            "UsernsMode", "Runtime", "Isolation", "CgroupParent", "CpusetCpus", "CpusetMems",
        ),
        str,
    ),
    **dict.fromkeys(
        ("AutoRemove", "Privileged", "PublishAllPorts", "ReadonlyRootfs", "OomKillDisable", "Init"), bool
    ),
    **dict.fromkeys(
        (
            "OomScoreAdj", "ShmSize", "CpuShares", "Memory", "NanoCpus", "BlkioWeight", "CpuPeriod", "CpuQuota",
            "CpuRealtimePeriod", "CpuRealtimeRuntime", "MemoryReservation", "MemorySwap", "MemorySwappiness",
            "PidsLimit",
            "CpuCount", "CpuPercent", "IOMaximumIOps", "IOMaximumBandwidth",
        ),
        int,
    ),
    "LogConfig": {"Type": str, "Config": MAP_OF_STRINGS},
    "PortBindings": {},
    "RestartPolicy": {"Name": str, "MaximumRetryCount": int},
    "Annotations": MAP_OF_STRINGS,
    "StorageOpt": MAP_OF_STRINGS,
    "Sysctls": MAP_OF_STRINGS,
    "Tmpfs": MAP_OF_STRINGS,
}  # fmt: skip
HEALTH = {"Test": [str], "Interval": int, "Timeout": int, "StartPeriod": int, "StartInterval": int, "Retries": int}
CONFIG: dict[str, Any] = {
    **dict.fromkeys(("Hostname", "Domainname", "User", "Image", "WorkingDir", "StopSignal", "MacAddress"), str),
    **dict.fromkeys(
        (
            "AttachStdin", "AttachStdout", "AttachStderr", "Tty", "OpenStdin", "StdinOnce", "ArgsEscaped",
            "NetworkDisabled",
        ),
        bool,
    ),
    **dict.fromkeys(("Env", "Cmd", "Entrypoint", "OnBuild", "Shell"), STRINGS),
    "StopTimeout": int,
    "ExposedPorts": {},
    "Volumes": {},
    "Labels": MAP_OF_STRINGS,
    "Healthcheck": HEALTH,
}  # fmt: skip
CREATE = {**CONFIG, "HostConfig": HOST_CONFIG, "NetworkingConfig": NETWORKING}
EXEC: dict[str, Any] = {
    **dict.fromkeys(("AttachStdin", "AttachStdout", "AttachStderr", "Tty", "Privileged"), bool),
    **dict.fromkeys(("Env", "Cmd"), STRINGS),
    "ConsoleSize": [int],
    **dict.fromkeys(("User", "WorkingDir", "DetachKeys"), str),
}
EXEC_START = {"Detach": bool, "Tty": bool, "ConsoleSize": [int]}
UPDATE = HOST_CONFIG
VOLUME = {"Name": str, "Driver": str, "DriverOpts": MAP_OF_STRINGS, "Labels": MAP_OF_STRINGS}
IPAM = {"Driver": str, "Config": [dict], "Options": MAP_OF_STRINGS}
NETWORK: dict[str, Any] = {
    **dict.fromkeys(("Name", "Driver", "Scope"), str),
    **dict.fromkeys(
        ("CheckDuplicate", "Internal", "Attachable", "Ingress", "ConfigOnly", "EnableIPv4", "EnableIPv6"), bool
    ),
    "IPAM": IPAM,
    "Options": MAP_OF_STRINGS,
    "Labels": MAP_OF_STRINGS,
}
CONNECT: dict[str, Any] = {"Container": str, "EndpointConfig": {}}
DISCONNECT: dict[str, Any] = {"Container": str, "Force": bool}
