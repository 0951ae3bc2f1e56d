"""OCI hooks (runtime-spec, POSIX-platform hooks): programs that get the state on stdin."""

from __future__ import annotations

import json
import os
import select
import signal
from typing import Any

from barque.errors import StartError


def run_hooks(spec: dict[str, Any], kind: str, state: dict[str, Any], ignore_failure: bool = False) -> None:
    """Run all hooks of a kind in order. Raises StartError for the first that fails."""
    for index, hook in enumerate((spec.get("hooks") or {}).get(kind) or ()):
        try:
            code, output = _run(hook, json.dumps(state).encode())
        except (OSError, TimeoutError) as error:
            if not ignore_failure:
                raise StartError(f"error running {kind} hook #{index}: {error}") from error
            continue
        if code and not ignore_failure:
            raise StartError(f"error running {kind} hook #{index}: exit status {code}, stdout/stderr: {output}")


def _run(hook: dict[str, Any], state: bytes) -> tuple[int, str]:
    """Exit status (negative: the signal) and output. Files hold both ends: a child the hook leaves holds nobody up."""
    given, said = os.memfd_create("state"), os.memfd_create("output")
    try:
        os.write(given, state)
        os.lseek(given, 0, os.SEEK_SET)
        pid = os.posix_spawn(
            hook["path"],
            hook.get("args") or [hook["path"]],
            dict(word.partition("=")[::2] for word in hook.get("env") or ()),
            file_actions=[(os.POSIX_SPAWN_DUP2, *pair) for pair in ((given, 0), (said, 1), (said, 2))],
            setsigmask=(),
            setsigdef=(signal.SIGPIPE, signal.SIGINT, signal.SIGTERM, signal.SIGHUP),
        )
        code = _wait(pid, hook.get("timeout") or None)
        return code, os.pread(said, 1 << 16, 0).decode(errors="replace")
    finally:
        os.close(given)
        os.close(said)


def _wait(pid: int, timeout: float | None) -> int:
    """``timeout`` in seconds. Raises TimeoutError; the hook is killed then."""
    pidfd = os.pidfd_open(pid)
    try:
        ended, _, _ = select.select([pidfd], [], [], timeout)
        if not ended:
            signal.pidfd_send_signal(pidfd, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
    finally:
        os.close(pidfd)
    if not ended:
        raise TimeoutError(f"timed out after {timeout:g}s")
    return os.waitstatus_to_exitcode(status)
