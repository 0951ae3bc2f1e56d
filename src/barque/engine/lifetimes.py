"""Start, exit, stop, kill and removal: what moves a container from state to state."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import time
from collections.abc import AsyncIterator
from typing import Any

from barque.engine import health, lifecycle, spec
from barque.engine.events import EventBus
from barque.engine.logs import stream
from barque.engine.network_files import write_network_files
from barque.engine.networks import NetworkService
from barque.engine.record import Container, ContainerStore, State, now
from barque.engine.tasks import Tasks
from barque.errors import BarqueError, Conflict, InvalidArgument, NotModified, StartError, Unavailable
from barque.model.requests import LogOptions
from barque.snapshots import Snapshotter
from barque.volumes import VolumeStore

Json = dict[str, Any]
START_FAILED = (
    "failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed: "
    "unable to start container process: error during container init: {}: unknown"
)
LONG_ENOUGH = 10.0
"""Seconds after which a run counts as good and the restart back-off begins anew."""


class Lifetimes:
    """One per daemon. ``attachers[id]`` are connections that wait to be made before the program runs."""

    def __init__(
        self,
        store: ContainerStore,
        tasks: Tasks,
        snapshots: Snapshotter,
        networks: NetworkService,
        volumes: VolumeStore,
        events: EventBus,
        data_root: str,
    ) -> None:
        self.store, self.tasks, self.snapshots = store, tasks, snapshots
        self.networks, self.volumes, self.events = networks, volumes, events
        self.data_root = data_root
        self.waiters: dict[str, list[tuple[str, asyncio.Future[Json]]]] = {}
        self.attachers: dict[str, list[asyncio.Future[None]]] = {}
        self.ended: dict[str, asyncio.Event] = {}
        self.exec_exits: dict[str, Json] = {}
        self.exec_done: dict[str, asyncio.Event] = {}
        self.background: set[asyncio.Task[Any]] = set()
        self.closing = False

    def directory(self, container: Container) -> str:
        return os.path.join(self.data_root, "containers", container.id)

    def publish(self, container: Container, action: str, **more: Any) -> None:
        labels = container.config.get("Labels") or {}
        attributes = {
            **labels,
            "image": container.image,
            "name": container.name,
            **{k: str(v) for k, v in more.items()},
        }
        self.events.publish("container", action, container.id, attributes)

    def spawn(self, work: Any) -> None:
        """Run in the background; the daemon's end waits for nothing of it."""
        task = asyncio.ensure_future(work)
        self.background.add(task)
        task.add_done_callback(self.background.discard)

    # Starting

    async def start(self, container: Container) -> None:
        """Raises NotModified when it runs, StartError's words as InvalidArgument when its program does not."""
        async with container.lock:
            lifecycle.check(container, "start")
            container.state.stopped_by_user = False
            await self._start(container)

    async def _start(self, container: Container) -> None:
        try:
            async with contextlib.AsyncExitStack() as undo:
                await self._start_steps(container, undo)
                undo.pop_all()
        except (BarqueError, OSError) as error:
            message = error.message if isinstance(error, BarqueError) else str(error)
            code = 128
            if isinstance(error, StartError):
                lower = message.lower()
                missing = "executable file not found" in lower or "no such file or directory" in lower
                denied = "permission denied" in lower or "is a directory" in lower
                code = 127 if missing else 126 if denied else 128
                message = START_FAILED.format(message)
            container.state.exit_code, container.state.error = code, message
            self.store.save(container)
            self.tasks.forget(container.id)
            if container.host_config.get("AutoRemove") and container.state.status == "created":
                self._wake(container, "next-exit", code)
                self.spawn(self._auto_remove(container))
            if isinstance(error, StartError):
                raise InvalidArgument(message) from error
            raise

    async def _start_steps(self, container: Container, undo: contextlib.AsyncExitStack) -> None:
        directory = self.directory(container)
        host = container.host_config
        wanted = (container.name, container.config["Hostname"], self._resolved(host), container.networking)
        try:
            attachment = await self.networks.attach(container.id, *wanted)
        except Unavailable:
            await self.tasks.ensure()
            attachment = await self.networks.attach(container.id, *wanted)
        undo.push_async_callback(self.networks.detach, container.id)
        container.networks = attachment.endpoints
        container.netns = attachment.netns_path or ""
        joined = self._joined(container)
        if not joined.get("network"):
            joined["network"] = attachment.netns_path or "host"
        files = {}
        shared = host.get("NetworkMode", "").startswith("container:")
        source = self.directory(self._other(host["NetworkMode"])) if shared else directory
        if not shared:
            write_network_files(directory, container.config, host, attachment.addresses, attachment.gateway)
        for name in ("hosts", "hostname", "resolv.conf"):
            files[f"/etc/{name}"] = os.path.join(source, name)
        request = {
            "spec": spec.build(container, self.tasks.rootfs(container.id), files, joined),
            "mounts": [m.to_json() for m in self.snapshots.mounts(container.id)],
            "log": self._log(container),
            "tty": container.tty,
            "open_stdin": bool(container.config.get("OpenStdin")),
            "stdin_once": bool(container.config.get("StdinOnce")),
        }
        waiting = self.attachers.pop(container.id, [])
        made = await self.tasks.create(container.id, {**request, "start": not waiting})
        undo.push_async_callback(self._undo_task, container)
        state, follow = await self.tasks.follow(container.id)
        if waiting:
            for attacher in waiting:
                attacher.set_result(None)
            await asyncio.gather(*(self._connected(a) for a in waiting))
            made |= await self.tasks.ask(container.id, "start")
        container.state = State(
            status="running",
            pid=made["pid"],
            started_at=made["started_at"],
            restart_count=container.state.restart_count,
        )
        self.store.save(container)
        self.ended[container.id] = asyncio.Event()
        self.publish(container, "start")
        self.spawn(self._follow(container, state, follow))

    async def _undo_task(self, container: Container) -> None:
        """A start that failed after its task was made: nothing of it stays."""
        await self._signal(container, 9)
        with contextlib.suppress(BarqueError, OSError):
            await self.tasks.reap(spec.cgroup_path(container))

    @staticmethod
    async def _connected(attacher: asyncio.Future[None]) -> None:
        """Give an attach that was waiting its turn to connect before the program speaks."""
        done: asyncio.Event | None = getattr(attacher, "connected", None)
        if done is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(done.wait(), 5)

    def _resolved(self, host: Json) -> Json:
        mode = host.get("NetworkMode") or ""
        if mode.startswith("container:"):
            return {**host, "NetworkMode": f"container:{self._other(mode).id}"}
        return host

    def _other(self, mode: str) -> Container:
        return self.store.find(mode.partition(":")[2])

    def _joined(self, container: Container) -> dict[str, str]:
        """Namespaces of others that this container uses."""
        host = container.host_config
        out: dict[str, str] = {}
        for key, kind in (("PidMode", "pid"), ("IpcMode", "ipc"), ("UTSMode", "uts"), ("NetworkMode", "network")):
            mode = host.get(key) or ""
            if mode == "host":
                out[kind] = "host"
            elif mode.startswith("container:"):
                other = self._other(mode)
                if not other.running:
                    raise Conflict(f"cannot join {kind} namespace of a non running container: {other.id}")
                name = "net" if kind == "network" else kind
                out[kind] = f"/proc/{other.state.pid}/ns/{name}"
        return out

    def _log(self, container: Container) -> Json | None:
        wanted = container.host_config.get("LogConfig") or {}
        options = wanted.get("Config") or {}
        kind = wanted.get("Type") or "json-file"
        if kind == "none":
            return None
        return {
            "driver": kind,
            "path": self.log_path(container),
            "max_size": size_of(options.get("max-size", "0")),
            "max_file": int(options.get("max-file", "1")),
            "compress": options.get("compress", "false") == "true",
            "attrs": self._log_attrs(container, options),
        }

    @staticmethod
    def _log_attrs(container: Container, options: dict[str, str]) -> dict[str, str]:
        labels = container.config.get("Labels") or {}
        out = {name: labels[name] for name in options.get("labels", "").split(",") if name in labels}
        env = dict(word.partition("=")[::2] for word in container.config.get("Env") or ())
        return out | {name: env[name] for name in options.get("env", "").split(",") if name in env}

    def log_path(self, container: Container) -> str:
        return os.path.join(self.directory(container), f"{container.id}-json.log")

    def read_logs(self, container: Container) -> AsyncIterator[bytes]:
        """All there is, for an attach that wants it first."""
        return stream(container, self.log_path(container), LogOptions(stdout=True, stderr=True), None)

    # Ending

    async def _follow(self, container: Container, state: Json, follow: AsyncIterator[Json]) -> None:
        """Until the shim says that the container has ended, or is gone without a word."""
        self.spawn(health.watch(self, container, self.ended[container.id]))
        end = state.get("exit")
        if end is None:
            async for event in follow:
                if event["event"] == "exit":
                    end = event
                    break
                if event["event"] == "exec_exit":
                    self.exec_ended(event["id"], event)
                elif event["event"] == "oom":
                    self.publish(container, "oom")
        if self.closing and end is None:
            return
        if end is None:
            end = self.tasks.exit_record(container.id)
        if end is None:
            end = {"code": 137, "at": now(), "oom": False}
            with contextlib.suppress(BarqueError, OSError):
                await self.tasks.reap(spec.cgroup_path(container))
        await self.on_exit(container, end)

    def exec_ended(self, exec_id: str, event: Json) -> None:
        self.exec_exits[exec_id] = event
        done = self.exec_done.get(exec_id)
        if done is not None:
            done.set()

    async def on_exit(self, container: Container, end: Json) -> None:
        """The state moves, the network is released, the policy decides, everybody is told."""
        code = end["code"]
        ran = (end["at"] - container.state.started_at) / 1e9
        with contextlib.suppress(BarqueError, OSError):
            await self.networks.detach(container.id)
        state = container.state
        if ran > LONG_ENOUGH:
            state.restart_count = 0
        again = lifecycle.should_restart(container, code) and not self.closing
        state.status, state.pid = ("restarting" if again else "exited"), 0
        state.exit_code, state.finished_at, state.oom_killed = code, end["at"], bool(end.get("oom"))
        for entry in container.networks.values():
            entry.update({"IPAddress": "", "Gateway": "", "MacAddress": "", "IPPrefixLen": 0, "EndpointID": ""})
        container.netns = ""
        self.store.save(container)
        self.tasks.forget(container.id)
        if end.get("oom"):
            self.publish(container, "oom")
        self.publish(container, "die", exitCode=code, execDuration=int(max(ran, 0)))
        done = self.ended.pop(container.id, None)
        if done is not None:
            done.set()
        self._wake(container, "next-exit", code)
        if again:
            self.spawn(self._restart_later(container))
            return
        self._wake(container, "not-running", code)
        if container.host_config.get("AutoRemove"):
            await self._auto_remove(container)

    async def _restart_later(self, container: Container) -> None:
        await asyncio.sleep(lifecycle.backoff(container.state.restart_count))
        async with container.lock:
            if container.state.status != "restarting" or self.closing:
                return
            container.state.restart_count += 1
            try:
                await self._start(container)
            except (BarqueError, OSError):
                container.state.status = "exited"
                self.store.save(container)
                self._wake(container, "not-running", container.state.exit_code)

    async def _auto_remove(self, container: Container) -> None:
        async with container.lock:
            with contextlib.suppress(BarqueError, OSError):
                await self.remove_now(container, volumes=True)

    def _wake(self, container: Container, condition: str, code: int, error: str = "") -> None:
        kept = []
        for wanted, future in self.waiters.pop(container.id, []):
            if wanted != condition and condition != "removed":
                kept.append((wanted, future))
            elif not future.done():
                future.set_result({"StatusCode": code, **({"Error": {"Message": error}} if error else {})})
        if kept:
            self.waiters[container.id] = kept

    def wait(self, container: Container, condition: str) -> asyncio.Future[Json]:
        """``not-running``, ``next-exit`` or ``removed``."""
        future: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        condition = condition or "not-running"
        if condition not in ("not-running", "next-exit", "removed"):
            raise InvalidArgument(f'invalid condition: "{condition}"')
        if condition == "not-running" and container.state.status not in ("running", "paused", "restarting"):
            future.set_result({"StatusCode": container.state.exit_code})
        else:
            self.waiters.setdefault(container.id, []).append((condition, future))
        return future

    async def stop(self, container: Container, signal_word: str | None, timeout: int | None) -> None:
        """The stop signal, time to clean up, then SIGKILL. Raises NotModified when it does not run."""
        if container.state.status == "restarting":
            container.state.status, container.state.stopped_by_user = "exited", True
            self.store.save(container)
            self._wake(container, "not-running", container.state.exit_code)
            return
        if not container.running:
            raise NotModified("")
        number = lifecycle.signal_number(signal_word or container.config.get("StopSignal") or "SIGTERM")
        if timeout is None:
            configured = container.config.get("StopTimeout")
            timeout = 10 if configured is None else configured
        done = self.ended.get(container.id)
        container.state.stopped_by_user = True
        self.store.save(container)
        self.publish(container, "kill", signal=number)
        await self._signal(container, number)
        if done is not None:
            try:
                await asyncio.wait_for(done.wait(), None if timeout < 0 else timeout)
            except TimeoutError:
                self.publish(container, "kill", signal=9)
                await self._signal(container, 9)
                await asyncio.wait_for(done.wait(), 30)
        self.publish(container, "stop")

    async def _signal(self, container: Container, number: int) -> None:
        with contextlib.suppress(Unavailable, Conflict):
            await self.tasks.ask(container.id, "kill", signal=number)

    async def kill(self, container: Container, word: str) -> None:
        number = lifecycle.signal_number(word or "SIGKILL")
        lifecycle.check(container, "kill")
        stop = lifecycle.signal_number(container.config.get("StopSignal") or "SIGTERM")
        if number in (9, stop):
            container.state.stopped_by_user = True
        await self._signal(container, number)
        self.publish(container, "kill", signal=number)
        done = self.ended.get(container.id)
        if number == 9 and done is not None:
            await asyncio.wait_for(done.wait(), 30)

    async def remove(self, container: Container, force: bool, volumes: bool) -> None:
        if force and container.state.status in ("running", "paused", "restarting"):
            container.state.stopped_by_user = True
            done = self.ended.get(container.id)
            if container.state.status == "restarting":
                container.state.status = "exited"
            elif done is not None:
                await self._signal(container, 9)
                await asyncio.wait_for(done.wait(), 30)
        async with container.lock:
            if container.id not in {c.id for c in self.store}:
                return
            if not force or container.running:
                lifecycle.check(container, "remove")
            await self.remove_now(container, volumes)

    async def remove_now(self, container: Container, volumes: bool) -> None:
        """Everything of it goes; its lock is held."""
        container.state.status = "removing"
        self.store.save(container)
        with contextlib.suppress(BarqueError, OSError):
            await self.networks.detach(container.id)
        self.tasks.forget(container.id)
        self.snapshots.remove(container.id)
        shutil.rmtree(self.directory(container), ignore_errors=True)
        used = self.volumes.release(container.id)
        anonymous = {point.get("Name") for point in container.mounts if point.get("Anonymous")}
        for name in used if volumes else ():
            if name in anonymous:
                with contextlib.suppress(BarqueError):
                    self.volumes.remove(name)
        self.store.delete(container)
        self.publish(container, "destroy")
        self._wake(container, "removed", container.state.exit_code)

    # The daemon's own start and end

    async def recover(self) -> None:
        """Compare records, tasks and the kernel: adopt what lives, settle what ended, finish what was half done."""
        running = [c for c in self.store if c.running]
        await self.networks.recover([c.id for c in running])
        for container in running:
            try:
                state, follow = await self.tasks.events(container.id)
            except (BarqueError, OSError):
                end = self.tasks.exit_record(container.id) or {"code": 137, "at": now(), "oom": False}
                with contextlib.suppress(BarqueError, OSError):
                    await self.tasks.reap(spec.cgroup_path(container))
                await self.on_exit(container, end)
                continue
            if state["status"] == "created":
                await self._signal(container, 9)
            container.state.pid = state["pid"]
            self.ended[container.id] = asyncio.Event()
            self.spawn(self._follow(container, state, follow))
        for container in self.store:
            if container.state.status == "removing":
                async with container.lock:
                    await self.remove_now(container, volumes=True)
        await self._orphans()
        for container in self.store:
            if self._wanted_at_boot(container):
                with contextlib.suppress(BarqueError, OSError):
                    await self.start(container)

    def _wanted_at_boot(self, container: Container) -> bool:
        policy = (container.host_config.get("RestartPolicy") or {}).get("Name")
        if container.state.status == "restarting":
            container.state.status = "exited"
            return True
        if container.state.status != "exited":
            return False
        return policy == "always" or (policy == "unless-stopped" and not container.state.stopped_by_user)

    async def _orphans(self) -> None:
        """Tasks, snapshots and directories that no record knows."""
        known = {c.id: c for c in self.store}
        for name in os.listdir(self.tasks.root):
            if name in known and known[name].running:
                continue
            with contextlib.suppress(BarqueError, OSError):
                await self.tasks.ask(name, "kill", signal=9)
            with contextlib.suppress(BarqueError, OSError):
                await self.tasks.reap(f"/barque/{name}")
            self.tasks.forget(name)
        for key in list(self.snapshots.walk()):
            if len(key) == 64 and key not in known:
                self.snapshots.remove(key)
        for name in os.listdir(os.path.join(self.data_root, "containers")):
            if name not in known:
                shutil.rmtree(os.path.join(self.data_root, "containers", name), ignore_errors=True)

    async def shutdown(self, timeout: float) -> None:
        """Stop every container, as a daemon without live-restore does at its end."""
        self.closing = True

        async def one(container: Container) -> None:
            begin = time.monotonic()
            stopped = container.state.stopped_by_user
            try:
                await asyncio.wait_for(self.stop(container, None, None), timeout)
            except (BarqueError, OSError, TimeoutError):
                left = max(1.0, timeout - (time.monotonic() - begin))
                done = self.ended.get(container.id)
                await self._signal(container, 9)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(done.wait() if done else asyncio.sleep(0), left)
            container.state.stopped_by_user = stopped
            with contextlib.suppress(Exception):
                self.store.save(container)

        await asyncio.gather(*(one(c) for c in self.store if c.running))


def size_of(text: str) -> int:
    """Bytes of a log option such as ``10m``."""
    units = {"k": 1 << 10, "m": 1 << 20, "g": 1 << 30}
    word = text.strip().lower().removesuffix("b")
    if word[-1:] in units:
        return int(float(word[:-1]) * units[word[-1]])
    return int(word or 0)
