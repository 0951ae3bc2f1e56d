"""Facts about the whole engine: info, version, disk usage, login, the event stream."""

from __future__ import annotations

import asyncio
import os
import platform
import socket
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from barque import __version__
from barque.engine import host_facts
from barque.engine.events import EventBus
from barque.errors import InvalidArgument, Unsupported
from barque.model.requests import Filters, Json, Records, RegistryAuth, Strings
from barque.state import Database

INDEX = "https://index.docker.io/v1/"
TYPES = ("container", "image", "volume", "build-cache")
LOG_DRIVERS = ["json-file", "local", "none"]


@dataclass(frozen=True, slots=True)
class SystemSettings:
    """What the daemon was started with. ``runtimes`` is name to path."""

    data_root: str
    storage_driver: str = "overlay2"
    runtimes: Mapping[str, str] = field(default_factory=dict)
    default_runtime: str = "barque"
    insecure_registries: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    debug: bool = False
    live_restore: bool = False
    init_binary: str = "barque-init"
    warnings: tuple[str, ...] = ()


class SystemService:
    """Implements ``api.backends.System``.

    ``container_states()`` gives the state word (``running``, ``paused``, ...) of every container, ``image_count()`` the
    images' number; ``containers_usage``, ``images_usage``, ``volumes_usage`` give the parts of ``system df``; ``login``
    asks the registry (None: not offered); ``warnings()`` is what other rooms have to say at the end of ``info``.
    """

    def __init__(
        self,
        db: Database,
        settings: SystemSettings,
        events: EventBus,
        container_states: Callable[[], Iterable[str]],
        image_count: Callable[[], int],
        containers_usage: Callable[[], Awaitable[Records]],
        images_usage: Callable[[], Awaitable[Json]],
        volumes_usage: Callable[[], Awaitable[Records]],
        login: Callable[[RegistryAuth], Awaitable[Json]] | None = None,
        warnings: Callable[[], Iterable[str]] = tuple,
    ) -> None:
        self._settings, self._bus = settings, events
        self._states, self._image_count, self._warnings = container_states, image_count, warnings
        self._containers_usage, self._images_usage, self._volumes_usage = containers_usage, images_usage, volumes_usage
        self._login = login
        self._id = _engine_id(db)
        self._limits = host_facts.limits()
        self._release = host_facts.os_release()

    def reload(self, settings: SystemSettings, attributes: Mapping[str, str]) -> None:
        """From now on; listeners hear of it as dockerd's do."""
        self._settings = settings
        self._bus.publish("daemon", "reload", self._id, {"name": socket.gethostname(), **attributes})

    async def info(self) -> Json:
        states = [*self._states()]
        running, paused = states.count("running"), states.count("paused")
        return {
            "ID": self._id,
            "Containers": len(states),
            "ContainersRunning": running,
            "ContainersPaused": paused,
            "ContainersStopped": len(states) - running - paused,
            "Images": self._image_count(),
            **self._storage(),
            **self._limits,
            "IPv4Forwarding": host_facts.sysctl_on("net/ipv4/ip_forward"),
            "Debug": self._settings.debug,
            "NFd": len(os.listdir("/proc/self/fd")),
            "NGoroutines": len(asyncio.all_tasks()),
            "SystemTime": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
            "NEventsListener": self._bus.listeners,
            **self._host(),
            **self._engine(),
            "Warnings": [*self._settings.warnings, *self._warnings(), *self._limit_warnings()] or None,
        }

    def _storage(self) -> Json:
        settings = self._settings
        status = [["Backing Filesystem", host_facts.backing_filesystem(settings.data_root)]]
        if settings.storage_driver == "overlay2":
            status += [["Supports d_type", "true"], ["Using metacopy", "false"], ["Native Overlay Diff", "true"]]
        plugins = {
            "Volume": ["local"],
            "Network": ["bridge", "host", "null"],
            "Authorization": None,
            "Log": LOG_DRIVERS,
        }
        return {"Driver": settings.storage_driver, "DriverStatus": status, "Plugins": plugins}

    def _host(self) -> Json:
        uname = os.uname()
        return {
            "KernelVersion": uname.release,
            "OperatingSystem": self._release.get("PRETTY_NAME", "Linux"),
            "OSVersion": self._release.get("VERSION_ID", ""),
            "OSType": "linux",
            "Architecture": uname.machine,
            "NCPU": host_facts.cpus(),
            "MemTotal": host_facts.memory_total(),
            "Name": socket.gethostname(),
            "HttpProxy": os.environ.get("HTTP_PROXY", os.environ.get("http_proxy", "")),
            "HttpsProxy": os.environ.get("HTTPS_PROXY", os.environ.get("https_proxy", "")),
            "NoProxy": os.environ.get("NO_PROXY", os.environ.get("no_proxy", "")),
        }

    def _engine(self) -> Json:
        settings = self._settings
        version = host_facts.cgroup_version()
        security = ["name=seccomp,profile=builtin"] + (["name=cgroupns"] if version == "2" else [])
        nowhere = {"ID": __version__}
        return {
            "LoggingDriver": "json-file",
            "CgroupDriver": "cgroupfs",
            "CgroupVersion": version,
            "IndexServerAddress": INDEX,
            "RegistryConfig": _registry_config(settings.insecure_registries),
            "GenericResources": None,
            "DockerRootDir": settings.data_root,
            "Labels": list(settings.labels),
            "ExperimentalBuild": False,
            "ServerVersion": __version__,
            "Runtimes": {name: {"path": path} for name, path in settings.runtimes.items()},
            "DefaultRuntime": settings.default_runtime,
            "Swarm": _no_swarm(),
            "LiveRestoreEnabled": settings.live_restore,
            "Isolation": "",
            "InitBinary": settings.init_binary,
            "ContainerdCommit": nowhere,
            "RuncCommit": nowhere,
            "InitCommit": nowhere,
            "SecurityOptions": security,
            "CDISpecDirs": [],
        }

    def _limit_warnings(self) -> list[str]:
        texts = {
            "MemoryLimit": "WARNING: No memory limit support",
            "SwapLimit": "WARNING: No swap limit support",
            "CpuCfsQuota": "WARNING: No cpu cfs quota support",
            "CPUShares": "WARNING: No cpu shares support",
            "CPUSet": "WARNING: No cpuset support",
        }
        return [text for name, text in texts.items() if not self._limits[name]]

    async def version(self) -> Json:
        kernel = os.uname().release
        details = {
            "Arch": host_facts.architecture(),
            "Experimental": "false",
            "KernelVersion": kernel,
            "Os": "linux",
            "PythonVersion": platform.python_version(),
        }
        parts = ("barque-supervisor", "barque-runtime")
        return {
            "Platform": {"Name": "Barque"},
            "Components": [
                {"Name": "Engine", "Version": __version__, "Details": details},
                *({"Name": part, "Version": __version__, "Details": {}} for part in parts),
            ],
            "Version": __version__,
            "GitCommit": "",
            "GoVersion": "",
            "Os": "linux",
            "Arch": host_facts.architecture(),
            "KernelVersion": kernel,
            "BuildTime": "",
        }

    async def auth(self, auth: RegistryAuth) -> Json:
        if self._login is None:
            raise Unsupported("login is not offered by this engine")
        return await self._login(auth)

    async def disk_usage(self, types: Strings) -> Json:
        """Docker's ``system df``; ``types`` empty means all. Raises InvalidArgument."""
        for name in types:
            if name not in TYPES:
                raise InvalidArgument(f"unknown object type: {name}")
        wanted = set(types or TYPES)
        usage: Json = {}
        if "image" in wanted:
            usage |= await self._images_usage()
        if "container" in wanted:
            usage["Containers"] = await self._containers_usage()
        if "volume" in wanted:
            usage["Volumes"] = await self._volumes_usage()
        if "build-cache" in wanted:
            usage["BuildCache"] = []
        return usage

    async def events(self, since: float | None, until: float | None, filters: Filters) -> AsyncIterator[Json]:
        return await self._bus.events(since, until, filters)


def _registry_config(insecure: Iterable[str]) -> Json:
    names = [name for name in insecure if "/" not in name]
    indexes: dict[str, Any] = {"docker.io": {"Name": "docker.io", "Mirrors": [], "Secure": True, "Official": True}}
    indexes |= {name: {"Name": name, "Mirrors": [], "Secure": False, "Official": False} for name in names}
    ranges = ["::1/128", "127.0.0.0/8", *(name for name in insecure if "/" in name)]
    return {"InsecureRegistryCIDRs": ranges, "IndexConfigs": indexes, "Mirrors": None}


def _no_swarm() -> Json:
    return {
        "NodeID": "",
        "NodeAddr": "",
        "LocalNodeState": "inactive",
        "ControlAvailable": False,
        "Error": "",
        "RemoteManagers": None,
    }


def _engine_id(db: Database) -> str:
    """The same for the life of the data root."""
    db.migrate("system", ["CREATE TABLE engine (id TEXT NOT NULL)"])
    with db.transaction() as tx:
        row = tx.execute("SELECT id FROM engine").fetchone()
        identity = str(row[0]) if row else str(uuid.uuid4())
        if not row:
            tx.execute("INSERT INTO engine VALUES (?)", (identity,))
    return identity
