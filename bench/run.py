"""``./dev bench``: the same work on every engine at hand, turn by turn, as medians and ratios.

    ./dev bench                 the start path, exec, parallel starts, memory, log, whole client
    ./dev bench images          pull, save, load
    ./dev bench --rounds 30 --json out.json

Prints a table and writes JSON. Figures from a noisy machine are medians of interleaved runs; read the ratios.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import images  # type: ignore[import-not-found]
from engines import BIN, Engine, Running, installed  # type: ignore[import-not-found]

Samples = dict[str, dict[str, list[float]]]


def timed(call: Callable[[], Any]) -> float:
    begin = time.perf_counter()
    call()
    return (time.perf_counter() - begin) * 1000


def quiet(window: float = 0.03, most: float = 2.0) -> None:
    """Wait until the processors have been idle for ``window`` seconds: what an engine still does after its turn must not
    be charged to the next one."""
    deadline = time.monotonic() + most
    while time.monotonic() < deadline:
        before = _idle()
        time.sleep(window)
        if _idle() - before >= 0.8 * window * (os.cpu_count() or 1):
            return


def _idle() -> float:
    """Seconds that all processors together have been idle (proc(5), /proc/stat)."""
    words = Path("/proc/stat").read_text().split("\n", 1)[0].split()
    return (int(words[4]) + int(words[5])) / os.sysconf("SC_CLK_TCK")


def body(network: str, command: list[str]) -> dict[str, Any]:
    return {"Image": "bench:1", "Cmd": command, "HostConfig": {"NetworkMode": network}}


def cycle(api: Any, network: str) -> dict[str, float]:
    """create, start, wait and remove of ``true``; milliseconds per step and in all."""
    steps: dict[str, float] = {}
    begin = time.perf_counter()
    made: dict[str, Any] = {}
    steps["create"] = timed(lambda: made.update(api("POST", "/containers/create", body(network, ["true"]))))
    path = f"/containers/{made['Id']}"
    steps["start"] = timed(lambda: api("POST", f"{path}/start"))
    steps["wait"] = timed(lambda: api("POST", f"{path}/wait"))
    steps["remove"] = timed(lambda: api("DELETE", path))
    steps["create..remove"] = (time.perf_counter() - begin) * 1000
    return steps


def exec_true(api: Any, container: str) -> float:
    """exec create, start (attached, to its end), inspect."""

    def once() -> None:
        made = api("POST", f"/containers/{container}/exec", {"Cmd": ["true"]})
        api("POST", f"/exec/{made['Id']}/start", {"Detach": True})
        while api("GET", f"/exec/{made['Id']}/json")["Running"]:
            time.sleep(0.0005)

    return timed(once)


def parallel(engine: Engine, count: int) -> float:
    """Milliseconds until ``count`` containers, created beforehand, have all been started at once."""
    api = engine.api()
    ids = [api("POST", "/containers/create", body("bridge", ["sleep", "1000"]))["Id"] for _ in range(count)]
    threads = [threading.Thread(target=lambda i=i: engine.api()("POST", f"/containers/{i}/start")) for i in ids]

    def go() -> None:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    took = timed(go)
    for container in ids:
        api("DELETE", f"/containers/{container}?force=1")
    return took


def pss(pids: list[int]) -> float:
    """Sum of the proportional set sizes, MiB."""
    total = 0
    for pid in pids:
        try:
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1])
        except OSError:
            continue
    return total / 1024


def engine_pids(root: int) -> list[int]:
    """A process and everything below it, without the containers' own processes (those in another pid namespace)."""
    children: dict[int, list[int]] = {}
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            parent = int(Path(f"/proc/{entry}/stat").read_text().rsplit(")", 1)[1].split()[1])
        except OSError:
            continue
        children.setdefault(parent, []).append(int(entry))
    found, queue = [], [root]
    own = os.readlink("/proc/self/ns/pid")
    while queue:
        pid = queue.pop()
        try:
            if os.readlink(f"/proc/{pid}/ns/pid") != own:
                continue
        except OSError:
            continue
        found.append(pid)
        queue += children.get(pid, [])
    return found


def memory(engine: Engine, count: int) -> dict[str, float]:
    api = engine.api()
    roots = set(engine.pids())
    everything = lambda: sorted({p for r in roots | set(engine.pids()) for p in engine_pids(r)})  # noqa: E731
    idle = pss(everything())
    ids = []
    for _ in range(count):
        ids.append(api("POST", "/containers/create", body("bridge", ["sleep", "1000"]))["Id"])
        api("POST", f"/containers/{ids[-1]}/start")
    full = pss(everything())
    for container in ids:
        api("DELETE", f"/containers/{container}?force=1")
    return {"idle engine, PSS MiB": idle, "per idle container, PSS MiB": (full - idle) / count}


