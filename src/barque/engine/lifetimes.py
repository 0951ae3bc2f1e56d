"""Start, exit, stop, kill and removal: what moves a container from state to state."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable
from typing import Any

from barque.engine import health, lifecycle, links, spec
from barque.engine.events import EventBus
from barque.engine.log_config import log_of
from barque.engine.logs import stream
from barque.engine.network_files import write_network_files
from barque.engine.networks import Attachment, NetworkService
from barque.engine.record import Container, ContainerStore, State, now
from barque.engine.rootfs import Rootfs
from barque.engine.tasks import Tasks
from barque.engine.volumes import VolumeService
from barque.errors import BarqueError, Conflict, InvalidArgument, NotModified, StartError, Unavailable
from barque.linux import trees
from barque.model import Mount
from barque.model.requests import LogOptions
from barque.snapshots import Snapshotter

Json = dict[str, Any]
START_FAILED = (
    "failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed: "
    "unable to start container process: error during container init: {}: unknown"
)
KILLED = 137
"""The exit code of what was killed with nobody there to say so: 128 and SIGKILL."""

LONG_ENOUGH = 10.0
"""Seconds after which a run counts as good and the restart back-off begins anew."""

SPARE_AFTER = 0.03
"""Seconds after a start until the next shim is forked beforehand: what has just started goes first."""

ATTACH_TIMEOUT = 5.0
"""Seconds that attaches which came before the start have to connect before the program speaks."""


class Turn:
    """An attach that waits for a start: ``come`` when it may connect, ``connected`` when it has, or has given up."""

    def __init__(self) -> None:
        self.come = asyncio.Event()
        self.connected = asyncio.Event()


class Lifetimes:
    """One per daemon. ``attachers[id]`` are connections that wait to be made before the program runs."""

    def __init__(
        self,
        store: ContainerStore,
        tasks: Tasks,
        snapshots: Snapshotter,
        networks: NetworkService,
        volumes: VolumeService,
        events: EventBus,
        data_root: str,
        runtimes: dict[str, str],
        default_runtime: str,
    ) -> None:
        """``runtimes``: name to the path of an OCI runtime program, empty for our own."""
        self.runtimes, self.default_runtime = runtimes, default_runtime
        self.store, self.tasks, self.snapshots = store, tasks, snapshots
        self.networks, self.volumes, self.events = networks, volumes, events
        self.data_root = data_root
        self.rootfs = Rootfs(snapshots, data_root)
        self.waiters: dict[str, list[tuple[str, asyncio.Future[Json]]]] = {}
        self.attachers: dict[str, list[Turn]] = {}
        self.ended: dict[str, asyncio.Event] = {}
        self.settling: dict[str, asyncio.Task[None]] = {}
        self.exec_ends: dict[str, Callable[[int], None]] = {}
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
            container.state.restart_count = container.quick_exits = 0
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
        await self.settled(container)
        directory = self.directory(container)
        host = container.host_config
        wanted = (container.name, container.config["Hostname"], self._resolved(host), container.networking)
        undo.push_async_callback(self.networks.detach, container.id)
        attaching = asyncio.ensure_future(self._attach(container, wanted))
        await asyncio.sleep(0)  # the worker has it; what does not need its answer is worked out meanwhile
        try:
            joined = self._joined(container)
            linked = links.of(container, self.store)
            volumes = self._volumes(container)
            request = self._task_request(container)
        finally:
            attachment = await attaching
        container.networks = attachment.endpoints
        container.netns = attachment.netns_path or ""
        if not joined.get("network"):
            joined["network"] = attachment.netns_path or "host"
        shared = host.get("NetworkMode", "").startswith("container:")
        source = self.directory(self._other(host["NetworkMode"])) if shared else directory
        if not shared:
            write_network_files(
                directory, container.config, host, attachment.addresses, attachment.gateway, links.hosts(linked)
            )
        files = {f"/etc/{name}": os.path.join(source, name) for name in ("hosts", "hostname", "resolv.conf")}
        built = spec.build(container, self.tasks.rootfs(container.id), files, joined, volumes)
        built["process"]["env"] += links.environment(container, linked)
        waiting = self.attachers.pop(container.id, [])
        undo.push_async_callback(self._undo_task, container)
        made, follow = await self._run_task(container, built, request, waiting)
        container.state = State(
            status="running",
            pid=made["pid"],
            started_at=made["started_at"],
            restart_count=container.state.restart_count,
        )
        self.store.save_soon(container)
        for point in container.mounts:
            if point["Type"] == "volume":
                self.volumes.mounted(point["Name"], container.id, point["Destination"], not point["RW"])
        self.ended[container.id] = asyncio.Event()
        self.publish(container, "start")
        self.spawn(self.follow(container, {}, follow))
        asyncio.get_running_loop().call_later(SPARE_AFTER, self.tasks.spare)

    async def _attach(self, container: Container, wanted: tuple[str, str, Json, Json]) -> Attachment:
        try:
            return await self.networks.attach(container.id, *wanted)
        except Unavailable:
            await self.tasks.ensure()
            return await self.networks.attach(container.id, *wanted)

    def _task_request(self, container: Container) -> Json:
        """What the shim is told beside the specification."""
        return {
            "cgroup": spec.cgroup_path(container),
            "mounts": [m.to_json() for m in self.rootfs.mounts(container.id)],
            "log": log_of(container, self.log_path(container)),
            "tty": container.tty,
            "runtime": self.runtimes.get(container.host_config.get("Runtime") or "runc", ""),
            "open_stdin": bool(container.config.get("OpenStdin")),
            "stdin_once": bool(container.config.get("StdinOnce")),
        }

    async def _run_task(
        self, container: Container, built: Json, request: Json, waiting: list[Turn]
    ) -> tuple[Json, AsyncIterator[Json]]:
        """Pid and time of the start, and what happens from then on. Who waits to attach goes before the program."""
        making = asyncio.ensure_future(self.tasks.create(container.id, built, {**request, "start": not waiting}))
        await asyncio.sleep(0)  # it is on its way: time to write what a later daemon needs to take the task over
        try:
            self.store.save_started(container)
        finally:
            made, follow = await making
        if waiting:
            for turn in waiting:
                turn.come.set()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(ATTACH_TIMEOUT):
                    for turn in waiting:
                        await turn.connected.wait()
            made |= await self.tasks.ask(container.id, "start")
        return made, follow

    def _volumes(self, container: Container) -> dict[str, Mount]:
        """Destination to what is mounted there, of the container's volumes."""
        return {
            point["Destination"]: self.volumes.mount(
                point["Name"], point["Destination"], not point["RW"], point.get("Subpath") or ""
            )
            for point in container.mounts
            if point["Type"] == "volume"
        }

    async def _undo_task(self, container: Container) -> None:
        """A start that failed: nothing of its task stays, nor the record that foresaw it."""
        self.store.save(container)
        await self.signal(container, 9)
        with contextlib.suppress(BarqueError, OSError):
            await self.tasks.reap(spec.cgroup_path(container))

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

    def log_path(self, container: Container) -> str:
        return os.path.join(self.directory(container), f"{container.id}-json.log")

    def read_logs(self, container: Container) -> AsyncIterator[bytes]:
        """All there is, for an attach that wants it first."""
        return stream(container, self.log_path(container), LogOptions(stdout=True, stderr=True), None)

    # Ending

    async def follow(self, container: Container, state: Json, follow: AsyncIterator[Json]) -> None:
        """Until the shim says that the container has ended, or is gone without a word."""
        self.spawn(health.watch(self, container, self.ended[container.id]))
        end = state.get("exit")
        if end is None:
            async for event in follow:
                if event["event"] == "exit":
                    end = event
                    break
                if event["event"] == "exec_exit":
                    self.exec_ended(event["id"], event["code"])
                elif event["event"] == "oom":
                    self.publish(container, "oom")
        if self.closing and end is None:
            return
        if end is None:
            end = self.tasks.exit_record(container.id)
        if end is None:
            end = {"code": KILLED, "at": now(), "oom": False}
            with contextlib.suppress(BarqueError, OSError):
                await self.tasks.reap(spec.cgroup_path(container))
        await self.on_exit(container, end, follow)

    def exec_ended(self, exec_id: str, code: int) -> None:
        tell = self.exec_ends.pop(exec_id, None)
        if tell is not None:
            tell(code)

    async def on_exit(self, container: Container, end: Json, follow: AsyncIterator[Json] | None = None) -> None:
        """The state moves, the policy decides, everybody is told; what it used is released behind that."""
        code = end["code"]
        ran = (end["at"] - container.state.started_at) / 1e9
        state = container.state
        if ran > LONG_ENOUGH:
            container.quick_exits = 0
        again = lifecycle.should_restart(container, code) and not self.closing
        state.status, state.pid = ("restarting" if again else "exited"), 0
        state.exit_code, state.finished_at, state.oom_killed = code, end["at"], bool(end.get("oom"))
        for entry in container.networks.values():
            entry.update({"IPAddress": "", "Gateway": "", "MacAddress": "", "IPPrefixLen": 0, "EndpointID": ""})
        container.netns = ""
        if end.get("oom"):
            self.publish(container, "oom")
        for exec_id in list(container.execs):
            self.exec_ended(exec_id, KILLED)
        self.publish(container, "die", exitCode=code, execDuration=int(max(ran, 0)))
        done = self.ended.pop(container.id, None)
        if done is not None:
            done.set()
        for point in container.mounts:
            if point["Type"] == "volume":
                self.volumes.unmounted(point["Name"], container.id)
        self._wake(container, "next-exit", code)
        self._wake(container, "not-running", code)  # each end is one, also when the policy brings it back
        self.store.save_soon(container)
        self.settling[container.id] = asyncio.ensure_future(self._settle(container, follow))
        if again:
            self.spawn(self._restart_later(container))
            return
        if container.host_config.get("AutoRemove") and not container.comes_back:
            await self._auto_remove(container)

    async def _settle(self, container: Container, follow: AsyncIterator[Json] | None) -> None:
        """The shim has let go of group and files, the network is released, the task's directory goes.

        It goes last, and empty: while it is there, a later daemon cleans up behind us."""
        detached = asyncio.ensure_future(self.networks.detach(container.id))
        await asyncio.sleep(0)
        self.tasks.empty(container.id)
        with contextlib.suppress(BarqueError, OSError):
            await detached
        if follow is not None:
            async for event in follow:
                if event["event"] == "cleaned":
                    break
        self.tasks.forget(container.id)

    async def settled(self, container: Container) -> None:
        """What the last run used is free again: to be awaited before the next one, and before removal."""
        settling = self.settling.pop(container.id, None)
        if settling is not None:
            await settling

    async def _restart_later(self, container: Container) -> None:
        await asyncio.sleep(lifecycle.backoff(container.quick_exits))
        async with container.lock:
            if container.state.status != "restarting" or self.closing:
                return
            container.state.restart_count += 1
            container.quick_exits += 1
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
        await self.signal(container, number)
        if done is not None:
            try:
                await asyncio.wait_for(done.wait(), None if timeout < 0 else timeout)
            except TimeoutError:
                self.publish(container, "kill", signal=9)
                await self.signal(container, 9)
                await asyncio.wait_for(done.wait(), 30)
        self.publish(container, "stop")

    async def signal(self, container: Container, number: int) -> None:
        with contextlib.suppress(Unavailable, Conflict):
            await self.tasks.ask(container.id, "kill", signal=number)

    async def kill(self, container: Container, word: str) -> None:
        number = lifecycle.signal_number(word or "SIGKILL")
        lifecycle.check(container, "kill")
        stop = lifecycle.signal_number(container.config.get("StopSignal") or "SIGTERM")
        if number in (9, stop):
            container.state.stopped_by_user = True
        await self.signal(container, number)
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
                await self.signal(container, 9)
                await asyncio.wait_for(done.wait(), 30)
        async with container.lock:
            if container.id not in self.store:
                return
            if not force or container.running:
                lifecycle.check(container, "remove")
            await self.remove_now(container, volumes)

    def _remove_directory(self, container: Container) -> None:
        parent = os.open(os.path.join(self.data_root, "containers"), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            trees.remove(parent, container.id)
        except OSError:
            pass  # it has gone already, or what a broken disk keeps is found at the next start
        finally:
            os.close(parent)

    async def remove_now(self, container: Container, volumes: bool) -> None:
        """Everything of it goes; its lock is held."""
        container.state.status = "removing"
        self.store.save(container)
        await self.settled(container)
        with contextlib.suppress(BarqueError, OSError):
            await self.networks.detach(container.id)
        self.tasks.forget(container.id)
        self.snapshots.remove(container.id)
        self._remove_directory(container)
        await self.volumes.release(container.id, remove_anonymous=volumes)
        self.store.delete(container)
        self.publish(container, "destroy")
        self._wake(container, "removed", container.state.exit_code)
