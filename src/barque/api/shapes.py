"""The canonical names and types of the bodies clients send (Go's decoder matches names in any case).

A shape is a type, ``[shape]`` for an array of it, or a dict from names to shapes: ``{}`` is any object,
``{EACH: shape}`` a map with names of the client's own. ``WORDS`` is an array of strings that may come as one string.
"""

from __future__ import annotations

from typing import Any

EACH = "*"
WORDS = "words"
STRINGS: list[Any] = [str]
THROTTLES: list[Any] = [{"Path": str, "Rate": int}]
MAP_OF_STRINGS: dict[str, Any] = {EACH: str}
ENDPOINT: dict[str, Any] = {
    "IPAMConfig": {"IPv4Address": str, "IPv6Address": str, "LinkLocalIPs": STRINGS},
    **dict.fromkeys(("Links", "Aliases", "DNSNames"), STRINGS),
    **dict.fromkeys(
        ("MacAddress", "NetworkID", "EndpointID", "Gateway", "IPAddress", "IPv6Gateway", "GlobalIPv6Address"), str
    ),
    **dict.fromkeys(("GwPriority", "IPPrefixLen", "GlobalIPv6PrefixLen"), int),
    "DriverOpts": MAP_OF_STRINGS,
}
NETWORKING: dict[str, Any] = {"EndpointsConfig": {EACH: ENDPOINT}}
MOUNT: dict[str, Any] = {
    **dict.fromkeys(("Type", "Source", "Target", "Consistency"), str),
    "ReadOnly": bool,
    "BindOptions": {
        "Propagation": str,
        **dict.fromkeys(("NonRecursive", "CreateMountpoint", "ReadOnlyNonRecursive", "ReadOnlyForceRecursive"), bool),
    },
    "VolumeOptions": {
        "NoCopy": bool,
        "Labels": MAP_OF_STRINGS,
        "Subpath": str,
        "DriverConfig": {"Name": str, "Options": MAP_OF_STRINGS},
    },
    "ImageOptions": {"Subpath": str},
    "TmpfsOptions": {"SizeBytes": int, "Mode": int, "Options": [STRINGS]},
    "ClusterOptions": {},
}
DEVICE_REQUEST: dict[str, Any] = {
    "Driver": str,
    "Count": int,
    "DeviceIDs": STRINGS,
    "Capabilities": [STRINGS],
    "Options": MAP_OF_STRINGS,
}
HOST_CONFIG: dict[str, Any] = {
    **dict.fromkeys(
        (
            "Binds", "CapAdd", "CapDrop", "Dns", "DnsOptions", "DnsSearch", "ExtraHosts", "GroupAdd", "Links",
            "SecurityOpt", "VolumesFrom", "DeviceCgroupRules", "MaskedPaths", "ReadonlyPaths",
        ),
        STRINGS,
    ),
    "Devices": [dict.fromkeys(("PathOnHost", "PathInContainer", "CgroupPermissions"), str)],
    "DeviceRequests": [DEVICE_REQUEST],
    "Mounts": [MOUNT],
    "Ulimits": [{"Name": str, "Soft": int, "Hard": int}],
    "BlkioWeightDevice": [{"Path": str, "Weight": int}],
    **dict.fromkeys(
        ("BlkioDeviceReadBps", "BlkioDeviceWriteBps", "BlkioDeviceReadIOps", "BlkioDeviceWriteIOps"),
        THROTTLES,
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
    "PortBindings": {EACH: [{"HostIp": str, "HostPort": str}]},
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
    **dict.fromkeys(("Env", "OnBuild"), STRINGS),
    **dict.fromkeys(("Cmd", "Entrypoint", "Shell"), WORDS),
    "StopTimeout": int,
    "ExposedPorts": {EACH: {}},
    "Volumes": {EACH: {}},
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
IPAM_CONFIG = {"Subnet": str, "IPRange": str, "Gateway": str, "AuxiliaryAddresses": MAP_OF_STRINGS}
IPAM = {"Driver": str, "Config": [IPAM_CONFIG], "Options": MAP_OF_STRINGS}
NETWORK: dict[str, Any] = {
    **dict.fromkeys(("Name", "Driver", "Scope"), str),
    **dict.fromkeys(
        ("CheckDuplicate", "Internal", "Attachable", "Ingress", "ConfigOnly", "EnableIPv4", "EnableIPv6"), bool
    ),
    "IPAM": IPAM,
    "Options": MAP_OF_STRINGS,
    "Labels": MAP_OF_STRINGS,
}
CONNECT: dict[str, Any] = {"Container": str, "EndpointConfig": ENDPOINT}
DISCONNECT: dict[str, Any] = {"Container": str, "Force": bool}
