"""The canonical names and types of the bodies clients send (Go's decoder matches names in any case)."""

from __future__ import annotations

from typing import Any

HOST_CONFIG: dict[str, Any] = {
    **dict.fromkeys(
        (
            "Binds", "CapAdd", "CapDrop", "Dns", "DnsOptions", "DnsSearch", "ExtraHosts", "GroupAdd", "Links",
            "SecurityOpt",
            "VolumesFrom", "Devices", "DeviceCgroupRules", "DeviceRequests", "Mounts", "Ulimits", "ConsoleSize",
            "MaskedPaths", "ReadonlyPaths", "BlkioWeightDevice", "BlkioDeviceReadBps", "BlkioDeviceWriteBps",
            "BlkioDeviceReadIOps", "BlkioDeviceWriteIOps",
        ),
        list,
    ),
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
    "LogConfig": {"Type": str, "Config": {}},
    "PortBindings": {},
    "RestartPolicy": {"Name": str, "MaximumRetryCount": int},
    "Annotations": {},
    "StorageOpt": {},
    "Sysctls": {},
    "Tmpfs": {},
}  # fmt: skip
HEALTH = {"Test": list, "Interval": int, "Timeout": int, "StartPeriod": int, "StartInterval": int, "Retries": int}
CONFIG: dict[str, Any] = {
    **dict.fromkeys(("Hostname", "Domainname", "User", "Image", "WorkingDir", "StopSignal", "MacAddress"), str),
    **dict.fromkeys(
        (
            "AttachStdin", "AttachStdout", "AttachStderr", "Tty", "OpenStdin", "StdinOnce", "ArgsEscaped",
            "NetworkDisabled",
        ),
        bool,
    ),
    **dict.fromkeys(("Env", "Cmd", "Entrypoint", "OnBuild", "Shell"), list),
    "StopTimeout": int,
    "ExposedPorts": {},
    "Volumes": {},
    "Labels": {},
    "Healthcheck": HEALTH,
}  # fmt: skip
CREATE = {**CONFIG, "HostConfig": HOST_CONFIG, "NetworkingConfig": {"EndpointsConfig": {}}}
EXEC: dict[str, Any] = {
    **dict.fromkeys(("AttachStdin", "AttachStdout", "AttachStderr", "Tty", "Privileged"), bool),
    **dict.fromkeys(("Env", "Cmd", "ConsoleSize"), list),
    **dict.fromkeys(("User", "WorkingDir", "DetachKeys"), str),
}
EXEC_START = {"Detach": bool, "Tty": bool, "ConsoleSize": list}
UPDATE = HOST_CONFIG
VOLUME = {"Name": str, "Driver": str, "DriverOpts": {}, "Labels": {}}
NETWORK = {"Name": str, "Driver": str, "Internal": bool, "Options": {}, "Labels": {}, "IPAM": {}, "Attachable": bool}
