"""Pull and push against a registry that can be made to fail."""

from __future__ import annotations

import gzip
import json
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from image_engine import Engine, make_tar

from barque.errors import BarqueError, InvalidArgument, NotFound

sys.path.insert(0, str(Path(__file__).parents[1] / "registry"))
from fake_registry import MANIFEST_TYPE, FakeRegistry, Handler, fake_registry, sha256

INDEX_TYPE = "application/vnd.oci.image.index.v1+json"
CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar+gzip"


@pytest.fixture
def registry() -> Iterator[FakeRegistry]:
    with fake_registry() as running:
        yield running


def publish(registry: FakeRegistry, tag: str, *layers: bytes, architecture: str = "amd64", label: str = "") -> str:
    """Put an image of these layer tars there; the digest of its manifest."""
    blobs = [gzip.compress(layer, mtime=0) for layer in layers]
    config = json.dumps(
        {
            "architecture": architecture,
            "os": "linux",
            "config": {"Labels": {"l": label}},
            "rootfs": {"type": "layers", "diff_ids": [sha256(layer) for layer in layers]},
        }
    ).encode()
    value = {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "config": {"mediaType": CONFIG_TYPE, "digest": registry.add_blob(config), "size": len(config)},
        "layers": [{"mediaType": LAYER_TYPE, "digest": registry.add_blob(b), "size": len(b)} for b in blobs],
    }
    return sha256(registry.add_manifest(tag, value))


def pull(engine: Engine, registry: FakeRegistry, tag: str, platform: str = "") -> list[str]:
    lines = engine.lines(engine.service.pull(f"{registry.address}/app", tag, platform, None))
    return [line["status"] for line in lines]


LAYERS = [make_tar({f"f{n}": bytes([n]) * 200_000}) for n in range(3)]


def test_pull_tells_what_docker_tells(engine: Engine, registry: FakeRegistry) -> None:
    digest = publish(registry, "1", *LAYERS[:1])
    assert pull(engine, registry, "1") == [
        "Pulling from app",
        "Pulling fs layer",
        "Downloading",
        "Downloading",
        "Verifying Checksum",
        "Download complete",
        "Extracting",
        "Extracting",
        "Pull complete",
        f"Digest: {digest}",
        f"Status: Downloaded newer image for {registry.address}/app:1",
    ]
    asked = len(registry.seen)
    assert pull(engine, registry, "1") == [
        "Pulling from app",
        f"Digest: {digest}",
        f"Status: Image is up to date for {registry.address}/app:1",
    ]
    assert len(registry.seen) == asked + 1
    record = engine(engine.service.inspect(f"{registry.address}/app:1", "", False))
    assert record["RepoDigests"] == [f"{registry.address}/app@{digest}"]


def test_shared_layers_are_fetched_once(engine: Engine, registry: FakeRegistry) -> None:
    publish(registry, "1", LAYERS[0], LAYERS[1])
    publish(registry, "2", LAYERS[0], LAYERS[2])
    pull(engine, registry, "1")
    second = pull(engine, registry, "2")
    assert second.count("Already exists") == 1
    assert second.count("Pulling fs layer") == 1
    assert len(registry.asked("GET .*blobs")) == 2 + 3


def test_every_tag(engine: Engine, registry: FakeRegistry) -> None:
    for tag in ("1", "2", "3"):
        publish(registry, tag, LAYERS[0], label=tag)
    lines = pull(engine, registry, "")
    assert lines[-1] == f"Status: Downloaded newer image for {registry.address}/app"
    assert lines.count("Already exists") == 2
    assert sorted(r for i in engine.store.images() for r in i.references) == [
        f"{registry.address}/app:{tag}" for tag in ("1", "2", "3")
    ]


def test_by_digest_leaves_exactly_that_image_without_a_tag(engine: Engine, registry: FakeRegistry) -> None:
    digest = publish(registry, "1", LAYERS[0])
    publish(registry, "1", LAYERS[1])
    pull(engine, registry, digest)
    (image,) = engine.store.images()
    assert image.references == ()
    assert image.repo_digests == (f"{registry.address}/app@{digest}",)
    assert engine(engine.service.save([f"{registry.address}/app@{digest}"], []))


