import pytest

from barque.api import older


@pytest.mark.parametrize(
    ("version", "size", "tags"),
    [((1, 42), 7, ["<none>:<none>"]), ((1, 43), 7, []), ((1, 44), None, []), ((1, 51), None, [])],
)
def test_image_lists(version: tuple[int, int], size: int | None, tags: list[str]) -> None:
    (found,) = older.image_summaries([{"Size": 7, "RepoTags": []}], version)
    assert (found.get("VirtualSize"), found["RepoTags"]) == (size, tags)
    used = older.disk_usage({"Images": [{"Size": 7, "RepoTags": []}], "Volumes": []}, version)
    assert used["Images"] == [found]


@pytest.mark.parametrize(
    ("version", "keys"),
    [
        ((1, 43), {"VirtualSize", "Container", "ContainerConfig"}),
        ((1, 44), {"Container", "ContainerConfig"}),
        ((1, 45), set()),
    ],
)
def test_inspected_images(version: tuple[int, int], keys: set[str]) -> None:
    found = older.image({"Size": 7, "Config": {"Cmd": ["a"]}}, version)
    assert found.keys() - {"Size", "Config"} == keys
