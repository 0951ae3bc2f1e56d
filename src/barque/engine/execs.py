"""Exec instances: made, started in their container, remembered until it is removed."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass, field
from typing import Any

from barque.engine import lifecycle, spec
from barque.engine.lifetimes import Lifetimes
from barque.engine.record import Container
from barque.engine.streams import ExecAttachment, FailedExec, detach_keys
from barque.errors import BarqueError, Conflict, InvalidArgument, NotFound, StartError

Json = dict[str, Any]
FAILED = "OCI runtime exec failed: exec failed: unable to start container process: {}: unknown"


@dataclass
class Exec:
    id: str
    container: Container
    config: Json
    pid: int = 0
    started: bool = False
    running: bool = False
    exit_code: int | None = None
    settled: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once its end is known."""


class ExecService:
    """Implements ``api.backends.Execs``."""

    def __init__(self, lives: Lifetimes) -> None:
        self._lives = lives
        self._all: dict[str, Exec] = {}

    def _find(self, exec_id: str) -> Exec:
        found = self._all.get(exec_id)
        if found is None:
            raise NotFound(f"No such exec instance: {exec_id}")
        return found

    async def create(self, container: str, config: Json) -> Json:
        found = self._lives.store.find(container)
        if found.state.status == "restarting":
            raise Conflict(f"Container {found.id} is restarting, wait until the container is running")
        lifecycle.check(found, "exec")
        if not config.get("Cmd"):
            raise InvalidArgument("No exec command specified")
        detach_keys(config.get("DetachKeys"))
        made = Exec(secrets.token_hex(32), found, config)
        gone = [e.id for e in self._all.values() if e.container.id not in self._lives.store]
        for old in gone:
            del self._all[old]
        self._all[made.id] = made
        found.execs.append(made.id)
        self._publish(made, f"exec_create: {' '.join(config['Cmd'])}")
        return {"Id": made.id}

    def _publish(self, made: Exec, action: str, **more: Any) -> None:
        self._lives.publish(made.container, action, execID=made.id, **more)

    async def start(self, exec_id: str, detach: bool, tty: bool, console_size: tuple[int, int] | None) -> Any:
        made = self._find(exec_id)
        container, config = made.container, dict(made.config)
        if made.started:
            raise Conflict(
                f"exec {exec_id} has already been started" if made.running else f"exec {exec_id} has already run"
            )
        lifecycle.check(container, "exec")
        if console_size:
            config["ConsoleSize"] = list(console_size)
        stdin = bool(config.get("AttachStdin"))
        request = {
            "id": made.id,
            "process": spec.exec_process(container, config),
            "attach": not detach,
            "stdin": stdin,
            "stdout": bool(config.get("AttachStdout", True)) or detach,
            "stderr": bool(config.get("AttachStderr", True)) or detach,
        }
        made.started = True
        self._lives.exec_done[made.id] = asyncio.Event()
        try:
            stream, reply = await self._lives.tasks.stream(container.id, "exec", **request)
        except BarqueError as error:
            made.exit_code = 126
            if isinstance(error, StartError):
                lower = error.message.lower()
                if "not found" in lower or "no such file" in lower:
                    made.exit_code = 127
                message = FAILED.format(error.message)
                made.settled.set()
                self._lives.exec_done.pop(made.id, None)
                if not detach:
                    return FailedExec(message, tty)
                raise InvalidArgument(message) from error
            raise
        made.pid, made.running = reply["pid"], True
        self._publish(made, f"exec_start: {' '.join(config['Cmd'])}")
        self._lives.spawn(self._end(made))
        if detach:
            stream.close()
            return None
        keys = detach_keys(config.get("DetachKeys"))
        left = lambda: self._publish(made, "exec_detach")  # noqa: E731
        return ExecAttachment(stream, bool(config.get("Tty")), tty, stdin, keys, left, made.settled)

    async def _end(self, made: Exec) -> None:
        done = self._lives.exec_done[made.id]
        ended = self._lives.ended.get(made.container.id)
        waits = [asyncio.ensure_future(done.wait())]
        if ended is not None:
            waits.append(asyncio.ensure_future(ended.wait()))
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
        self.settle(made)
        if made.id in made.container.execs:
            made.container.execs.remove(made.id)
        self._publish(made, "exec_die", exitCode=made.exit_code)

    def settle(self, made: Exec) -> None:
        event = self._lives.exec_exits.pop(made.id, None)
        if made.running:
            made.running = False
            made.exit_code = event["code"] if event else 137
        self._lives.exec_done.pop(made.id, None)
        made.settled.set()

    async def resize(self, exec_id: str, rows: int, columns: int) -> None:
        made = self._find(exec_id)
        if not made.running:
            raise Conflict(f"exec process is not running: {exec_id}")
        await self._lives.tasks.ask(made.container.id, "resize", exec=made.id, rows=rows, columns=columns)

    async def inspect(self, exec_id: str) -> Json:
        made = self._find(exec_id)
        if made.running and made.id in self._lives.exec_exits:
            self.settle(made)
        config = made.config
        command = config["Cmd"]
        return {
            "ID": made.id,
            "Running": made.running,
            "ExitCode": made.exit_code,
            "ProcessConfig": {
                "tty": bool(config.get("Tty")),
                "entrypoint": command[0],
                "arguments": command[1:],
                "privileged": bool(config.get("Privileged")),
                "user": config.get("User") or "",
            },
            "OpenStdin": bool(config.get("AttachStdin")),
            "OpenStderr": bool(config.get("AttachStderr")),
            "OpenStdout": bool(config.get("AttachStdout")),
            "CanRemove": not made.running and made.started,
            "ContainerID": made.container.id,
            "DetachKeys": "",
            "Pid": made.pid,
        }
