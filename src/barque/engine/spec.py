"""A container as an OCI runtime specification: pure, and the last place that knows Docker's words."""

from __future__ import annotations

import os
import stat
from typing import Any

from barque.engine import security
from barque.engine.merge import command, environment
from barque.engine.record import Container
from barque.errors import InvalidArgument
from barque.model import Mount

SIZE_OF_SHM = 64 << 20


def build(
    container: Container,
    rootfs: str,
    files: dict[str, str],
    joined: dict[str, str],
    volumes: dict[str, Mount] | None = None,
) -> dict[str, Any]:
    """``files``: container path to host path of hosts, hostname and resolv.conf; ``joined``: namespace type to the path
    to join, ``"host"`` for the host's own; ``volumes``: destination to what the container's volume there is."""
    host = container.host_config
    caps = security.capabilities(host)
    wanted = security.options(host)
    privileged = bool(host.get("Privileged"))
    namespaces = [{"type": "mount"}]
    for kind in ("network", "uts", "ipc", "pid"):
        path = joined.get(kind, "")
        if path != "host":
            namespaces.append({"type": kind, **({"path": path} if path else {})})
    if (host.get("CgroupnsMode") or "private") == "private" and not privileged:
        namespaces.append({"type": "cgroup"})
    spec: dict[str, Any] = {
        "ociVersion": "1.2.0",
        "root": {"path": rootfs, "readonly": bool(host.get("ReadonlyRootfs"))},
        "process": _process(container, caps, wanted),
        "mounts": _mounts(container, files, joined, volumes or {}, privileged),
        "annotations": {**(host.get("Annotations") or {}), **({"org.barque.init": "true"} if host.get("Init") else {})},
        "linux": {
            "namespaces": namespaces,
            "cgroupsPath": cgroup_path(container),
            "resources": resources(host, privileged),
            "sysctl": _sysctls(host, joined),
            "devices": _devices(host, privileged),
            "rootfsPropagation": _propagation(container),
        },
    }
    if joined.get("uts") != "host":
        spec["hostname"] = container.config["Hostname"]
        if container.config.get("Domainname"):
            spec["domainname"] = container.config["Domainname"]
    profile = security.seccomp(host, caps)
    if profile is not None:
        spec["linux"]["seccomp"] = profile
    if not privileged and wanted.get("systempaths") != "unconfined":
        masked, read_only = host.get("MaskedPaths"), host.get("ReadonlyPaths")
        spec["linux"]["maskedPaths"] = security.MASKED_PATHS if masked is None else masked
        spec["linux"]["readonlyPaths"] = security.READONLY_PATHS if read_only is None else read_only
    return spec


def cgroup_path(container: Container) -> str:
    parent = container.host_config.get("CgroupParent") or "/barque"
    return f"/{parent.strip('/')}/{container.id}"


def _capability_sets(caps: list[str]) -> dict[str, list[str]]:
    return {"bounding": caps, "effective": caps, "permitted": caps, "inheritable": [], "ambient": []}


def _process(container: Container, caps: list[str], wanted: dict[str, str]) -> dict[str, Any]:
    config, host = container.config, container.host_config
    size = host.get("ConsoleSize") or [0, 0]
    return {
        "terminal": container.tty,
        "consoleSize": {"height": size[0], "width": size[1]},
        "args": command(config),
        "env": environment(config, config["Hostname"]),
        "cwd": config.get("WorkingDir") or "/",
        "user": {"username": config.get("User") or "0", "groupNames": host.get("GroupAdd") or []},
        "capabilities": _capability_sets(caps),
        "noNewPrivileges": wanted.get("no-new-privileges", "false") == "true",
        "oomScoreAdj": host.get("OomScoreAdj") or 0,
        "rlimits": [
            {"type": f"RLIMIT_{u['Name'].upper()}", "soft": _unsigned(u["Soft"]), "hard": _unsigned(u["Hard"])}
            for u in host.get("Ulimits") or ()
        ],
    }


def _unsigned(value: int) -> int:
    return value if value >= 0 else (1 << 64) - 1


