"""Real images: by skopeo, by docker save, through Debian's docker-registry, and a whole Debian root."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from conftest import EngineUnderTest, busybox_tar


def skopeo(*argv: str) -> str:
    if shutil.which("skopeo") is None:
        pytest.skip("skopeo could not be had")
    done = subprocess.run(["skopeo", "--insecure-policy", *argv], capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


def test_push_pull_by_tag_and_by_digest(client: Any, engine: EngineUnderTest, registry: str) -> None:
    name = f"{registry}/team/app:1"
    assert client("tag", "busybox", name).returncode == 0
    pushed = client("push", name)
    assert pushed.returncode == 0, pushed.stderr
    digest = pushed.stdout.decode().split("digest: ")[1].split()[0]
    assert json.loads(skopeo("inspect", "--tls-verify=false", f"docker://{name}"))["Digest"] == digest
    assert client("rmi", name).returncode == 0
    pulled = client("pull", name)
    assert pulled.returncode == 0, pulled.stderr
    assert f"Digest: {digest}" in pulled.stdout.decode()
    assert (
        "Already exists" in pulled.stdout.decode()
        or "Image is up to date" in pulled.stdout.decode()
        or ("Downloaded newer image" in pulled.stdout.decode())
    )
    assert client("rmi", name).returncode == 0
    by_digest = f"{registry}/team/app@{digest}"
    assert client("pull", by_digest).returncode == 0
    assert client("run", "--rm", by_digest, "echo", "hi").stdout == b"hi\n"
    assert digest in client("images", "--digests", "--format", "{{.Digest}}").stdout.decode()
    assert client("rmi", by_digest).returncode == 0


def test_all_tags_share_layers(engine: EngineUnderTest, registry: str) -> None:
    tar = busybox_tar()
    for tag in range(5):
        engine.ok("import", "-c", f"ENV NUMBER={tag}", "-", f"{registry}/many:{tag}", input=tar)
    engine.ok("push", "-a", f"{registry}/many")
    for tag in range(5):
        engine.ok("rmi", f"{registry}/many:{tag}")
    text = engine.ok("pull", "-a", f"{registry}/many")
    assert len(set(engine.ok("images", "-q", f"{registry}/many").split())) == 5
    assert "Already exists" in text
    for tag in range(5):
        engine.ok("rmi", f"{registry}/many:{tag}")


@pytest.mark.parametrize("kind", ["oci-archive", "docker-archive"])
def test_archives_by_skopeo(engine: EngineUnderTest, tmp_path: Path, kind: str) -> None:
    saved, converted = tmp_path / "saved.tar", tmp_path / "converted.tar"
    engine.ok("tag", "busybox", "converted:1")
    engine.ok("save", "-o", str(saved), "converted:1")
    engine.ok("rmi", "converted:1")
    target = (
        f"{kind}:{converted}:converted:1"
        if kind == "docker-archive"
        else f"{kind}:{converted}:docker.io/library/converted:1"
    )
    skopeo("copy", f"docker-archive:{saved}", target)
    assert "Loaded image" in engine.ok("load", "-i", str(converted))
    assert engine.ok("run", "--rm", "converted:1", "echo", "hi") == "hi"
    engine.ok("rmi", "converted:1")


def test_unknown_in_registry(client: Any, registry: str) -> None:
    done = client("pull", f"{registry}/nothing:1")
    assert done.returncode == 1
    assert b"not found" in done.stderr or b"manifest unknown" in done.stderr


def test_save_and_load_give_the_same_image(client: Any, tmp_path: Path) -> None:
    identity = client("images", "-q", "--no-trunc", "busybox").stdout
    saved = tmp_path / "saved.tar"
    assert client("save", "-o", str(saved), "busybox").returncode == 0
    loaded = client("load", "-i", str(saved))
    assert b"Loaded image: busybox:latest" in loaded.stdout
    assert client("images", "-q", "--no-trunc", "busybox").stdout == identity


def test_history_and_inspect(client: Any) -> None:
    rows = client("history", "--no-trunc", "--format", "{{.Size}}", "busybox").stdout.split()
    assert len(rows) == 1
    layers = json.loads(client("inspect", "-f", "{{json .RootFS.Layers}}", "busybox").stdout)
    assert len(layers) == 1
    assert layers[0].startswith("sha256:")


def test_commit_makes_an_image_with_one_more_layer(client: Any) -> None:
    assert client("run", "--name", "author", "busybox", "sh", "-c", "echo new > /file").returncode == 0
    done = client("commit", "-m", "said", "-c", 'CMD ["cat", "/file"]', "author", "committed:1")
    assert done.returncode == 0, done.stderr
    assert client("run", "--rm", "committed:1").stdout == b"new\n"
    assert len(json.loads(client("inspect", "-f", "{{json .RootFS.Layers}}", "committed:1").stdout)) == 2
    assert client("rmi", "committed:1").returncode == 0


def test_cp_diff_and_export(client: Any, tmp_path: Path) -> None:
    assert client("run", "-d", "--name", "box", "busybox", "sleep", "1000").returncode == 0
    (tmp_path / "in").write_text("content")
    assert client("cp", str(tmp_path / "in"), "box:/root/in").returncode == 0
    assert client("exec", "box", "cat", "/root/in").stdout == b"content"
    assert client("cp", "box:/root/in", str(tmp_path / "back")).returncode == 0
    assert (tmp_path / "back").read_text() == "content"
    assert "A /root/in" in client("diff", "box").stdout.decode().splitlines()
    exported = client("export", "box")
    (tmp_path / "root.tar").write_bytes(exported.stdout)
    listing = subprocess.run(["tar", "-tf", tmp_path / "root.tar"], capture_output=True, check=True).stdout.decode()
    assert "root/in" in listing.splitlines()
    missing = client("cp", "box:/nothing", "-")
    assert missing.returncode == 1
    assert b"Could not find the file /nothing in container box" in missing.stderr


def test_a_debian_root_runs(engine: EngineUnderTest, tmp_path: Path) -> None:
    if shutil.which("mmdebstrap") is None:
        pytest.skip("mmdebstrap could not be had")
    root = tmp_path / "debian.tar"
    made = subprocess.run(
        ["mmdebstrap", "--quiet", "--variant=minbase", "bookworm", root], capture_output=True, timeout=110
    )
    if made.returncode:
        pytest.skip(f"no Debian mirror could be reached: {made.stderr.decode()[-200:]}")
    engine.ok("import", str(root), "debian:test", timeout=60)
    assert engine.ok("run", "--rm", "debian:test", "apt-get", "--version").startswith("apt ")
    assert engine.ok("run", "--rm", "debian:test", "perl", "-e", "print 6*7") == "42"
    assert "perl-base" in engine.ok("run", "--rm", "debian:test", "dpkg", "-l")
    engine.ok("rmi", "debian:test")
