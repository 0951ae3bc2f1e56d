"""Save and load: both layouts, and archives that lie."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import tarfile
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from image_engine import Engine, chunks, make_tar

from barque.errors import BarqueError, InvalidArgument, NotFound


def load(engine: Engine, data: bytes, *platforms: str) -> list[str]:
    lines = engine.lines(engine.service.load(chunks(data), True, list(platforms)))
    return [line["stream"] for line in lines]


def save(engine: Engine, *names: str) -> bytes:
    return engine.bytes(engine.service.save(list(names), []))


def members(data: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return {m.name: tar.extractfile(m).read() for m in tar if m.isfile()}  # type: ignore[union-attr]


def digest(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def test_what_is_saved_loads_as_the_same_image(engine: Engine, make_engine: Callable[[str], Engine]) -> None:
    image = engine.import_({"etc/x": b"12345"}, "app:1", "CMD x")
    engine(engine.service.tag("app:1", "host:5000/y", "z"))
    data = save(engine, "app:1", "host:5000/y:z")
    other = make_engine("other")
    for archive in (data, gzip.compress(data)):
        assert load(other, archive) == ["Loaded image: app:1\n", "Loaded image: host:5000/y:z\n"]
    assert other.store.resolve("app:1").id == other.store.resolve("host:5000/y:z").id == image
    assert save(other, "app:1", "host:5000/y:z") == data
    assert [event[1] for event in other.events] == ["load", "load", "save"]
    found = members(data)
    assert {"index.json", "manifest.json", "oci-layout", "repositories"} < set(found)
    assert all(digest(body)[7:] == name.rpartition("/")[2] for name, body in found.items() if name.startswith("blobs/"))


def test_images_saved_by_id_have_no_names(engine: Engine, make_engine: Callable[[str], Engine]) -> None:
    image = engine.import_({"a": b"1"}, "app")
    other = make_engine("other")
    assert load(other, save(engine, image)) == [f"Loaded image ID: {image}\n"]
    with pytest.raises(NotFound, match="No such image: nosuch:latest"):
        save(engine, "nosuch")
    with pytest.raises(NotFound, match="requested platform"):
        load(other, save(engine, image), "linux/s390x")


def test_a_name_without_a_tag_saves_every_tag(engine: Engine, make_engine: Callable[[str], Engine]) -> None:
    engine.import_({"a": b"1"}, "app:1")
    engine.import_({"a": b"2"}, "app:2")
    other = make_engine("other")
    assert load(other, save(engine, "app")) == ["Loaded image: app:1\n", "Loaded image: app:2\n"]


def old_layout(link: bool = True) -> tuple[bytes, str]:
    """As ``docker save`` wrote until 24: a folder for each layer, equal layers as links."""
    layer = make_tar({"f": b"x"})
    diff = digest(layer)
    config = json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "rootfs": {"type": "layers", "diff_ids": [diff, diff if link else digest(b"")]},
        }
    )
    name = digest(config.encode())[7:]
    listing = [{"Config": f"{name}.json", "RepoTags": ["old:1"], "Layers": ["aa/layer.tar", "bb/layer.tar"]}]
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for path, data in {
            "aa/layer.tar": layer,
            f"{name}.json": config.encode(),
            "manifest.json": json.dumps(listing).encode(),
        }.items():
            member = tarfile.TarInfo(path)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
        member = tarfile.TarInfo("bb/layer.tar")
        member.type, member.linkname = tarfile.SYMTYPE, "../aa/layer.tar" if link else "../../../etc/passwd"
        tar.addfile(member)
    return buffer.getvalue(), "sha256:" + name


def test_the_old_layout_with_links(engine: Engine) -> None:
    data, image = old_layout()
    assert load(engine, data) == ["Loaded image: old:1\n"]
    assert engine.store.resolve("old:1").id == image
    assert len(engine.store.resolve("old:1").layers) == 2


def test_links_out_of_the_archive_lead_nowhere(engine: Engine) -> None:
    with pytest.raises(InvalidArgument, match="no such file or directory"):
        load(engine, old_layout(link=False)[0])
    assert engine.store.images() == []


def changed(data: bytes, name: str, change: Callable[[bytes], bytes]) -> bytes:
    return make_tar({n: change(body) if n.startswith(name) else body for n, body in members(data).items()})


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("blobs/sha256", lambda body: body + b"x" if b"ustar" in body else body),
        ("manifest.json", lambda body: b"{"),
        ("manifest.json", lambda body: b"{}"),
        ("manifest.json", lambda body: b'[{"Config": 7}]'),
        ("manifest.json", lambda body: b'[{"Config": "../../etc/passwd", "Layers": []}]'),
        ("manifest.json", lambda body: body.replace(b'"Layers":["', b'"Layers":["x","')),
        ("manifest.json", lambda body: body.replace(b"app:1", b"App:1")),
        ("manifest.json", lambda body: b"[" * 50_000),
    ],
)
def test_archives_that_lie_leave_nothing(engine: Engine, name: str, change: Callable[[bytes], bytes]) -> None:
    engine.import_({"etc/x": b"12345"}, "app:1")
    data = changed(save(engine, "app:1"), name, change)
    engine(engine.service.remove("app:1", False, False, []))
    with pytest.raises(BarqueError):
        load(engine, data)
    engine(engine.service.collect())
    assert engine.store.images() == []
    assert engine.stored() == (set(), set())


@pytest.mark.parametrize("keep", [0, 100, 512, 700, 1500])
def test_truncated_archives_are_refused(engine: Engine, keep: int) -> None:
    engine.import_({"etc/x": b"12345"}, "app:1")
    with pytest.raises(InvalidArgument, match=r"unexpected EOF|invalid"):
        load(engine, save(engine, "app:1")[:keep])
    assert len(engine.store.images()) == 1


def test_compressed_archives_that_break_off(engine: Engine) -> None:
    engine.import_({"etc/x": b"12345"}, "app:1")
    with pytest.raises(InvalidArgument):
        load(engine, gzip.compress(save(engine, "app:1"))[:-20])


KEYS = ["Config", "Layers", "RepoTags", "manifests", "digest", "size", "mediaType", "rootfs", "diff_ids", "config"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)


@settings(
    max_examples=int(os.environ.get("BARQUE_HOSTILE", "200")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(manifest=JSON, index=JSON, config=JSON)
def test_no_archive_of_any_json_gets_in(engine: Engine, manifest: object, index: object, config: object) -> None:
    files = {"manifest.json": manifest, "index.json": index, "c": config}
    data = make_tar({name: json.dumps(value).encode() for name, value in files.items()})
    with pytest.raises(BarqueError):
        load(engine, data)
    entry = [{"Config": "c", "Layers": [], "RepoTags": ["x:y"]}]
    data = make_tar({"manifest.json": json.dumps(entry).encode(), "c": json.dumps(config).encode()})
    try:
        load(engine, data)
    except BarqueError:
        return
    assert engine.store.resolve("x:y").layers == ()
