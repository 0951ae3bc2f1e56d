"""References as Docker reads and shows them."""

from __future__ import annotations

import pytest

from barque.errors import InvalidArgument
from barque.model import digest
from barque.model.descriptor import Descriptor
from barque.model.platform import Platform
from barque.model.reference import Reference

HEX = "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("text", "full", "familiar"),
    [
        ("busybox", "docker.io/library/busybox", "busybox"),
        ("busybox:1", "docker.io/library/busybox:1", "busybox:1"),
        ("docker.io/busybox", "docker.io/library/busybox", "busybox"),
        ("index.docker.io/library/busybox", "docker.io/library/busybox", "busybox"),
        ("me/app", "docker.io/me/app", "me/app"),
        ("library/a/b", "docker.io/library/a/b", "library/a/b"),
        ("localhost/app", "localhost/app", "localhost/app"),
        ("localhost:5000/a/b:t", "localhost:5000/a/b:t", "localhost:5000/a/b:t"),
        ("[::1]:5000/x", "[::1]:5000/x", "[::1]:5000/x"),
        ("Upper/x", "Upper/x", "Upper/x"),
        (f"a:b@sha256:{HEX}", f"docker.io/library/a:b@sha256:{HEX}", f"a:b@sha256:{HEX}"),
        ("a__b.c-d", "docker.io/library/a__b.c-d", "a__b.c-d"),
    ],
)
def test_references_are_normalised_and_shown_short(text: str, full: str, familiar: str) -> None:
    reference = Reference.parse(text)
    assert str(reference) == full
    assert reference.familiar == familiar
    assert Reference.parse(familiar) == reference


@pytest.mark.parametrize(
    "text", ["", "a:", "-a", "a//b", "a/", "a b", "a:b:c", "a@sha256:12", "a:.b", "a___b", "http://a/b"]
)
def test_malformed_references_are_refused(text: str) -> None:
    with pytest.raises(InvalidArgument, match=r"^invalid reference format$"):
        Reference.parse(text)


def test_upper_case_names_have_their_own_message() -> None:
    with pytest.raises(InvalidArgument, match=r"repository name \(library/Foo\) must be lowercase"):
        Reference.parse("Foo:x")


def test_an_id_is_no_name() -> None:
    with pytest.raises(InvalidArgument, match="cannot specify 64-byte hexadecimal strings"):
        Reference.parse(HEX)


def test_latest_is_only_added_where_nothing_is_said() -> None:
    assert Reference.parse("a").with_default_tag().tag == "latest"
    assert Reference.parse("a:b").with_default_tag().tag == "b"
    assert Reference.parse(f"a@sha256:{HEX}").with_default_tag().tag == ""


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("sha256:12", "invalid checksum digest format"),
        (f"sha257:{HEX}", "unsupported digest algorithm"),
        (f"sha256:{HEX}00", "invalid checksum digest length"),
        (f"sha256:{HEX.upper()}", "invalid checksum digest format"),
    ],
)
def test_digests_are_checked(text: str, reason: str) -> None:
    with pytest.raises(InvalidArgument, match=reason):
        digest.check(text)
    assert not digest.is_digest(text)


def test_chain_ids_follow_the_image_specification() -> None:
    a, b = "sha256:" + "a" * 64, "sha256:" + "b" * 64
    assert digest.chain_ids([]) == []
    assert digest.chain_ids([a, b]) == [a, digest.sha256(f"{a} {b}".encode())]


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        ("linux/x86_64", "linux/amd64"),
        ("linux/arm64/v8", "linux/arm64"),
        ("linux/arm", "linux/arm/v7"),
        ("linux/armhf", "linux/arm/v7"),
        ("linux/armel", "linux/arm/v6"),
        ("arm64", "linux/arm64"),
    ],
)
def test_platforms_have_one_spelling(text: str, spelled: str) -> None:
    assert str(Platform.parse(text)) == spelled


def test_a_platform_prefers_its_own_then_what_it_can_run() -> None:
    v7 = Platform.parse("linux/arm/v7")
    assert v7.rank(Platform.parse("linux/arm/v7")) == 0
    assert v7.rank(Platform.parse("linux/arm/v6")) == 1
    assert v7.rank(Platform.parse("linux/arm64")) is None
    assert Platform.parse("linux/arm64").rank(Platform.parse("linux/arm/v7")) == 2
    assert Platform.parse("linux/amd64").rank(Platform.parse("windows/amd64")) is None


@pytest.mark.parametrize("text", ["linux/amd64/v1/x", "", "linux/ amd64", "nonsense"])
def test_bad_platforms_are_refused(text: str) -> None:
    with pytest.raises(InvalidArgument):
        Platform.parse(text)


@pytest.mark.parametrize("value", [None, {}, {"digest": "x", "size": 1}, {"digest": f"sha256:{HEX}", "size": -1}])
def test_bad_descriptors_are_refused(value: object) -> None:
    with pytest.raises(InvalidArgument):
        Descriptor.from_json(value)


def test_descriptors_survive_json() -> None:
    value = {"mediaType": "t", "digest": f"sha256:{HEX}", "size": 3, "annotations": {"a": "b"}}
    assert Descriptor.from_json(value).to_json() == value
