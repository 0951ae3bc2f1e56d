"""``./dev bench images``: pull, re-pull, save and load of a 500 MB image, turn by turn with the peers at hand."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from engines import Engine, storage  # type: ignore[import-not-found]
from image_set import Registry, layer_tar, write_layout  # type: ignore[import-not-found]

Samples = dict[str, dict[str, list[float]]]


def peak_of(pid: int, call: Callable[[], Any]) -> tuple[float, float]:
    """Seconds the call took, and the highest resident size of the process meanwhile, MiB."""
    highest, done = [0.0], threading.Event()

    def watch() -> None:
        while not done.wait(0.02):
            try:
                pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
            except OSError:
                return
            highest[0] = max(highest[0], pages * os.sysconf("SC_PAGESIZE") / (1 << 20))

    watcher = threading.Thread(target=watch)
    watcher.start()
    begin = time.perf_counter()
    call()
    took = time.perf_counter() - begin
    done.set()
    watcher.join()
    return took, highest[0]


def docker(engine: Engine, *argv: str, stdin: Any = None, stdout: Any = subprocess.DEVNULL) -> None:
    env = os.environ | {"DOCKER_HOST": f"unix://{engine.socket}"}
    subprocess.run(["docker", *argv], env=env, check=True, stdin=stdin, stdout=stdout)


def pulls(engine: Engine, target: str, label: str, add: Callable[[str, Engine, float], None]) -> None:
    took, peak = peak_of(engine.daemon_pid(), lambda: docker(engine, "pull", "-q", target))
    add(f"pull, {label}, s", engine, took)
    add(f"peak memory of the daemon, {label}, MiB", engine, peak)
    begin = time.perf_counter()
    name, _, tag = target.rpartition(":") if target.count(":") > 1 else (target, "", "latest")
    engine.api()("POST", f"/images/create?fromImage={name}&tag={tag}")
    add(f"re-pull, {label}, s", engine, time.perf_counter() - begin)


def archives(engine: Engine, target: str, place: Path, add: Callable[[str, Engine, float], None]) -> None:
    file = place / f"{engine.name}.tar"
    begin = time.perf_counter()
    with file.open("wb") as out:
        docker(engine, "save", target, stdout=out)
    add("save, s", engine, time.perf_counter() - begin)
    docker(engine, "rmi", "-f", target)
    begin = time.perf_counter()
    with file.open("rb") as data:
        docker(engine, "load", "-q", stdin=data)
    add("load, s", engine, time.perf_counter() - begin)
    file.unlink()


def collect(engines: list[Engine], rounds: int) -> Samples:
    samples: Samples = {}

    def add(row: str, engine: Engine, value: float) -> None:
        samples.setdefault(row, {}).setdefault(engine.name, []).append(value)

    place = Path(tempfile.mkdtemp(prefix="bench-images-", dir=storage()))
    registry = Registry(place)
    try:
        registry.start()
        for engine in engines:
            if engine.name.startswith("dockerd"):
                registry.start(namespace_of=engine.daemon_pid())
        targets = {}
        for label, count in (("one layer", 1), ("eight layers", 8)):
            layout = place / label.replace(" ", "-")
            write_layout(layout, [layer_tar(20000 // count, 500 // count, seed) for seed in range(count)])
            targets[label] = registry.push(layout, label.replace(" ", "-"))
            shutil.rmtree(layout)
        for _ in range(rounds):
            for label, target in targets.items():
                for engine in engines:
                    pulls(engine, target, label, add)
                    if label == "one layer":
                        archives(engine, target, place, add)
                    docker(engine, "rmi", "-f", target)
    finally:
        registry.stop()
        shutil.rmtree(place, ignore_errors=True)
    return samples
