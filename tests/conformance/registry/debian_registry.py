"""Debian's docker-registry on a loopback port."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import threading
from pathlib import Path

CONFIG = """version: 0.1
log: {{level: info}}
storage: {{filesystem: {{rootdirectory: {root}}}, delete: {{enabled: true}}}}
http: {{addr: "127.0.0.1:{port}"{tls}}}
{auth}
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Registry:
    """A running docker-registry; ``name("app:1")`` is a reference in it."""

    def __init__(self, folder: Path, tls: str = "", auth: str = "") -> None:
        self.port = free_port()
        config = folder / "config.yml"
        config.write_text(CONFIG.format(root=folder / "data", port=self.port, tls=tls, auth=auth))
        environment = os.environ | {"OTEL_TRACES_EXPORTER": "none"}
        self._process = subprocess.Popen(
            ["docker-registry", "serve", str(config)],
            env=environment,
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
        )
        assert self._process.stderr
        for line in self._process.stderr:
            if b"listening on" in line:
                break
        else:
            raise RuntimeError("docker-registry did not start")
        self._drain = threading.Thread(target=self._process.stderr.read, daemon=True)
        self._drain.start()

    def name(self, reference: str) -> str:
        return f"127.0.0.1:{self.port}/{reference}"

    def stop(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(20)
        self._drain.join(20)
        assert self._process.stderr
        self._process.stderr.close()
