"""OCI hooks (runtime-spec, POSIX-platform hooks): programs that get the state on stdin."""

from __future__ import annotations

import json
import subprocess
from typing import Any

from barque.errors import StartError


def run_hooks(spec: dict[str, Any], kind: str, state: dict[str, Any], ignore_failure: bool = False) -> None:
    """Run all hooks of a kind in order. Raises StartError for the first that fails."""
    for index, hook in enumerate((spec.get("hooks") or {}).get(kind) or ()):
        environment = dict(word.partition("=")[::2] for word in hook.get("env") or ())
        try:
            done = subprocess.run(
                hook.get("args") or [hook["path"]],
                executable=hook["path"],
                input=json.dumps(state).encode(),
                env=environment,
                capture_output=True,
                timeout=hook.get("timeout") or None,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            if not ignore_failure:
                raise StartError(f"error running {kind} hook #{index}: {error}") from error
            continue
        if done.returncode and not ignore_failure:
            output = (done.stdout + done.stderr).decode(errors="replace")
            raise StartError(
                f"error running {kind} hook #{index}: exit status {done.returncode}, stdout/stderr: {output}"
            )
