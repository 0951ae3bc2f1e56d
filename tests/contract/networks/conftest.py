from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from barque.networks.firewall import table_name
from barque.wire import lines

TOP = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if os.geteuid() != 0:
        for item in items:
            if item.path.is_relative_to(TOP):
                item.add_marker(pytest.mark.skip(reason="needs root"))


class RunningWorker:
    """A worker in a process of its own, with a bridge and a subnet that nothing else uses."""

    def __init__(self, directory: Path) -> None:
        number = secrets.randbelow(60000)
        self.bridge = f"bqt{number:05d}"
        self.subnet = f"10.{200 + number % 50}.{number // 250}"
        self.socket_path = str(directory / "network.sock")
        self.netns = directory / "netns"
        self.start()

    def start(self) -> None:
        code = "import sys; from barque.networks import worker; worker.serve(sys.argv[1])"
        self.process = subprocess.Popen([sys.executable, "-c", code, self.socket_path])
        deadline = time.monotonic() + 20
        while True:
            try:
                with socket.socket(socket.AF_UNIX) as probe:
                    probe.connect(self.socket_path)
                return
            except OSError:
                assert self.process.poll() is None and time.monotonic() < deadline, "the worker did not come up"
                os.sched_yield()

    def ask(self, op: str, **fields: Any) -> dict[str, Any]:
        return lines.request(self.socket_path, {"op": op, **fields}, timeout=30)

    def ensure_bridge(self) -> dict[str, Any]:
        return self.ask("ensure_bridge", name=self.bridge, address=f"{self.subnet}.1/24", create=True, mtu=1400)

    def attach(self, container: str, last: int) -> dict[str, Any]:
        return self.ask(
            "attach",
            id=container,
            bridge=self.bridge,
            address=f"{self.subnet}.{last}/24",
            mac=f"02:42:0a:00:00:{last:02x}",
            gateway=f"{self.subnet}.1",
            mtu=1400,
        )

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)

    def teardown(self) -> None:
        if self.process.poll() is None:
            self.ask("recover", keep=[], bridges=[self.bridge])
            self.ask("teardown", bridges=[self.bridge], firewalls=[self.bridge])
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(10)

    def tables(self) -> str:
        listed = subprocess.run(["nft", "list", "tables"], capture_output=True, text=True, timeout=20)
        return "\n".join(line for line in listed.stdout.splitlines() if table_name(self.bridge) in line)


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[RunningWorker]:
    running = RunningWorker(tmp_path)
    try:
        yield running
    finally:
        try:
            running.teardown()
        finally:
            running.kill()
