"""Pulls and pushes that are cut off, by kill -9 and by connections that break: an image is whole or absent, a repeat
succeeds, nothing leaks. ``BARQUE_FAULTS`` is the number of faults (6 by default)."""

from __future__ import annotations

import contextlib
import io
import os
import random
import socket
import struct
import tarfile
import threading
import time

import pytest
from conftest import EngineUnderTest

FAULTS = int(os.environ.get("BARQUE_FAULTS", "6"))
SEED = int(os.environ.get("BARQUE_SEED", str(random.randrange(1 << 30))))
LAYERS = 4
SIZE = 2 << 20


class Breaking:
    """A way to the registry on which every connection breaks after some bytes (``budget``; None: never)."""

    def __init__(self, target: str) -> None:
        host, port = target.split(":")
        self.target = (host, int(port))
        self.budget: int | None = None
        self.broken = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            with contextlib.suppress(OSError):
                server = socket.create_connection(self.target)
                budget = [self.budget] if self.budget is not None else None
                for pair in ((client, server), (server, client)):
                    threading.Thread(target=self._carry, args=(*pair, budget), daemon=True).start()

    def _carry(self, source: socket.socket, sink: socket.socket, budget: list[int] | None) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(16384):
                sink.sendall(data)
                if budget is not None:
                    budget[0] -= len(data)
                    if budget[0] < 0:
                        self.broken += 1
                        for end in (source, sink):
                            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                            end.close()
                        return
            sink.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        self.listener.close()


def random_tar(seed: int) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        entry = tarfile.TarInfo(f"file-{seed}")
        entry.size = SIZE
        tar.addfile(entry, io.BytesIO(random.Random(seed).randbytes(SIZE)))
    return out.getvalue()


def layered(engine: EngineUnderTest, name: str) -> None:
    """An image of some layers with random bytes, upon busybox."""
    engine.ok("tag", "busybox", name)
    for number in range(LAYERS):
        box = engine.ok("create", name, "true")
        engine.ok("cp", "-", f"{box}:/", input=random_tar(number))
        engine.ok("commit", box, name)
        engine.ok("rm", box)


def in_background(engine: EngineUnderTest, *argv: str) -> threading.Thread:
    thread = threading.Thread(target=lambda: engine.barque(*argv, timeout=120))
    thread.start()
    return thread


def blobs(engine: EngineUnderTest) -> set[str]:
    return {path.name for path in (engine.dir / "data" / "content" / "blobs").rglob("*") if path.is_file()}


def whole(engine: EngineUnderTest, context: str) -> None:
    done = engine.barque("system", "verify")
    assert done.returncode == 0, f"{context}: {done.stdout.decode()}{done.stderr.decode()}{engine.tail()}"


@pytest.mark.timeout(120 + 30 * FAULTS)
def test_faults_at_random_moments(own_engine: EngineUnderTest, registry: str) -> None:
    engine, dice = own_engine, random.Random(SEED)
    before = blobs(engine)
    way = Breaking(registry)
    name = f"{way.address}/faulty/app:1"
    try:
        layered(engine, name)
        engine.ok("push", name)
        for turn in range(FAULTS):
            context = f"seed {SEED}, turn {turn}"
            pushing = dice.random() < 0.3
            target = f"{way.address}/faulty/copy{turn}:1" if pushing else name
            if pushing:
                if engine.docker("image", "inspect", name).returncode:
                    engine.ok("pull", name)
                engine.ok("tag", name, target)
            else:
                engine.docker("rmi", "-f", name)
            if dice.random() < 0.4:
                way.budget = dice.randrange(SIZE // 4, LAYERS * SIZE)
                engine.barque("push" if pushing else "pull", target, timeout=120)
                way.budget = None
            else:
                work = in_background(engine, "push" if pushing else "pull", target)
                time.sleep(dice.random() * 0.4)  # the moment of the fault, at random
                engine.kill()
                work.join()
                engine.launch()
            whole(engine, context)
            if pushing:
                engine.ok("push", target)
                engine.ok("rmi", target)
            listed = engine.ok("images", "-q", "--no-trunc", name)
            if listed:
                assert engine.ok("run", "--rm", name, "ls", f"/file-{LAYERS - 1}"), context
        engine.ok("pull", name)
        whole(engine, f"seed {SEED}, at the end")
        engine.ok("rmi", name)
        engine.ok("image", "prune", "-af", "--filter", "label!=none", "--filter", "until=1s")
        engine.kill()
        engine.launch()
        left = list((engine.dir / "data" / "content" / "ingest").iterdir())
        assert not left, f"seed {SEED}: {left}"
        assert blobs(engine) <= before, f"seed {SEED}"
    finally:
        way.close()
