"""A container record for the tables of this folder."""

from __future__ import annotations

from typing import Any

from barque.engine.record import Container, State


def container(
    config: dict[str, Any] | None = None, host: dict[str, Any] | None = None, status: str = "created", **state: Any
) -> Container:
    """``web``, with the id of 64 times ``a``."""
    base = {"Hostname": "aaaaaaaaaaaa", "Cmd": ["sh"], "Entrypoint": None, "Env": [], "Labels": {}}
    return Container(
        id="a" * 64,
        name="web",
        image="busybox:latest",
        image_id="sha256:" + "b" * 64,
        config={**base, **(config or {})},
        host_config=host or {},
        networking={},
        created=1_700_000_000_000_000_000,
        driver="overlay2",
        state=State(status=status, **state),
    )