def test_an_index_gives_the_platform_and_keeps_its_digest(engine: Engine, registry: FakeRegistry) -> None:
    entries = []
    for name, variant in (("s390x", ""), ("amd64", ""), ("arm", "v7"), ("arm", "v6")):
        digest = publish(registry, f"{name}{variant}", LAYERS[0], architecture=name, label=variant)
        size = len(registry.manifests[digest])
        platform = {"os": "linux", "architecture": name} | ({"variant": variant} if variant else {})
        entries.append({"mediaType": MANIFEST_TYPE, "digest": digest, "size": size, "platform": platform})
    index = registry.add_manifest("all", {"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": entries})
    assert f"Digest: {sha256(index)}" in pull(engine, registry, "all", "linux/amd64")
    image = engine.store.resolve(f"{registry.address}/app:all")
    assert image.manifest_digest == entries[1]["digest"]
    assert image.repo_digests == (f"{registry.address}/app@{sha256(index)}",)
    pull(engine, registry, "all", "linux/arm/v7")
    assert engine.store.resolve(f"{registry.address}/app:all").container_config["Labels"] == {"l": "v7"}
    pull(engine, registry, "all", "linux/arm/v6")
    assert engine.store.resolve(f"{registry.address}/app:all").container_config["Labels"] == {"l": "v6"}
    with pytest.raises(NotFound, match="no matching manifest for linux/riscv64 in the manifest list entries"):
        pull(engine, registry, "all", "linux/riscv64")


def test_a_lying_blob_is_refused_and_leaves_no_image(engine: Engine, registry: FakeRegistry) -> None:
    publish(registry, "1", LAYERS[0])
    layer = sha256(gzip.compress(LAYERS[0], mtime=0))
    true = registry.blobs[layer]
    registry.blobs[layer] = true[:-1] + b"x"
    with pytest.raises(BarqueError):
        pull(engine, registry, "1")
    assert engine.store.images() == []
    registry.blobs[layer] = true
    assert pull(engine, registry, "1")[-1].startswith("Status: Downloaded newer image")


def test_a_wrong_diff_id_is_refused(engine: Engine, registry: FakeRegistry) -> None:
    digest = publish(registry, "1", LAYERS[0])
    manifest = json.loads(registry.manifests[digest])
    config = registry.blobs[manifest["config"]["digest"]].replace(sha256(LAYERS[0]).encode(), sha256(b"").encode())
    manifest["config"] |= {"digest": registry.add_blob(config), "size": len(config)}
    registry.add_manifest("1", manifest)
    with pytest.raises(BarqueError):
        pull(engine, registry, "1")
    engine(engine.service.collect())
    assert engine.stored() == (set(), set())


