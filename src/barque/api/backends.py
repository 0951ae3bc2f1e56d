"""What the HTTP edge needs from the rooms below it, as Protocols.

The edge checks and decodes once; a backend receives plain values and answers with the JSON bodies of the newest
Engine API version as ``dict``/``list`` (the edge adapts them to older versions). Backends raise ``barque.errors``.
All coroutine methods run on the daemon's event loop.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass
from typing import Protocol

from barque.model.requests import (
    AttachOptions,
    Duplex,
    Filters,
    Json,
    LogOptions,
    Progress,
    Records,
    RegistryAuth,
    Strings,
)

__all__ = [
    "AttachOptions",
    "Attachment",
    "Backends",
    "Containers",
    "Duplex",
    "Execs",
    "Filters",
    "Images",
    "Json",
    "LogOptions",
    "Networks",
    "Progress",
    "Records",
    "RegistryAuth",
    "Strings",
    "System",
    "Volumes",
]


class Attachment(Protocol):
    """A prepared attach or exec start: everything that can fail with a status has been checked."""

    tty: bool

    async def run(self, connection: Duplex) -> None:
        """Copy until either side is done. Not to raise once bytes have flowed."""


class Containers(Protocol):
    async def create(self, name: str, config: Json, platform: str) -> Json:
        """``config`` is the body (container config with HostConfig and NetworkingConfig). ``{"Id", "Warnings"}``."""

    async def list(self, all: bool, limit: int, size: bool, filters: Filters) -> Records: ...
    async def inspect(self, name: str, size: bool) -> Json: ...
    async def start(self, name: str) -> None:
        """Raises ``NotModified`` when it runs already."""

    async def stop(self, name: str, signal: str | None, timeout: int | None) -> None: ...
    async def restart(self, name: str, signal: str | None, timeout: int | None) -> None: ...
    async def kill(self, name: str, signal: str) -> None: ...
    async def pause(self, name: str) -> None: ...
    async def unpause(self, name: str) -> None: ...
    async def rename(self, name: str, new_name: str) -> None: ...
    async def resize(self, name: str, rows: int, columns: int) -> None: ...
    async def update(self, name: str, changes: Json) -> Json: ...
    async def remove(self, name: str, force: bool, volumes: bool, link: bool) -> None: ...
    async def wait(self, name: str, condition: str) -> Awaitable[Json]:
        """Registers the waiter (raising ``NotFound``) and returns what to await: ``{"StatusCode", "Error"?}``."""

    async def top(self, name: str, ps_args: str) -> Json: ...
    async def logs(self, name: str, options: LogOptions) -> tuple[bool, AsyncIterator[bytes]]:
        """``(tty, chunks)``; chunks are framed in the multiplexed format unless tty."""

    async def attach(self, name: str, options: AttachOptions) -> Attachment: ...
    async def stats(self, name: str, stream: bool, one_shot: bool) -> AsyncIterator[Json]: ...
    async def changes(self, name: str) -> Records: ...
    async def export(self, name: str) -> AsyncIterator[bytes]: ...
    async def archive_stat(self, name: str, path: str) -> Json:
        """``{"name", "size", "mode" (Go FileMode bits), "mtime" (RFC 3339), "linkTarget"}``."""

    async def archive_get(self, name: str, path: str) -> tuple[Json, AsyncIterator[bytes]]: ...
    async def archive_put(
        self, name: str, path: str, tar: AsyncIterator[bytes], no_overwrite_dir_non_dir: bool, copy_uid_gid: bool
    ) -> None: ...
    async def commit(
        self,
        name: str,
        repository: str,
        tag: str,
        comment: str,
        author: str,
        pause: bool,
        changes: Strings,
        config: Json,
    ) -> Json: ...
    async def prune(self, filters: Filters) -> Json: ...


class Execs(Protocol):
    async def create(self, container: str, config: Json) -> Json:
        """``{"Id"}``."""

    async def start(
        self, exec_id: str, detach: bool, tty: bool, console_size: tuple[int, int] | None
    ) -> Attachment | None:
        """None when detached: the process runs already."""

    async def resize(self, exec_id: str, rows: int, columns: int) -> None: ...
    async def inspect(self, exec_id: str) -> Json: ...


class Images(Protocol):
    async def list(self, all: bool, filters: Filters, shared_size: bool, digests: bool, manifests: bool) -> Records: ...
    async def inspect(self, name: str, platform: str, manifests: bool) -> Json: ...
    async def history(self, name: str, platform: str) -> Records: ...
    async def verify(self) -> Strings:
        """Re-hash everything; one line for each thing that is wrong."""

    async def pull(self, image: str, tag: str, platform: str, auth: RegistryAuth | None) -> Progress:
        """``tag`` may be a digest; an empty tag with a name without one pulls every tag."""

    async def push(self, name: str, tag: str, platform: str, auth: RegistryAuth | None) -> Progress: ...
    async def import_(
        self,
        source: AsyncIterator[bytes] | str,
        repository: str,
        tag: str,
        message: str,
        changes: Strings,
        platform: str,
    ) -> Progress: ...
    async def load(self, tar: AsyncIterator[bytes], quiet: bool, platforms: Strings) -> Progress: ...
    async def save(self, names: Strings, platforms: Strings) -> AsyncIterator[bytes]: ...
    async def tag(self, name: str, repository: str, tag: str) -> None: ...
    async def remove(self, name: str, force: bool, noprune: bool, platforms: Strings) -> Records: ...
    async def prune(self, filters: Filters) -> Json: ...
    async def search(self, term: str, limit: int, filters: Filters, auth: RegistryAuth | None) -> Records: ...
    async def distribution(self, name: str, auth: RegistryAuth | None) -> Json: ...


class Networks(Protocol):
    async def list(self, filters: Filters) -> Records: ...
    async def inspect(self, name: str, verbose: bool, scope: str) -> Json: ...
    async def create(self, config: Json) -> Json: ...
    async def remove(self, name: str) -> None: ...
    async def connect(self, name: str, body: Json) -> None: ...
    async def disconnect(self, name: str, body: Json) -> None: ...
    async def prune(self, filters: Filters) -> Json: ...


class Volumes(Protocol):
    async def list(self, filters: Filters) -> Json: ...
    async def inspect(self, name: str) -> Json: ...
    async def create(self, config: Json) -> Json: ...
    async def remove(self, name: str, force: bool) -> None: ...
    async def prune(self, filters: Filters) -> Json: ...


class System(Protocol):
    async def info(self) -> Json: ...
    async def version(self) -> Json:
        """Without ``ApiVersion``/``MinAPIVersion``, which the edge adds."""

    async def auth(self, auth: RegistryAuth) -> Json: ...
    async def disk_usage(self, types: Strings) -> Json: ...
    async def events(self, since: float | None, until: float | None, filters: Filters) -> AsyncIterator[Json]: ...


@dataclass(frozen=True, slots=True)
class Backends:
    """Everything the edge is given by the composition root."""

    containers: Containers
    execs: Execs
    images: Images
    networks: Networks
    volumes: Volumes
    system: System
