"""Limits, devices and what else goes to cgroups."""

from __future__ import annotations

from barque.cli import units
from barque.cli.body import csvline
from barque.cli.failure import Failure, invalid

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from barque.cli.flags import Options

    Json = dict[str, Any]

_ULIMITS = frozenset(
    [
        "core",
        "cpu",
        "data",
        "fsize",
        "locks",
        "memlock",
        "msgqueue",
        "nice",
        "nofile",
        "nproc",
        "rss",
        "rtprio",
        "rttime",
        "sigpending",
        "stack",
    ]
)
_SCALARS = (
    ("CpuShares", "cpu-shares"),
    ("Memory", "memory"),
    ("NanoCpus", "cpus"),
    ("CgroupParent", "cgroup-parent"),
    ("BlkioWeight", "blkio-weight"),
    ("CpuPeriod", "cpu-period"),
    ("CpuQuota", "cpu-quota"),
    ("CpuRealtimePeriod", "cpu-rt-period"),
    ("CpuRealtimeRuntime", "cpu-rt-runtime"),
    ("CpusetCpus", "cpuset-cpus"),
    ("CpusetMems", "cpuset-mems"),
    ("MemoryReservation", "memory-reservation"),
    ("MemorySwap", "memory-swap"),
    ("PidsLimit", "pids-limit"),
    ("OomKillDisable", "oom-kill-disable"),
    ("CpuCount", "cpu-count"),
    ("CpuPercent", "cpu-percent"),
    ("IOMaximumIOps", "io-maxiops"),
    ("IOMaximumBandwidth", "io-maxbandwidth"),
)


def ulimits(given: Iterable[str], flag: str = "--ulimit") -> list[Json]:
    """``name=soft[:hard]``, sorted by name, the last of a name wins."""
    found: dict[str, Json] = {}
    for text in given:
        name, equals, limits = text.partition("=")
        soft, colon, hard = limits.partition(":")
        if not equals:
            raise invalid(flag, text, f"invalid ulimit argument: {text}")
        if name not in _ULIMITS:
            raise invalid(flag, text, f"invalid ulimit type: {name}")
        numbers = []
        for limit in (soft, hard if colon else soft):
            try:
                numbers.append(int(limit))
            except ValueError:
                raise invalid(flag, text, f'strconv.ParseInt: parsing "{limit}": invalid syntax') from None
        if numbers[1] != -1 and (numbers[0] > numbers[1] or numbers[0] == -1):
            reason = f"ulimit soft limit must be less than or equal to hard limit: {numbers[0]} > {numbers[1]}"
            if numbers[0] == -1:
                reason = (
                    "ulimit soft limit must be less than or equal to hard limit: soft: -1 (unlimited), hard: " + hard
                )
            raise invalid(flag, text, reason)
        found[name] = {"Name": name, "Hard": numbers[1], "Soft": numbers[0]}
    return [found[name] for name in sorted(found)]


def _throttles(given: Iterable[str], flag: str, sizes: bool) -> list[Json]:
    found = []
    for text in given:
        path, colon, rate = text.partition(":")
        if not colon:
            raise invalid(flag, text, f"bad format: {text}")
        if not path.startswith("/dev/"):
            raise invalid(flag, text, f"bad format for device path: {text}")
        try:
            if not sizes and not rate.isdigit():
                raise ValueError
            found.append({"Path": path, "Rate": units.parse_size(rate) if sizes else int(rate)})
        except ValueError:
            unit = "[<unit>]" if sizes else ""
            more = ". Unit is optional and can be kb, mb, or gb" if sizes else ""
            raise invalid(
                flag,
                text,
                f"invalid rate for device: {text}. The correct format is <device-path>:<number>{unit}. "
                f"Number must be a positive integer{more}",
            ) from None
    return found


