"""The images of `./dev bench images`: an OCI layout written here, pushed by skopeo into a registry of our own."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import random
import socket
import subprocess
import tarfile
import time
import urllib.request
from pathlib import Path
from typing import Any


def layer_tar(files: int, megabytes: int, seed: int) -> bytes:
    """A layer of ``files`` files in 200 directories; half of the bytes compress, as those of programs do."""
    chance = random.Random(seed)
    size = megabytes * (1 << 20) // files
    pool = chance.randbytes(1 << 20)
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for number in range(200):
            entry = tarfile.TarInfo(f"data/{seed}/{number}")
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(entry)
        for number in range(files):
            # one directory after the other, as a walk of a tree gives them
            entry = tarfile.TarInfo(f"data/{seed}/{number * 200 // files}/file-{number}")
            entry.size = size
            start = chance.randrange(len(pool) - size // 2)
            tar.addfile(entry, io.BytesIO(pool[start : start + size // 2] + b"text " * ((size - size // 2) // 5 + 1)))
    return out.getvalue()


def write_layout(place: Path, layers: list[bytes]) -> None:
    """An OCI image layout with one image tagged ``latest``."""
    blobs = place / "blobs" / "sha256"
    blobs.mkdir(parents=True)

    def blob(data: bytes, kind: str) -> dict[str, Any]:
        digest = hashlib.sha256(data).hexdigest()
        (blobs / digest).write_bytes(data)
        return {"mediaType": kind, "digest": f"sha256:{digest}", "size": len(data)}

    descriptors = [
        blob(gzip.compress(layer, 1, mtime=0), "application/vnd.oci.image.layer.v1.tar+gzip") for layer in layers
    ]
    config = {
        "architecture": "amd64",
        "os": "linux",
        "config": {"Cmd": ["true"]},
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(x).hexdigest() for x in layers]},
        "history": [{"created_by": f"layer {n}"} for n in range(len(layers))],
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": blob(json.dumps(config).encode(), "application/vnd.oci.image.config.v1+json"),
        "layers": descriptors,
    }
    entry = blob(json.dumps(manifest).encode(), "application/vnd.oci.image.manifest.v1+json")
    entry["annotations"] = {"org.opencontainers.image.ref.name": "latest"}
    (place / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [entry]}))
    (place / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')


class Registry:
    """Debian's docker-registry on a loopback port; a peer in another network namespace gets a second one there."""

    def __init__(self, place: Path) -> None:
        self.place = place
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.processes: list[subprocess.Popen[bytes]] = []

    def start(self, namespace_of: int | None = None) -> None:
        """Serve; with a pid also inside that process's network namespace, on the same storage."""
        config = {
            "version": "0.1",
            "storage": {"filesystem": {"rootdirectory": str(self.place / "registry")}},
            "http": {"addr": f"127.0.0.1:{self.port}"},
            "log": {"level": "error"},
        }
        path = self.place / "registry.yml"
        path.write_text(json.dumps(config))
        enter = ["nsenter", "-t", str(namespace_of), "-n", "--"] if namespace_of else []
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self.processes.append(subprocess.Popen([*enter, "docker-registry", "serve", str(path)], **quiet))  # type: ignore[call-overload]
        if namespace_of is None:
            deadline = time.monotonic() + 20
            while time.monotonic() < deadline:
                try:
                    urllib.request.urlopen(f"http://127.0.0.1:{self.port}/v2/", timeout=5).close()
                    return
                except OSError:
                    time.sleep(0.05)
            raise RuntimeError("docker-registry does not answer")

    def push(self, layout: Path, name: str) -> str:
        target = f"127.0.0.1:{self.port}/{name}"
        copy = ["skopeo", "--insecure-policy", "copy", "-q", "--dest-tls-verify=false"]
        subprocess.run([*copy, f"oci:{layout}:latest", f"docker://{target}:latest"], check=True)
        return target

    def stop(self) -> None:
        for process in self.processes:
            process.terminate()
            process.wait(20)
