"""The stock docker client, ours, and one dockerd in a network namespace of its own that both talk to."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

DOCKER = shutil.which("docker", path="/usr/local/bin:" + os.environ.get("PATH", os.defpath))
BARQUE = os.path.join(os.path.dirname(sys.executable), "barque")
DOCKERD = shutil.which("dockerd", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/bin")
BUSYBOX = "/bin/busybox"


class Clients:
    """Both clients against one host; outputs made comparable."""

    def __init__(self, host: str, folder: Path) -> None:
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "DOCKER_HOST": host, "TZ": "UTC"}

    def run(self, program: str, line: str, stdin: str = "") -> tuple[int, str, str]:
        done = subprocess.run(
            ["sh", "-c", f"exec {program} {line}"],
            env=self.environment,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
        )
        return done.returncode, comparable(done.stdout), comparable(done.stderr)

    def docker(self, line: str, stdin: str = "") -> tuple[int, str, str]:
        return self.run(str(DOCKER), line, stdin)

    def barque(self, line: str, stdin: str = "") -> tuple[int, str, str]:
        return self.run(BARQUE, line, stdin)


def comparable(text: str) -> str:
    """Without what differs from one run, or one program, to the next."""
    text = text.replace("barque", "docker")
    # the stock client's own log: a goroutine that complains of a pipe closed beneath it, or is too late to
    text = re.sub(r'^time="[^"]*" level=error msg=".*closed pipe"\n', "", text, flags=re.MULTILINE)
    # newer Go says which types
    text = re.sub(r"(incompatible types for comparison): .*", r"\1", text)
    text = re.sub(r"\b[0-9a-f]{64}\b", "<id>", text)
    text, times = re.subn(r"(Less than a|About a|\d+) (second|minute)s?", "<time>", text)
    # a column of times may have become wider in between
    return re.sub(" {2,}", "  ", text) if times else text


def _wait(process: subprocess.Popen[bytes], ready: Path, log: Path) -> None:
    end = time.monotonic() + 30
    while not ready.exists():
        if process.poll() is not None or time.monotonic() > end:
            pytest.skip("dockerd does not start here: " + log.read_text()[-300:])
        try:
            process.wait(0.05)
        except subprocess.TimeoutExpired:
            continue


def _root_archive(path: Path) -> None:
    with tarfile.open(path, "w") as tar:
        tar.add(BUSYBOX, "bin/busybox")
        for name in ("sh", "true", "false", "echo", "cat", "sleep", "touch", "pwd", "kill", "ps", "stty"):
            link = tarfile.TarInfo(f"bin/{name}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            tar.addfile(link)


@pytest.fixture(scope="session")
def clients() -> Iterator[Clients]:
    if os.geteuid() != 0 or not (DOCKER and DOCKERD and os.path.exists(BUSYBOX) and os.path.exists(BARQUE)):
        pytest.skip("needs root, the stock docker client, dockerd and a static busybox")
    folder = Path(tempfile.mkdtemp(prefix="barque-cli-"))
    socket, log = folder / "docker.sock", folder / "log"
    command = (
        f"ip link set lo up && exec {DOCKERD} --data-root {folder}/data --exec-root {folder}/exec -H unix://{socket} "
        f"-p {folder}/pid --bridge=none --iptables=false"
    )
    with log.open("wb") as out:
        process = subprocess.Popen(
            ["unshare", "-n", "-m", "sh", "-c", command], stdout=out, stderr=out, start_new_session=True
        )
    try:
        _wait(process, socket, log)
        both = Clients(f"unix://{socket}", folder)
        archive = folder / "root.tar"
        _root_archive(archive)
        assert both.docker(f"import {archive} bb")[0] == 0
        assert both.docker("run -d --name c1 --network none bb sh -c 'echo hi; echo err >&2; sleep 100000'")[0] == 0
        assert both.docker("run --name c2 --network none --label a.b=c bb false")[0] == 1
        yield both
        both.docker("rm -f c1 c2")
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        subprocess.run(["sh", "-c", f"umount -l {folder}/exec/netns/* {folder}/data/overlay2/*/merged 2>/dev/null"])
        shutil.rmtree(folder, ignore_errors=True)