def _weights(given: Iterable[str]) -> list[Json]:
    found = []
    for text in given:
        path, colon, weight = text.partition(":")
        if not colon:
            raise invalid("--blkio-weight-device", text, f"bad format: {text}")
        if not path.startswith("/dev/"):
            raise invalid("--blkio-weight-device", text, f"bad format for device path: {text}")
        if not weight.isdigit() or (int(weight) and not 10 <= int(weight) <= 1000):
            raise invalid("--blkio-weight-device", text, f"invalid weight for device: {text}")
        found.append({"Path": path, "Weight": int(weight)})
    return found


def device(text: str) -> Json:
    """``host[:container[:rwm]]``."""
    parts = text.split(":")
    if not parts[0] or len(parts) > 3:
        raise Failure(f"bad format for path: {text}", 125)
    host = target = parts[0]
    permissions = "rwm"
    if len(parts) == 3:
        target, permissions = parts[1], parts[2]
    elif len(parts) == 2:
        if _is_mode(parts[1]):
            permissions = parts[1]
        else:
            target = parts[1]
    if not _is_mode(permissions):
        raise Failure(f"bad mode specified: {permissions}", 125)
    if not target.startswith("/") or not host.startswith("/"):
        raise Failure(f"{target if not target.startswith('/') else host} is not an absolute path", 125)
    return {"PathOnHost": host, "PathInContainer": target, "CgroupPermissions": permissions}


def _is_mode(text: str) -> bool:
    return bool(text) and set(text) <= {"r", "w", "m"} and len(set(text)) == len(text)


def _is_cdi(text: str) -> bool:
    kind, equals, name = text.partition("=")
    return bool(equals and name and "/" in kind and not text.startswith("/"))


def devices(options: Options) -> Json:
    """``Devices``, ``DeviceRequests`` and ``DeviceCgroupRules``."""
    requests = [gpus(text) for text in options["gpus"]]
    names = [text for text in options["device"] if _is_cdi(text)]
    if names:
        requests.append({"Driver": "cdi", "DeviceIDs": names})
    found: Json = {"Devices": [device(text) for text in options["device"] if not _is_cdi(text)]}
    if requests:
        found["DeviceRequests"] = requests
    if options["device-cgroup-rule"]:
        found["DeviceCgroupRules"] = list(options["device-cgroup-rule"])
    return found


def gpus(text: str) -> Json:
    """``all``, a count, or CSV of driver, count, device, capabilities, options."""
    request: Json = {"Driver": "", "Count": 0, "Capabilities": [["gpu"]], "Options": {}}
    for field in csvline.fields(text):
        key, equals, value = field.partition("=")
        if not equals:
            key, value = "count", field
        if key == "driver":
            request["Driver"] = value
        elif key == "count":
            if value != "all" and not value.lstrip("-").isdigit():
                raise invalid("--gpus", text, f'invalid count ({value}): value must be either "all" or an integer')
            request["Count"] = -1 if value == "all" else int(value)
        elif key == "device":
            request["DeviceIDs"] = value.split(",")
        elif key == "capabilities":
            request["Capabilities"] = [sorted({*value.split(","), "gpu"})]
        elif key == "options":
            request["Options"] = {name: item for name, _, item in (part.partition("=") for part in value.split(","))}
        else:
            raise invalid("--gpus", text, f"unexpected key '{key}' in '{field}'")
    if not request["Count"] and "DeviceIDs" not in request:
        request["Count"] = 1
    return request


def resources(options: Options) -> Json:
    """The members of HostConfig that limit."""
    found: Json = {key: options[flag] for key, flag in _SCALARS if options[flag]}
    found["MemorySwappiness"] = options["memory-swappiness"]
    found.update(devices(options))
    found["Ulimits"] = ulimits(options["ulimit"])
    found["BlkioWeightDevice"] = _weights(options["blkio-weight-device"])
    for way, key in (("read", "Read"), ("write", "Write")):
        found[f"BlkioDevice{key}Bps"] = _throttles(options[f"device-{way}-bps"], f"--device-{way}-bps", True)
        found[f"BlkioDevice{key}IOps"] = _throttles(options[f"device-{way}-iops"], f"--device-{way}-iops", False)
    return {key: value for key, value in found.items() if value != []}
