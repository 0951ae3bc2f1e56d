"""Importing, naming, listing, inspecting, removing and pruning."""

from __future__ import annotations

import pytest
from image_engine import Engine, make_tar

from barque.errors import Conflict, InvalidArgument, NotFound
from barque.images import ContainerUse


def test_import_gives_an_image_with_dockers_fields(engine: Engine) -> None:
    image = engine.import_({"etc/x": b"12345"}, "app:1", 'CMD ["/x"]', "LABEL k=v")
    record = engine(engine.service.inspect("app:1", "", False))
    assert record["Id"] == image
    assert (record["RepoTags"], record["RepoDigests"], record["Parent"]) == (["app:1"], [], "")
    assert record["Config"] == {"Cmd": ["/x"], "Labels": {"k": "v"}}
    assert record["Comment"] == "Imported from -"
    assert record["Size"] == 5
    assert record["RootFS"]["Type"] == "layers"
    assert len(record["RootFS"]["Layers"]) == 1
    assert record["Metadata"]["LastTagTime"].endswith("Z")
    rows = engine(engine.service.history("app:1", ""))
    assert [(row["Id"], row["Size"], row["Tags"], row["Comment"]) for row in rows] == [
        (image, 5, ["app:1"], "Imported from -")
    ]
    assert [event[1] for event in engine.events] == ["import"]


def test_images_are_found_by_name_id_and_prefix(engine: Engine) -> None:
    image = engine.import_({"a": b"1"}, "app")
    digits = image.removeprefix("sha256:")
    for name in ("app", "app:latest", "docker.io/library/app", image, digits, digits[:12], "sha256:" + digits[:6]):
        assert engine.store.resolve(name).id == image
    for name, shown in (("nosuch", "nosuch:latest"), ("app:2", "app:2"), ("f" * 64, "f" * 64)):
        with pytest.raises(NotFound, match=f"^No such image: {shown}$"):
            engine.store.resolve(name)
    with pytest.raises(InvalidArgument, match="invalid reference format"):
        engine.store.resolve("a b")


def test_another_platform_is_not_found(engine: Engine) -> None:
    engine.import_({"a": b"1"}, "app")
    with pytest.raises(NotFound, match=r"does not match the specified platform \(linux/s390x\)"):
        engine.store.resolve("app", "linux/s390x")


def test_broken_tars_leave_nothing(engine: Engine) -> None:
    before = engine.stored()
    for data in (b"no tar at all" * 100, make_tar({"a": b"x" * 5000})[:3000], b"\x1f\x8b\x08broken"):

        async def source(data: bytes = data):  # type: ignore[no-untyped-def]
            yield data

        with pytest.raises(Exception, match=r".+"):
            engine.lines(engine.service.import_(source(), "bad", "", "", [], ""))
    assert engine.stored() == before
    assert engine.store.images() == []


def test_a_moved_tag_leaves_the_old_image_dangling(engine: Engine) -> None:
    old = engine.import_({"a": b"1"}, "app")
    new = engine.import_({"a": b"2"}, "app")
    rows = {row["Id"]: row["RepoTags"] for row in engine(engine.service.list(False, {}, False, False, False))}
    assert rows == {old: [], new: ["app:latest"]}
    dangling = engine(engine.service.list(False, {"dangling": ["true"]}, False, False, False))
    assert [row["Id"] for row in dangling] == [old]


def test_list_filters(engine: Engine) -> None:
    first = engine.import_({"a": b"1"}, "me/app:1", "LABEL stage=dev")
    second = engine.import_({"a": b"2"}, "app:2")

    def ids(**filters: list[str]) -> list[str]:
        return [row["Id"] for row in engine(engine.service.list(False, filters, False, False, False))]

    assert ids() == [second, first]
    assert ids(label=["stage"]) == ids(label=["stage=dev"]) == ids(reference=["me/*"]) == [first]
    assert ids(label=["stage=x"]) == ids(reference=["*/x"]) == ids(until=["24h"]) == []
    assert ids(reference=["app"]) == ids(reference=["*:2"]) == ids(since=["me/app:1"]) == [second]
    assert ids(before=["app:2"]) == [first]
    for filters in ({"nonsense": ["1"]}, {"dangling": ["maybe"]}, {"until": ["x"]}):
        with pytest.raises(InvalidArgument):
            ids(**filters)
    with pytest.raises(NotFound):
        ids(before=["gone"])


