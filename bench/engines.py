"""Engines under measurement: each with its own roots, socket and network, started and stopped here."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

from http_api import Api  # type: ignore[import-not-found]

BIN = Path(sys.executable).parent


def storage() -> str:
    """A directory for data roots that an overlay can be stacked on (overlay itself cannot be an upper layer)."""
    for place in ("/var/tmp", "/var/lib", "/tmp"):
        done = subprocess.run(["stat", "-f", "-c", "%T", place], capture_output=True, text=True)
        if done.returncode == 0 and done.stdout.strip() not in ("overlayfs", "overlay"):
            return place
    return "/var/tmp"


def busybox_tar(busybox: str = "/bin/busybox") -> bytes:
    """A root file system of the static busybox and its applets."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name in ("bin", "dev", "etc", "proc", "root", "sys", "tmp", "usr"):
            entry = tarfile.TarInfo(name)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o1777 if name == "tmp" else 0o755
            tar.addfile(entry)
        tar.add(busybox, "bin/busybox", filter=lambda e: (setattr(e, "mode", 0o755), e)[1])
        for applet in subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True).stdout.split():
            if applet != "busybox":
                entry = tarfile.TarInfo(f"bin/{applet}")
                entry.type, entry.linkname = tarfile.SYMTYPE, "busybox"
                tar.addfile(entry)
        for path, text in (
            ("etc/passwd", "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n"),
            ("etc/group", "root:x:0:\nnobody:x:65534:\n"),
        ):
            entry = tarfile.TarInfo(path)
            entry.size = len(text)
            tar.addfile(entry, io.BytesIO(text.encode()))
    return out.getvalue()


class Engine:
    """A daemon reachable at ``socket``; ``name`` heads its column."""

    name = ""
    networks = ("bridge", "none", "host")

    def __init__(self) -> None:
        self.dir = Path(tempfile.mkdtemp(prefix=f"bench-{self.name}-", dir=storage()))
        self.socket = str(self.dir / "api.sock")
        self.process: subprocess.Popen[bytes] | None = None
        self.log = open(self.dir / "daemon.log", "wb")  # noqa: SIM115

    def command(self) -> list[str]:
        raise NotImplementedError

    def start(self) -> None:
        """Start the daemon and make the image ``bench:1``. Raises RuntimeError with its log."""
        self.launch()
        self.api()("POST", "/images/create?fromSrc=-&repo=bench&tag=1", busybox_tar())

    def launch(self) -> None:
        """Start the daemon and wait until it answers."""
        self.process = subprocess.Popen(self.command(), stdout=self.log, stderr=self.log, start_new_session=True)
        deadline = time.monotonic() + 60
        while True:
            try:
                self.api()("GET", "/_ping")
                break
            except (OSError, RuntimeError):
                if time.monotonic() > deadline or self.process.poll() is not None:
                    raise RuntimeError(f"{self.name} did not start:\n{(self.dir / 'daemon.log').read_text()[-3000:]}")
                time.sleep(0.02)

    def api(self) -> Api:
        return Api(self.socket)

    def stop(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.after_stop()
        for line in sorted(Path("/proc/self/mounts").read_text().splitlines(), reverse=True):
            target = line.split()[1]
            if target.startswith(str(self.dir)):
                subprocess.run(["umount", "-l", target], check=False)
        shutil.rmtree(self.dir, ignore_errors=True)

    def after_stop(self) -> None:
        pass

    def daemon_pid(self) -> int:
        """The process that listens on the socket, by the kernel's own peer credentials."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(self.socket)
            size = struct.calcsize("3i")
            pid: int = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))[0]
            return pid

    def pids(self) -> list[int]:
        """Every process of the engine: those that name its directory on the command line, and their kin."""
        found = []
        for entry in os.listdir("/proc"):
            if not entry.isdigit():
                continue
            try:
                line = Path(f"/proc/{entry}/cmdline").read_bytes()
            except OSError:
                continue
            if str(self.dir).encode() in line:
                found.append(int(entry))
        return found


class Barque(Engine):
    name = "barque"

    def command(self) -> list[str]:
        d = self.dir
        return [
            str(BIN / "barqued"), "-H", f"unix://{self.socket}", "--data-root", f"{d}/data", "--exec-root", f"{d}/exec",
            "-p", f"{d}/pid", "--bridge", "bqbench0", "--bip", "10.221.0.1/16",
        ]  # fmt: skip


class Dockerd(Engine):
    """Debian's docker.io in a network namespace of its own: two dockerds in one delete each other's bridge."""

    name = "dockerd"

    def command(self) -> list[str]:
        d = self.dir
        inner = (
            f"ip link set lo up; exec dockerd -H unix://{self.socket} --data-root {d}/data --exec-root {d}/exec"
            f" -p {d}/pid --bip 10.222.0.1/16"
        )
        return ["unshare", "-n", "sh", "-c", inner]

    def stop(self) -> None:
        try:
            pid = int((self.dir / "pid").read_text())
            os.kill(pid, signal.SIGTERM)
        except (OSError, ValueError):
            pass
        super().stop()


class Running(Engine):
    """An engine that runs already and is left running; its processes are those that name the socket's directory."""

    def __init__(self, name: str, socket: str) -> None:
        self.name, self.socket, self.dir = name, socket, Path(socket).parent

    def launch(self) -> None:
        self.api()("GET", "/_ping")

    def stop(self) -> None:
        for reference in ("bench:1",):
            with contextlib.suppress(RuntimeError):
                self.api()("DELETE", f"/images/{reference}?force=1")


def installed() -> list[type[Engine]]:
    """Barque, and the peers whose programs are at hand."""
    return [Barque] + ([Dockerd] if shutil.which("dockerd") else [])
