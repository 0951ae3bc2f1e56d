"""One engine for the whole run, on roots, socket, bridge and subnet of its own; what it leaves behind is counted."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "bench"))
from engines import BIN, Barque, busybox_tar
from http_api import Api

DOCKER = shutil.which("docker")
NUMBERS = random.sample(range(240), 240)
"""Of bridges and subnets: no two engines of one run have the same."""
CREATED = "%7B%22event%22%3A%5B%22create%22%5D%7D"
"""``{"event":["create"]}``, quoted."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if os.geteuid() != 0:
        for item in items:
            item.add_marker(pytest.mark.skip(reason="needs root"))


class EngineUnderTest(Barque):
    """A barqued of its own with the image ``busybox``; ``docker`` and ``barque`` run the clients against it."""

    name = "test"

    def __init__(self, *flags: str) -> None:
        super().__init__()
        number = NUMBERS.pop()
        self.bridge = f"bqt{number}x{os.getpid() % 100000}"
        self.subnet = f"10.{number}.{random.randrange(256)}"
        self.flags = flags

    def command(self) -> list[str]:
        d = self.dir
        return [
            str(BIN / "barqued"),
            *("-H", f"unix://{self.socket}"),
            *("--data-root", f"{d}/data", "--exec-root", f"{d}/exec", "-p", f"{d}/pid"),
            *("--bridge", self.bridge, "--bip", f"{self.subnet}.1/24"),
            *self.flags,
        ]

    def start(self) -> None:
        self.launch()
        self.api()("POST", "/images/create?fromSrc=-&repo=busybox&tag=latest", busybox_tar())

    def api(self) -> Api:
        return Api(self.socket)

    def kill(self) -> None:
        """kill -9 of the daemon alone."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def run(
        self, argv: list[str], input: bytes | None = None, timeout: float = 60, env: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        environment = os.environ | {"DOCKER_HOST": f"unix://{self.socket}"} | (env or {})
        return subprocess.run(argv, input=input, capture_output=True, timeout=timeout, env=environment)

    def docker(self, *argv: str, **kwargs: Any) -> subprocess.CompletedProcess[bytes]:
        """The stock docker CLI. The result's stdout and stderr are bytes."""
        if DOCKER is None:
            pytest.skip("no stock docker CLI could be had")
        return self.run([DOCKER, *argv], **kwargs)

    def barque(self, *argv: str, **kwargs: Any) -> subprocess.CompletedProcess[bytes]:
        return self.run([str(BIN / "barque"), *argv], **kwargs)

    def ok(self, *argv: str, **kwargs: Any) -> str:
        """stdout of a docker command that must succeed, stripped."""
        done = self.docker(*argv, **kwargs)
        assert done.returncode == 0, f"docker {' '.join(argv)}: {done.returncode}\n{done.stderr.decode()}{self.tail()}"
        return done.stdout.decode().strip()

    def tail(self) -> str:
        return "\n--- daemon log\n" + (self.dir / "daemon.log").read_text()[-2000:]

    def client(self, name: str) -> Any:
        return {"docker": self.docker, "barque": self.barque}[name]


def footprint(engine: EngineUnderTest) -> dict[str, object]:
    """What this engine has on the host now: mounts, ports of its bridge, groups of the containers it has ever made.

    Other engines may come and go meanwhile."""
    ours = str(engine.dir)
    mounts = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    ports = Path(f"/sys/class/net/{engine.bridge}/brif")
    groups = {p.name for pattern in ("*/barque/*", "barque/*") for p in Path("/sys/fs/cgroup").glob(pattern)}
    made = engine.api()("GET", f"/events?since=0&until={int(time.time()) + 1}&filters={CREATED}") if groups else ""
    return {
        "mounts": len([point for point in mounts if point.startswith(ours)]),
        "ports": len(list(ports.iterdir())) if ports.exists() else 0,
        "cgroups": sorted(name for name in groups if name in str(made)),
    }


@pytest.fixture(scope="session")
def engine() -> Iterator[EngineUnderTest]:
    under_test = EngineUnderTest()
    try:
        under_test.start()
        yield under_test
    finally:
        under_test.stop()


@pytest.fixture
def own_engine() -> Iterator[EngineUnderTest]:
    """An engine that a test may kill and restart."""
    under_test = EngineUnderTest()
    try:
        under_test.start()
        yield under_test
    finally:
        under_test.stop()


@pytest.fixture(autouse=True)
def no_containers_left(request: pytest.FixtureRequest) -> Iterator[None]:
    """Each test leaves the shared engine without containers."""
    yield
    if "engine" in request.fixturenames:
        under_test = request.getfixturevalue("engine")
        for container in under_test.api()("GET", "/containers/json?all=1"):
            under_test.api()("DELETE", f"/containers/{container['Id']}?force=1&v=1")


@pytest.fixture(params=["docker", "barque"])
def client(request: pytest.FixtureRequest, engine: EngineUnderTest) -> Any:
    """A callable that runs a client command against the shared engine; once per client."""
    return engine.client(request.param)


def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    """Wait for a condition that no event tells us about (another process's files)."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """host:port of a docker-registry of our own on the loopback."""
    if shutil.which("docker-registry") is None:
        pytest.skip("docker-registry could not be had")
    place = tmp_path_factory.mktemp("registry")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config = {
        "version": "0.1",
        "storage": {"filesystem": {"rootdirectory": str(place / "data")}, "delete": {"enabled": True}},
        "http": {"addr": f"127.0.0.1:{port}"},
    }
    (place / "config.yml").write_text(json.dumps(config))
    log = (place / "log").open("wb")
    process = subprocess.Popen(["docker-registry", "serve", str(place / "config.yml")], stdout=log, stderr=log)

    def answers() -> bool:
        try:
            return bool(urllib.request.urlopen(f"http://127.0.0.1:{port}/v2/", timeout=5).status == 200)
        except OSError:
            return False

    try:
        until(answers)
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)