def test_tags(engine: Engine) -> None:
    image = engine.import_({"a": b"1"}, "app")
    engine(engine.service.tag("app", "host:5000/x", "y"))
    assert engine.store.resolve("host:5000/x:y").references == ("app:latest", "host:5000/x:y")
    assert engine.events[-1][1:3] == ("tag", image)
    for repository, tag in (("Up", ""), ("x", "b@d"), ("x@sha256:" + "a" * 64, ""), ("sha256", "x")):
        with pytest.raises(InvalidArgument):
            engine(engine.service.tag("app", repository, tag))


def test_remove_untags_then_deletes(engine: Engine) -> None:
    image = engine.import_({"a": b"1"}, "app:1")
    engine(engine.service.tag("app:1", "app", "2"))
    assert engine(engine.service.remove("app:1", False, False, [])) == [{"Untagged": "app:1"}]
    chain = engine.store.resolve(image).chain_id
    rows = engine(engine.service.remove("app:2", False, False, []))
    assert rows == [{"Untagged": "app:2"}, {"Deleted": image}, {"Deleted": chain}]
    assert engine.stored() == (set(), set())
    with pytest.raises(NotFound, match="No such image: app:2"):
        engine(engine.service.remove("app:2", False, False, []))


def test_remove_by_id_of_an_image_in_several_repositories(engine: Engine) -> None:
    image = engine.import_({"a": b"1"}, "app:1")
    engine(engine.service.tag("app:1", "other", "2"))
    short = image.removeprefix("sha256:")[:12]
    reason = rf"conflict: unable to delete {short} \(must be forced\) - image is referenced in multiple repositories"
    with pytest.raises(Conflict, match=reason):
        engine(engine.service.remove(short, False, False, []))
    rows = engine(engine.service.remove(short, True, False, []))
    assert rows[:3] == [{"Untagged": "app:1"}, {"Untagged": "other:2"}, {"Deleted": image}]


def test_containers_keep_their_images(engine: Engine) -> None:
    image = engine.import_({"a": b"1"}, "app:1")
    short = image.removeprefix("sha256:")[:12]
    engine.uses = [ContainerUse("c" * 64, image, "app:1", False)]
    reason = (
        rf'conflict: unable to remove repository reference "app:1" \(must force\) - '
        rf"container {'c' * 12} is using its referenced image {short}"
    )
    with pytest.raises(Conflict, match=reason):
        engine(engine.service.remove("app:1", False, False, []))
    with pytest.raises(Conflict, match=r"\(must be forced\) - image is being used by stopped container c{12}"):
        engine(engine.service.remove(short, False, False, []))
    assert engine(engine.service.prune({"dangling": ["false"]}))["ImagesDeleted"] is None
    engine.uses = [ContainerUse("c" * 64, image, "app:1", True)]
    with pytest.raises(Conflict, match=r"\(cannot be forced\) - image is being used by running container c{12}"):
        engine(engine.service.remove(short, True, False, []))
    assert engine(engine.service.list(False, {}, False, False, False))[0]["Containers"] == 1
    assert engine(engine.service.remove("app:1", True, False, [])) == [{"Untagged": "app:1"}]
    assert engine.store.get(image) is not None


def test_prune_takes_dangling_images_only_unless_told(engine: Engine) -> None:
    old = engine.import_({"a": b"1" * 10}, "app")
    new = engine.import_({"a": b"2" * 20}, "app")
    report = engine(engine.service.prune({}))
    assert {"Deleted": old} in report["ImagesDeleted"]
    assert report["SpaceReclaimed"] == 10
    assert engine(engine.service.prune({"until": ["1h"], "dangling": ["0"]}))["ImagesDeleted"] is None
    report = engine(engine.service.prune({"dangling": ["false"]}))
    assert {"Deleted": new} in report["ImagesDeleted"]
    assert engine.stored() == (set(), set())


def test_images_survive_a_restart(engine: Engine, make_engine) -> None:  # type: ignore[no-untyped-def]
    image = engine.import_({"a": b"1"}, "app")
    again = make_engine("engine")
    found = again.store.resolve("app")
    assert (found.id, found.references, found.size) == (image, ("app:latest",), 1)
    assert again(again.service.verify()) == []
    with open(again.store.content.path(image), "ab") as file:
        file.write(b" ")
    assert again(again.service.verify()) == [f"blob {image} does not match its digest"]