def exec_process(container: Container, exec_config: dict[str, Any]) -> dict[str, Any]:
    """The OCI process of an exec."""
    config, host = container.config, container.host_config
    privileged = exec_config.get("Privileged")
    caps = security.capabilities({"Privileged": True} if privileged else host)
    extra = list(exec_config.get("Env") or [])
    names = {word.partition("=")[0] for word in extra}
    tty = {**config, "Tty": bool(exec_config.get("Tty"))}
    base = [w for w in environment(tty, config["Hostname"]) if w.partition("=")[0] not in names]
    size = exec_config.get("ConsoleSize") or [0, 0]
    return {
        "terminal": bool(exec_config.get("Tty")),
        "consoleSize": {"height": size[0], "width": size[1]},
        "args": exec_config["Cmd"],
        "env": base + [word for word in extra if "=" in word],
        "cwd": exec_config.get("WorkingDir") or config.get("WorkingDir") or "/",
        "user": {
            "username": exec_config.get("User") or config.get("User") or "0",
            "groupNames": host.get("GroupAdd") or [],
        },
        "capabilities": _capability_sets(caps),
        "noNewPrivileges": security.options(host).get("no-new-privileges", "false") == "true",
    }


def _mount(destination: str, kind: str, source: str, *options: str) -> dict[str, Any]:
    return {"destination": destination, "type": kind, "source": source, "options": list(options)}


def _mounts(
    container: Container, files: dict[str, str], joined: dict[str, str], volumes: dict[str, Mount], privileged: bool
) -> list[dict[str, Any]]:
    host = container.host_config
    safe = ("nosuid", "noexec", "nodev")
    access = "rw" if privileged else "ro"
    shm = host.get("ShmSize") or SIZE_OF_SHM
    out = [
        _mount("/proc", "proc", "proc", *safe),
        _mount("/dev", "tmpfs", "tmpfs", "nosuid", "strictatime", "mode=755", "size=65536k"),
        _mount(
            "/dev/pts", "devpts", "devpts", "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"
        ),
        _mount("/sys", "sysfs", "sysfs", *safe, access),
        _mount("/sys/fs/cgroup", "cgroup", "cgroup", *safe, access),
        _mount("/dev/mqueue", "mqueue", "mqueue", *safe),
    ]
    ipc = joined.get("ipc", "")
    if ipc == "host":
        out.append(_mount("/dev/shm", "bind", "/dev/shm", "rbind"))
    else:
        out.append(_mount("/dev/shm", "tmpfs", "shm", *safe, "mode=1777", f"size={shm}"))
    own = []
    for destination, words in (host.get("Tmpfs") or {}).items():
        given = [w for w in words.split(",") if w]
        own.append(_mount(destination, "tmpfs", "tmpfs", *safe, *given))
    own += [oci_mount(entry, volumes.get(entry["Destination"])) for entry in container.mounts]
    taken = {entry["destination"] for entry in own}
    out = [entry for entry in out if entry["destination"] not in taken]
    out += [_mount(where, "bind", path, "rbind", "rprivate") for where, path in files.items() if where not in taken]
    out += sorted(own, key=lambda entry: entry["destination"].count("/"))
    return out


def oci_mount(entry: dict[str, Any], volume: Mount | None) -> dict[str, Any]:
    """A mount point of the container as the specification's; ``volume`` is what its volume turned out to be."""
    if volume is not None:
        propagation = ["rprivate"] if volume.type == "bind" else []
        return _mount(entry["Destination"], volume.type, volume.source, *volume.options, *propagation)
    if entry["Type"] == "tmpfs":
        given = entry.get("TmpfsOptions") or {}
        words = [f"size={given['SizeBytes']}"] if given.get("SizeBytes") else []
        words += [f"mode={given['Mode']:o}"] if given.get("Mode") else []
        words += [] if entry["RW"] else ["ro"]
        return _mount(entry["Destination"], "tmpfs", "tmpfs", "nosuid", "noexec", "nodev", *words)
    recursive = "bind" if (entry.get("BindOptions") or {}).get("NonRecursive") else "rbind"
    return _mount(
        entry["Destination"],
        "bind",
        entry["Source"],
        recursive,
        entry.get("Propagation") or "rprivate",
        *([] if entry["RW"] else ["ro"]),
    )


def _propagation(container: Container) -> str:
    modes = {entry.get("Propagation") or "" for entry in container.mounts}
    if modes & {"shared", "rshared"}:
        return "rshared"
    return "rslave" if modes & {"slave", "rslave"} else ""


