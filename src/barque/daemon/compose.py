"""Everything is built here, once, and handed on: the only place that sees all rooms."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import os
import shutil
import sys
from dataclasses import replace
from typing import Any

from barque.api import Backends, Server
from barque.content import ContentStore
from barque.daemon.config import RELOADABLE, Config
from barque.daemon.log import Logger
from barque.engine import recovery
from barque.engine.archive import ArchiveService
from barque.engine.containers import ContainerService
from barque.engine.events import EventBus
from barque.engine.execs import ExecService
from barque.engine.images import ImageService
from barque.engine.lifetimes import Lifetimes
from barque.engine.network_client import NetworkWorker
from barque.engine.network_records import Settings
from barque.engine.networks import NetworkService
from barque.engine.record import ContainerStore
from barque.engine.security import DEFAULT_CAPABILITIES
from barque.engine.system import SystemService, SystemSettings
from barque.engine.tasks import Tasks, ask
from barque.engine.volumes import VolumeService
from barque.errors import Unavailable
from barque.images import ContainerUse, ImageStore
from barque.linux import libc
from barque.registry import Registries, RegistryConfig
from barque.snapshots import choose
from barque.state import Database
from barque.volumes import VolumeStore

ENGINE_VERSION = "28.5.2"
"""The Docker Engine whose API this is."""


class SupervisorProcess:
    """Starts ``barque-supervisor`` when none answers, as dockerd starts containerd. It outlives us."""

    def __init__(self, exec_root: str) -> None:
        self._exec_root = exec_root
        self._path = os.path.join(exec_root, "supervisor.sock")
        self._lock = asyncio.Lock()

    async def answers(self) -> bool:
        try:
            await ask(self._path, {"op": "ping"})
        except (Unavailable, OSError):
            return False
        return True

    async def ensure(self) -> None:
        """Raises Unavailable when it, or its network worker, does not come up."""
        async with self._lock:
            if not await self.answers():
                await self._start()
            for service in ("workers", "network"):
                await self._serves(os.path.join(self._exec_root, f"{service}.sock"))

    @staticmethod
    async def _serves(path: str) -> None:
        for _ in range(1000):
            with contextlib.suppress(Unavailable, OSError):
                await ask(path, {"op": "ping"})
                return
            await asyncio.sleep(0.01)
        raise Unavailable(f"a service of the supervisor does not answer at {path}")

    async def _start(self) -> None:
        os.makedirs(self._exec_root, mode=0o711, exist_ok=True)
        log = os.open(os.path.join(self._exec_root, "supervisor.log"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        # -S and our own path: what the site module would import every shim would carry
        command = [sys.executable, "-S", "-m", "barque.daemon.supervisor", "--exec-root", self._exec_root]
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                *("--warm", ",".join(DEFAULT_CAPABILITIES)),
                env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        finally:
            os.close(log)
        for _ in range(1000):
            if await self.answers():
                return
            if process.returncode is not None:
                break
            await asyncio.sleep(0.01)
        raise Unavailable(f"the supervisor did not start; see {self._exec_root}/supervisor.log")

    async def shutdown(self) -> None:
        with contextlib.suppress(Unavailable, OSError):
            await ask(self._path, {"op": "shutdown"})


class Daemon:
    """All objects of one engine. ``start``, then ``stop``."""

    def __init__(self, config: Config, log: Logger) -> None:
        self.config, self._log = config, log
        os.makedirs(config.data_root, mode=0o711, exist_ok=True)
        os.makedirs(os.path.join(config.data_root, "containers"), mode=0o710, exist_ok=True)
        os.makedirs(config.exec_root, mode=0o711, exist_ok=True)
        self.supervisor = SupervisorProcess(config.exec_root)
        self.tasks = Tasks(config.exec_root, self.supervisor.ensure)
        self.db = Database(os.path.join(config.data_root, "state.db"))
        self.events = EventBus(self.db)
        self.snapshots = choose(config.storage_driver, self.db, os.path.join(config.data_root, "snapshots"))
        self.image_store = ImageStore(self.db, ContentStore(os.path.join(config.data_root, "content")), self.snapshots)
        volumes = VolumeStore(self.db, os.path.join(config.data_root, "volumes"))
        self.volumes = VolumeService(volumes, self.events.publish)
        worker = NetworkWorker(os.path.join(config.exec_root, "network.sock"))
        settings = Settings(bridge=config.bridge, bip=config.bip, fixed_cidr=config.fixed_cidr, mtu=config.mtu)
        self.networks = NetworkService(self.db, worker, settings, self.events.publish)
        self.containers_store = ContainerStore(self.db)
        self.lives = Lifetimes(
            self.containers_store,
            self.tasks,
            self.snapshots,
            self.networks,
            self.volumes,
            self.events,
            config.data_root,
            _runtimes(config),
            config.default_runtime,
        )
        self.registries = Registries(_registries(config))
        self.images = ImageService(
            self.image_store,
            self.registries,
            self.events.publish,
            self._uses,
            self._apply,
            max_downloads=config.max_downloads,
            max_uploads=config.max_uploads,
        )
        archives = ArchiveService(self.tasks, self.snapshots, self.lives.rootfs, config.data_root)
        self.containers = ContainerService(self.lives, self.images, archives)
        self.system = self._system()
        self.server = Server(self._backends(), ENGINE_VERSION, log)

    def _uses(self) -> list[ContainerUse]:
        return self.containers.uses()

    async def _apply(self, request: dict[str, Any]) -> dict[str, Any]:
        return await self.tasks.work({"op": "apply", **request})

    def _settings(self) -> SystemSettings:
        config = self.config
        return SystemSettings(
            config.data_root,
            self.snapshots.driver,
            {"runc": "barque-runtime", **config.runtimes},
            config.default_runtime,
            tuple(config.insecure_registries),
            tuple(config.labels),
            config.debug,
            config.live_restore,
        )

    def _system(self) -> SystemService:
        return SystemService(
            self.db,
            self._settings(),
            self.events,
            self.containers.states,
            lambda: len(list(self.image_store.images())),
            self.containers.usage,
            self.images.disk_usage,
            self.volumes.disk_usage,
            self.images.auth,
            lambda: self.networks.warnings,
        )

    def _backends(self) -> Backends:
        return Backends(self.containers, ExecService(self.lives), self.images, self.networks, self.volumes, self.system)

    async def start(self) -> None:
        """Supervisor, networks, what lived before; then the sockets open."""
        await self.supervisor.ensure()
        await self.networks.start()
        await recovery.recover(self.lives)
        self.tasks.spare()
        gc.collect()
        libc.trim()

    def reload(self, config: Config) -> None:
        """Take on what can be taken on without a restart (``RELOADABLE``); the rest of ``config`` is not looked at."""
        self.config = config = replace(self.config, **{name: getattr(config, name) for name in RELOADABLE})
        self._log.wants(config.log_level, config.debug)
        self.lives.runtimes, self.lives.default_runtime = _runtimes(config), config.default_runtime
        self.registries.reload(_registries(config))
        self.system.reload(self._settings(), {key: _text(getattr(config, name)) for name, key in RELOADABLE.items()})

    async def stop(self) -> None:
        """Stop containers, unless they are to live on; leave nothing else behind."""
        await self.server.close()
        self.tasks.close()
        if self.config.live_restore:
            self.lives.closing = True
        else:
            await recovery.shutdown(self.lives, self.config.shutdown_timeout)
            with contextlib.suppress(Exception):
                await self.supervisor.ensure()  # somebody may have killed it: its worker holds the bridge
                await self.networks.teardown()
            await self.supervisor.shutdown()
        self.images.close()
        self.events.close()
        self.db.close()


def _runtimes(config: Config) -> dict[str, str]:
    return {"runc": "", **{name: shutil.which(path) or path for name, path in config.runtimes.items()}}


def _registries(config: Config) -> RegistryConfig:
    return RegistryConfig(insecure=tuple(config.insecure_registries), mirrors=tuple(config.registry_mirrors))


def _text(value: Any) -> str:
    """As the attributes of dockerd's event have it."""
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
