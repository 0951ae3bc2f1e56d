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
from barque.engine.tasks import Connection
from barque.errors import BarqueError, Conflict, InvalidArgument, NotFound, StartError

Json = dict[str, Any]
AHEAD = 10.0
"""Seconds that the connection of an exec not yet started is kept."""
KEPT = 1000
"""Execs remembered at least, besides those that run."""
FAILED = "OCI runtime exec failed: exec failed: unable to start container process: {}: unknown"


@dataclass
class Exec:
    id: str
    container: Container
    config: Json
    way: asyncio.Future[Connection | None] | None = None
    """A connection to the shim, opened while the client still reads the id."""
    pid: int = 0
    started: bool = False
    running: bool = False
    exit_code: int | None = None
    settled: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once its end is known."""

    def let_go(self) -> None:
        """It has not been started for a while: the connection goes."""
        way, self.way = self.way, None
        if way is not None and not way.done():
            way.cancel()
        elif way is not None and (connection := way.result()) is not None:
            connection.close()


class ExecService:
    """Implements ``api.backends.Execs``."""

    def __init__(self, lives: Lifetimes) -> None:
        self._lives = lives
        self._all: dict[str, Exec] = {}

    def _find(self, exec_id: str) -> Exec:
        found = self._all.get(exec_id)
        if found is None or found.container.id not in self._lives.store:
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
        if len(self._all) >= 2 * KEPT:
            for old in [e.id for e in self._all.values() if not e.running][:KEPT]:
                del self._all[old]
        self._all[made.id] = made
        found.execs.append(made.id)
        made.way = asyncio.ensure_future(self._lives.tasks.ahead(found.id))
        asyncio.get_running_loop().call_later(AHEAD, made.let_go)
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
        self._lives.exec_ends[made.id] = lambda code: self._ended(made, code)
        try:
            ahead, made.way = made.way, None
            way = None if ahead is None else await ahead
            stream, reply = await self._lives.tasks.stream(container.id, "exec", way, **request)
        except BarqueError as error:
            self._lives.exec_ends.pop(made.id, None)
            made.exit_code = 126
            if isinstance(error, StartError):
                lower = error.message.lower()
                if "not found" in lower or "no such file" in lower:
                    made.exit_code = 127
                message = FAILED.format(error.message)
                made.settled.set()
                if not detach:
                    return FailedExec(message, tty)
                raise InvalidArgument(message) from error
            raise
        made.pid, made.running = reply["pid"], True
        self._publish(made, f"exec_start: {' '.join(config['Cmd'])}")
        if made.exit_code is not None:
            self._settle(made)
        if detach:
            stream.close()
            return None
        keys = detach_keys(config.get("DetachKeys"))
        left = lambda: self._publish(made, "exec_detach")  # noqa: E731
        return ExecAttachment(stream, bool(config.get("Tty")), tty, stdin, keys, left, made.settled)

    def _ended(self, made: Exec, code: int) -> None:
        """The news may overtake the answer to the start."""
        made.exit_code = code
        if made.running:
            self._settle(made)

    def _settle(self, made: Exec) -> None:
        made.running = False
        made.container.execs.remove(made.id)
        made.settled.set()
        self._publish(made, "exec_die", exitCode=made.exit_code)

    async def resize(self, exec_id: str, rows: int, columns: int) -> None:
        made = self._find(exec_id)
        if not made.running:
            raise Conflict(f"exec process is not running: {exec_id}")
        await self._lives.tasks.ask(made.container.id, "resize", exec=made.id, rows=rows, columns=columns)

    async def inspect(self, exec_id: str) -> Json:
        made = self._find(exec_id)
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
