"""``./dev demo``: a container engine comes up, runs containers in front of you, and says who did what.

Everything lives in a temporary directory with its own socket, bridge and subnet, and is gone afterwards.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "bench"))
from engines import Barque, busybox_tar  # type: ignore[import-not-found]


def say(text: str) -> None:
    print(f"\n\033[1m{text}\033[0m" if sys.stdout.isatty() else f"\n{text}", flush=True)


def run(engine: Barque, *argv: str, stdin: bytes | None = None) -> None:
    """Show and run one client command, with the time of the whole process."""
    print("$ barque " + " ".join(argv), flush=True)
    barque = str(Path(sys.executable).with_name("barque"))
    begin = time.perf_counter()
    done = subprocess.run(
        [barque, *argv], env=os.environ | {"DOCKER_HOST": f"unix://{engine.socket}"}, input=stdin, timeout=60
    )
    print(f"  ({(time.perf_counter() - begin) * 1000:.0f} ms, exit code {done.returncode})", flush=True)
    if done.returncode:
        raise SystemExit(f"the demo stops here: exit code {done.returncode}")


def steps(engine: Barque) -> None:
    """The API calls under one `run`, timed one by one."""
    api = engine.api()
    create = {"Image": "demo", "Cmd": ["true"]}
    begin = time.perf_counter()
    container = api("POST", "/containers/create", create)["Id"]
    marks = [("create: barqued merges the image's config, prepares a snapshot, writes a record", time.perf_counter())]
    api("POST", f"/containers/{container}/start")
    marks.append(
        (
            "start: the supervisor forks a shim; the shim mounts, clones init, init execs",
            time.perf_counter(),
        )
    )
    api("POST", f"/containers/{container}/wait")
    marks.append(("wait: the shim reaps, drains the log, writes exit.json, tells barqued", time.perf_counter()))
    api("DELETE", f"/containers/{container}")
    marks.append(("remove: snapshot, log and record go", time.perf_counter()))
    for text, mark in marks:
        print(f"  {(mark - begin) * 1000:6.1f} ms  {text}")
        begin = mark


def processes(engine: Barque) -> None:
    for pid in sorted(engine.pids()):
        try:
            line = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        print(f"  {pid:>7}  {line[:100]}")


def main() -> None:
    if os.geteuid() != 0:
        raise SystemExit("the demo needs root: it makes namespaces, mounts and a bridge")
    if not shutil.which("busybox"):
        raise SystemExit("the demo needs busybox (package busybox-static)")
    begin = time.perf_counter()
    engine = Barque()
    try:
        say("1. barqued starts, and starts barque-supervisor")
        engine.start()
        processes(engine)
        say("2. An image from this machine's busybox: one layer, addressed by its digest")
        run(engine, "import", "-c", 'CMD ["sh"]', "-", "demo", stdin=busybox_tar(shutil.which("busybox") or ""))
        run(engine, "images")
        say("3. A container: own pid, mount, uts, ipc and network namespaces on this one kernel")
        run(
            engine,
            "run",
            "--rm",
            "demo",
            "sh",
            "-c",
            "echo hello from pid $$, kernel $(uname -r); ip addr",
        )
        say("4. What each step of that was, and who did it")
        steps(engine)
        say("5. Data stays over stop and start")
        run(engine, "run", "-d", "--name", "keeper", "demo", "sleep", "1000")
        run(engine, "exec", "keeper", "sh", "-c", "echo kept > /root/file")
        run(engine, "exec", "keeper", "cat", "/root/file")
        run(engine, "restart", "-t", "1", "keeper")
        run(engine, "exec", "keeper", "cat", "/root/file")
        say("6. The daemon is killed; the container runs on; the next daemon adopts it")
        assert engine.process is not None
        engine.process.send_signal(signal.SIGKILL)
        engine.process.wait()
        engine.launch()
        run(engine, "ps")
        run(engine, "rm", "-f", "keeper")
    finally:
        engine.stop()
    say(f"Done in {time.perf_counter() - begin:.1f} s. Nothing is left behind.")


if __name__ == "__main__":
    main()