def test_a_pull_goes_on_where_the_last_one_stopped(engine: Engine, registry: FakeRegistry) -> None:
    big = make_tar({"f": bytes(range(256)) * 8192})
    publish(registry, "1", big)
    blob = gzip.compress(big, mtime=0)
    registry.blobs[sha256(blob)] = blob

    def half(handler: Handler) -> bool:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(blob)))
        handler.end_headers()
        handler.wfile.write(blob[: len(blob) // 2])
        handler.reset()
        return True

    def refuse(handler: Handler) -> bool:
        handler.answer(404, b"")
        return True

    pattern = f"GET .*{sha256(blob)}"
    registry.faults += [(pattern, half), (pattern, refuse)]
    with pytest.raises(BarqueError):
        pull(engine, registry, "1")
    assert engine.store.images() == []
    pull(engine, registry, "1")
    assert registry.asked(pattern)[-1]["Range"] == f"bytes={len(blob) // 2}-"


def test_two_pulls_at_once_fetch_a_layer_once(engine: Engine, registry: FakeRegistry) -> None:
    publish(registry, "1", LAYERS[0])
    publish(registry, "2", LAYERS[0], label="2")
    go = threading.Event()

    def slow(handler: Handler) -> bool:
        go.wait(20)
        return False

    layer = sha256(gzip.compress(LAYERS[0], mtime=0))
    registry.faults.append((f"GET .*{layer}", slow))

    async def both() -> list[list[str]]:
        streams = [await engine.service.pull(f"{registry.address}/app", tag, "", None) for tag in ("1", "2")]
        found: list[list[str]] = [[], []]
        for number, stream in enumerate(streams):
            async for line in stream:
                found[number].append(line["status"])
                if line["status"] == "Pulling fs layer" and number == 0:
                    go.set()
        return found

    first, second = engine(both())
    assert first[-1].startswith("Status: Downloaded")
    assert second[-1].startswith("Status: Downloaded")
    assert len(registry.asked(f"GET .*{layer}")) == 1


def test_a_client_that_goes_away_ends_the_pull(engine: Engine, registry: FakeRegistry) -> None:
    publish(registry, "1", LAYERS[0])
    layer = sha256(gzip.compress(LAYERS[0], mtime=0))
    gone, seen = threading.Event(), threading.Event()

    def slow(handler: Handler) -> bool:
        seen.set()
        gone.wait(20)
        return False

    registry.faults.append((f"GET .*{layer}", slow))

    async def leave() -> None:
        stream = await engine.service.pull(f"{registry.address}/app", "1", "", None)
        async for line in stream:
            if line["status"] == "Downloading":
                break
        await stream.aclose()  # type: ignore[attr-defined]
        gone.set()

    engine(leave())
    assert engine.store.images() == []
    assert pull(engine, registry, "1")[-1].startswith("Status: Downloaded")


@pytest.mark.parametrize(
    ("manifest", "reason"),
    [
        ({"schemaVersion": 1}, "schema 1 is not supported"),
        ({"schemaVersion": 2, "mediaType": MANIFEST_TYPE}, "no layers"),
        ({"schemaVersion": 2, "mediaType": MANIFEST_TYPE, "layers": [], "config": 7}, "invalid descriptor"),
        ({"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": 7}, "no manifests"),
        ({"mediaType": "application/x"}, "unsupported manifest media type"),
    ],
)
def test_strange_manifests(engine: Engine, registry: FakeRegistry, manifest: object, reason: str) -> None:
    registry.add_manifest("1", manifest)
    with pytest.raises(InvalidArgument, match=reason):
        pull(engine, registry, "1")


def test_push_gives_the_digest_it_was_pulled_with(engine: Engine, registry: FakeRegistry) -> None:
    digest = publish(registry, "1", *LAYERS)
    pull(engine, registry, "1")
    with fake_registry() as other:
        engine(engine.service.tag(f"{registry.address}/app:1", f"{other.address}/copy", "2"))
        lines = engine.lines(engine.service.push(f"{other.address}/copy", "2", "", None))
        assert sha256(other.manifests["2"]) == digest
        assert lines[0]["status"] == f"The push refers to repository [{other.address}/copy]"
        assert [line.get("status") for line in lines].count("Pushed") == 3
        size = len(other.manifests["2"])
        assert lines[-2]["status"] == f"2: digest: {digest} size: {size}"
        assert lines[-1]["aux"] == {"Tag": "2", "Digest": digest, "Size": size}
        assert push(engine, f"{other.address}/copy", "2").count("Layer already exists") == 3
        engine(engine.service.tag(f"{registry.address}/app:1", f"{other.address}/third", "1"))
        other.faults += [("HEAD .*third/blobs", missing)] * 6
        assert push(engine, f"{other.address}/third", "").count("Mounted from copy") == 3


def missing(handler: Handler) -> bool:
    """The fake has one store for all repositories; a real one does not."""
    handler.answer(404, b"")
    return True


def push(engine: Engine, name: str, tag: str) -> list[str]:
    return [line.get("status", "") for line in engine.lines(engine.service.push(name, tag, "", None))]


def test_push_of_what_is_not_there(engine: Engine, registry: FakeRegistry) -> None:
    reason = f"An image does not exist locally with the tag: {registry.address}/none"
    with pytest.raises(NotFound, match=reason):
        engine.lines(engine.service.push(f"{registry.address}/none", "1", "", None))


def test_search_without_a_search(engine: Engine, registry: FakeRegistry) -> None:
    with pytest.raises(BarqueError, match=f"registry {registry.address} does not support search"):
        engine(engine.service.search(f"{registry.address}/x", 0, {}, None))