def _sysctls(host: dict[str, Any], joined: dict[str, str]) -> dict[str, str]:
    out = {}
    if not joined.get("network") or (
        joined["network"] != "host" and not host.get("NetworkMode", "").startswith("container:")
    ):
        out = {"net.ipv4.ip_unprivileged_port_start": "0", "net.ipv4.ping_group_range": "0 2147483647"}
    return {**out, **(host.get("Sysctls") or {})}


def _host_devices() -> list[dict[str, Any]]:
    out = []
    for place, directories, names in os.walk("/dev"):
        directories[:] = [d for d in directories if d not in ("pts", "shm", "fd", "mqueue", ".lxc", ".lxd-mounts")]
        for name in names:
            path = os.path.join(place, name)
            found = os.lstat(path)
            if (stat.S_ISCHR(found.st_mode) or stat.S_ISBLK(found.st_mode)) and path != "/dev/console":
                out.append(device(path, path, found))
    return out


def device(path: str, inside: str, found: os.stat_result) -> dict[str, Any]:
    return {
        "path": inside,
        "type": "c" if stat.S_ISCHR(found.st_mode) else "b",
        "major": os.major(found.st_rdev),
        "minor": os.minor(found.st_rdev),
        "fileMode": stat.S_IMODE(found.st_mode),
        "uid": found.st_uid,
        "gid": found.st_gid,
    }


def _asked_devices(host: dict[str, Any]) -> list[tuple[dict[str, Any], str]]:
    out = []
    for wanted in host.get("Devices") or ():
        path, inside = wanted["PathOnHost"], wanted.get("PathInContainer") or wanted["PathOnHost"]
        try:
            found = os.stat(path)
        except OSError:
            raise InvalidArgument(
                f'error gathering device information while adding custom device "{path}": no such file or directory'
            ) from None
        if not (stat.S_ISCHR(found.st_mode) or stat.S_ISBLK(found.st_mode)):
            raise InvalidArgument(
                f'error gathering device information while adding custom device "{path}": not a device node'
            )
        out.append((device(path, inside, found), wanted.get("CgroupPermissions") or "rwm"))
    return out


def _devices(host: dict[str, Any], privileged: bool) -> list[dict[str, Any]]:
    return [*(_host_devices() if privileged else ()), *(made for made, _ in _asked_devices(host))]


def resources(host: dict[str, Any], privileged: bool) -> dict[str, Any]:
    """``linux.resources`` of a host config's limits."""
    memory: dict[str, Any] = {}
    if host.get("Memory"):
        memory["limit"] = host["Memory"]
        memory["swap"] = host.get("MemorySwap") or host["Memory"] * 2
    if host.get("MemoryReservation"):
        memory["reservation"] = host["MemoryReservation"]
    if host.get("MemorySwappiness") is not None and host["MemorySwappiness"] >= 0:
        memory["swappiness"] = host["MemorySwappiness"]
    if host.get("OomKillDisable"):
        memory["disableOOMKiller"] = True
    cpu: dict[str, Any] = {}
    if host.get("NanoCpus"):
        cpu = {"period": 100000, "quota": host["NanoCpus"] * 100000 // 1_000_000_000}
    for key, name in (("CpuShares", "shares"), ("CpuPeriod", "period"), ("CpuQuota", "quota")):
        if host.get(key):
            cpu[name] = host[key]
    for key, name in (("CpusetCpus", "cpus"), ("CpusetMems", "mems")):
        if host.get(key):
            cpu[name] = host[key]
    out: dict[str, Any] = {"memory": memory, "cpu": cpu}
    if host.get("PidsLimit"):
        out["pids"] = {"limit": host["PidsLimit"]}
    if host.get("BlkioWeight"):
        out["blockIO"] = {"weight": host["BlkioWeight"]}
    if privileged:
        out["devices"] = [{"allow": True, "access": "rwm"}]
    else:
        asked = [
            {"allow": True, "type": d["type"], "major": d["major"], "minor": d["minor"], "access": access}
            for d, access in _asked_devices(host)
        ]
        out["devices"] = [*security.DEVICE_RULES, *asked, *_device_rules(host)]
    return out


def _device_rules(host: dict[str, Any]) -> list[dict[str, Any]]:
    out = []
    for rule in host.get("DeviceCgroupRules") or ():
        kind, numbers, access = rule.split()
        major, _, minor = numbers.partition(":")
        entry = {"allow": True, "type": kind, "access": access}
        entry |= {name: int(text) for name, text in (("major", major), ("minor", minor)) if text != "*"}
        out.append(entry)
    return out