def log_throughput(api: Any, megabytes: int) -> float:
    """MB/s of short lines from a container into its log, until it has exited."""
    script = f"yes 'a line of some fifty bytes, as programs print them' | head -c {megabytes}m"
    made = api("POST", "/containers/create", body("none", ["sh", "-c", script]))
    path = f"/containers/{made['Id']}"

    def go() -> None:
        api("POST", f"{path}/start")
        api("POST", f"{path}/wait")

    took = timed(go)
    api("DELETE", path)
    return megabytes / (took / 1000)


def whole_client(engine: Engine) -> float:
    client = str(BIN / "barque") if engine.name == "barque" else "docker"
    env = os.environ | {"DOCKER_HOST": f"unix://{engine.socket}"}
    argv = [client, "run", "--rm", "bench:1", "true"]
    return timed(lambda: subprocess.run(argv, env=env, check=True, stdout=subprocess.DEVNULL))


def collect(engines: list[Engine], rounds: int) -> Samples:
    samples: Samples = {}
    add = lambda row, engine, value: samples.setdefault(row, {}).setdefault(engine.name, []).append(value)  # noqa: E731
    apis = {e.name: e.api() for e in engines}
    sleepers = {}
    for e in engines:
        sleepers[e.name] = apis[e.name]("POST", "/containers/create", body("none", ["sleep", "10000"]))["Id"]
        apis[e.name]("POST", f"/containers/{sleepers[e.name]}/start")
    for network in ("bridge", "none", "host"):
        for turn in range(rounds + 2):
            for e in engines:
                quiet()
                steps = cycle(apis[e.name], network)
                for step, value in steps.items() if turn >= 2 else ():
                    add(f"{step}, {network}, ms", e, value)
    for turn in range(rounds + 2):
        for e in engines:
            quiet()
            value = exec_true(apis[e.name], sleepers[e.name])
            if turn >= 2:
                add("exec true, ms", e, value)
    for turn in range(rounds // 2 + 1):
        for e in engines:
            quiet()
            value = whole_client(e)
            if turn:
                add("client: run --rm true, ms", e, value)
    for e in engines:
        quiet()
        add("50 starts in parallel, ms", e, parallel(e, 50))
        add("log, MB/s", e, log_throughput(apis[e.name], 50))
        apis[e.name]("DELETE", f"/containers/{sleepers[e.name]}?force=1")
        for row, value in memory(e, 20).items():
            add(row, e, value)
    return samples


def table(samples: Samples, names: list[str]) -> str:
    rows = ["| what | " + " | ".join(names) + (" | ratio |" if len(names) > 1 else " |")]
    rows.append("|---" * (len(names) + 1 + (len(names) > 1)) + "|")
    for row, by_engine in samples.items():
        medians = [statistics.median(by_engine[n]) if by_engine.get(n) else float("nan") for n in names]
        cells = [f"{m:.2f}" for m in medians]
        if len(names) > 1:
            ratio = medians[0] / medians[1] if row.endswith("/s") else medians[1] / medians[0]
            cells.append(f"{ratio:.1f}x")
        rows.append(f"| {row} | " + " | ".join(cells) + " |")
    return "\n".join(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="?", default="start", choices=["start", "images"])
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--json", default="build/bench.json")
    parser.add_argument("--only", action="append", help="engine name, repeatable")
    parser.add_argument("--beside", action="append", default=[], metavar="NAME=SOCKET", help="an engine that runs already")
    options = parser.parse_args()
    engines: list[Engine] = []
    try:
        for kind in installed():
            if not options.only or kind.name in options.only:
                engines.append(kind())
                engines[-1].start()
        for word in options.beside:
            engines.append(Running(*word.split("=", 1)))
            engines[-1].start()
        names = [e.name for e in engines]
        samples = (collect if options.what == "start" else images.collect)(engines, options.rounds)
    finally:
        for engine in engines:
            engine.stop()
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, kernel {platform.release()}, {time.strftime('%Y-%m-%d')}, "
        f"medians of {options.rounds} interleaved rounds\n"
    )
    print(table(samples, names))
    Path(options.json).parent.mkdir(parents=True, exist_ok=True)
    Path(options.json).write_text(json.dumps(samples, indent=1))


if __name__ == "__main__":
    main()
