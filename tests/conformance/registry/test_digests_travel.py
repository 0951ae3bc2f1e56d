"""The same digests at every hop: us, docker-registry, skopeo, and back."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from image_engine import Engine, chunks

Make = Callable[[str], Engine]
pytestmark = pytest.mark.skipif(not shutil.which("skopeo"), reason="skopeo is not installed")


def skopeo(*arguments: str) -> str:
    done = subprocess.run(["skopeo", "--insecure-policy", *arguments], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def remote(reference: str) -> dict[str, Any]:
    found = json.loads(skopeo("inspect", "--tls-verify=false", f"docker://{reference}"))
    assert isinstance(found, dict)
    return found


def push(engine: Engine, name: str, tag: str) -> str:
    return str(engine.lines(engine.service.push(name, tag, "", None))[-1]["aux"]["Digest"])


def pull(engine: Engine, name: str, tag: str) -> list[str]:
    return [line["status"] for line in engine.lines(engine.service.pull(name, tag, "", None))]


def load(engine: Engine, data: bytes) -> list[str]:
    return [line["stream"].strip() for line in engine.lines(engine.service.load(chunks(data, 1 << 16), True, []))]


def test_push_pull_save_load_and_skopeo_agree(registry: Any, make_engine: Make, tmp_path: Path) -> None:
    first, second, third = make_engine("first"), make_engine("second"), make_engine("third")
    image = first.import_({"bin/x": b"x" * 3_000_000, "etc/y": b"y"}, registry.name("app:1"), 'CMD ["/bin/x"]')
    digest = push(first, registry.name("app"), "1")
    assert remote(registry.name("app:1"))["Digest"] == digest
    pull(second, registry.name("app"), "1")
    found = second.store.resolve(registry.name("app:1"))
    assert (found.id, found.repo_digests) == (image, (f"{registry.name('app')}@{digest}",))
    second(second.service.tag(found.id, registry.name("copy"), "2"))
    assert push(second, registry.name("copy"), "2") == digest
    skopeo(
        "copy", "--src-tls-verify=false", f"docker://{registry.name('app:1')}", f"oci-archive:{tmp_path}/o.tar:a/b:c"
    )
    skopeo(
        "copy", "--src-tls-verify=false", f"docker://{registry.name('app:1')}", f"docker-archive:{tmp_path}/d.tar:a/b:d"
    )
    for archive, name in (("o.tar", "a/b:c"), ("d.tar", "a/b:d")):
        assert load(third, (tmp_path / archive).read_bytes()) == [f"Loaded image: {name}"]
    assert third.store.resolve("a/b:d").id == image


def test_our_archives_are_read_by_skopeo(registry: Any, make_engine: Make, tmp_path: Path) -> None:
    engine = make_engine("first")
    image = engine.import_({"etc/y": b"y" * 100_000}, "app:1")
    archive = tmp_path / "saved.tar"
    archive.write_bytes(engine.bytes(engine.service.save(["app:1"], [])))
    for kind, tag in (("docker-archive", "d"), ("oci-archive", "o")):
        target = registry.name(f"from:{tag}")
        skopeo("copy", "--dest-tls-verify=false", f"{kind}:{archive}", f"docker://{target}")
        assert remote(target)["Layers"]
        other = make_engine(kind)
        pull(other, registry.name("from"), tag)
        assert other.store.resolve(target).diff_ids == engine.store.resolve(image).diff_ids


def test_an_archive_gives_back_the_digests_it_was_pulled_with(registry: Any, make_engine: Make) -> None:
    first, second, third = make_engine("first"), make_engine("second"), make_engine("third")
    first.import_({"etc/y": b"y" * 100_000}, registry.name("app:1"))
    digest = push(first, registry.name("app"), "1")
    pull(second, registry.name("app"), "1")
    load(third, second.bytes(second.service.save([registry.name("app:1")], [])))
    third(third.service.tag(registry.name("app:1"), registry.name("again"), "1"))
    assert push(third, registry.name("again"), "1") == digest


def test_every_tag_with_shared_layers(registry: Any, make_engine: Make) -> None:
    first, second = make_engine("first"), make_engine("second")
    for tag in ("1", "2", "3", "4", "5"):
        first.import_({"etc/y": b"y" * 100_000}, registry.name(f"app:{tag}"), f"LABEL tag={tag}")
    first.lines(first.service.push(registry.name("app"), "", "", None))
    lines = pull(second, registry.name("app"), "")
    assert lines.count("Pulling fs layer") == 1
    assert lines.count("Already exists") == 4
    assert len(second.store.images()) == 5
    assert second(second.service.verify()) == []


def test_distribution_inspect(registry: Any, make_engine: Make) -> None:
    engine = make_engine("first")
    engine.import_({"a": b"1"}, registry.name("app:1"))
    digest = push(engine, registry.name("app"), "1")
    found = engine(engine.service.distribution(registry.name("app:1"), None))
    assert found["Descriptor"]["digest"] == digest
    assert found["Platforms"] == [{"architecture": "amd64", "os": "linux"}]


def test_removal_frees_exactly_what_nothing_else_uses(registry: Any, make_engine: Make) -> None:
    engine, puller = make_engine("first"), make_engine("second")
    for tag in ("1", "2"):
        engine.import_({"etc/y": b"y" * 100_000}, registry.name(f"app:{tag}"), f"LABEL tag={tag}")
        push(engine, registry.name("app"), tag)
        pull(puller, registry.name("app"), tag)
    before = puller.stored()
    puller(puller.service.remove(registry.name("app:1"), False, False, []))
    between = puller.stored()
    assert between[1] == before[1]
    assert len(before[0] - between[0]) == 2
    puller(puller.service.remove(registry.name("app:2"), False, False, []))
    assert puller.stored() == (set(), set())
