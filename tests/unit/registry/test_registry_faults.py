"""The registry client against lies, breaks, refusals and redirects."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator

import pytest
from fake_registry import FakeRegistry, Handler, fake_registry, sha256

from barque.errors import BarqueError, Internal, NotFound, Unauthorized, Unavailable
from barque.model.descriptor import Descriptor
from barque.model.reference import Reference
from barque.registry import Credentials, Registries, RegistryConfig, Repository
from barque.registry.challenge import parse_challenges
from barque.registry.failures import answer_error, pull_error
from barque.registry.upload import mount, put_manifest, upload

Fault = Callable[[Handler], bool]
DATA = bytes(range(256)) * 8192  # 2 MiB


class Client:
    """A client of one fake registry that notes how long it would have waited."""

    def __init__(self, registry: FakeRegistry) -> None:
        self.registry = registry
        self.waits: list[float] = []
        self.registries = Registries(RegistryConfig(attempts=4, timeout=10), self.waits.append)

    def repository(self, login: Credentials | None = None, push: bool = False, name: str = "app") -> Repository:
        reference = Reference.parse(f"{self.registry.address}/{name}")
        return self.registries.repository(reference, login, push=push)


@pytest.fixture
def client() -> Iterator[Client]:
    with fake_registry() as registry:
        made = Client(registry)
        yield made
        made.registries.close()


def blob(client: Client) -> Descriptor:
    return Descriptor("x", client.registry.add_blob(DATA), len(DATA))


def cut_after(count: int) -> Fault:
    def fault(handler: Handler) -> bool:
        start = int((handler.headers.get("Range") or "bytes=0-")[6:-1])
        handler.send_response(206 if start else 200)
        handler.send_header("Content-Range", f"bytes {start}-{len(DATA) - 1}/{len(DATA)}")
        handler.send_header("Content-Length", str(len(DATA) - start))
        handler.end_headers()
        handler.wfile.write(DATA[start : start + count])
        handler.reset()
        return True

    return fault


def status(code: int, **headers: str) -> Fault:
    def fault(handler: Handler) -> bool:
        handler.body()
        handler.answer(code, b"", **headers)
        return True

    return fault


def test_plain_http_is_found_on_loopback_and_asked_for_once(client: Client) -> None:
    client.registry.add_manifest("t", {"schemaVersion": 2})
    for _ in range(3):
        assert client.repository().manifest("t").data == b'{"schemaVersion": 2}'
    assert len(client.registry.asked("GET /v2/$")) == 1


def test_a_broken_download_goes_on_where_it_broke(client: Client) -> None:
    descriptor = blob(client)
    client.registry.faults += [("GET .*blobs", cut_after(700_000)), ("GET .*blobs", cut_after(500_000))]
    assert b"".join(client.repository().blob(descriptor)) == DATA
    ranges = [h.get("Range") for h in client.registry.asked("GET .*blobs")]
    assert len(ranges) == 3
    assert ranges[0] is None
    assert ranges[1] != ranges[2]
    assert all(r and r.startswith("bytes=") for r in ranges[1:])


def test_a_download_that_never_ends_fails_after_all_attempts(client: Client) -> None:
    descriptor = blob(client)
    client.registry.faults += [("GET .*blobs", cut_after(0))] * 10
    with pytest.raises(BarqueError):
        b"".join(client.repository().blob(descriptor))
    assert len(client.registry.asked("GET .*blobs")) == 4


def test_a_registry_that_ignores_ranges_is_read_from_the_start(client: Client) -> None:
    descriptor = blob(client)
    client.registry.faults.append(("GET .*blobs", lambda h: h.answer(200, DATA) or True))
    assert b"".join(client.repository().blob(descriptor, 1_000_001)) == DATA[1_000_001:]


def test_more_bytes_than_declared_are_refused(client: Client) -> None:
    digest = client.registry.add_blob(DATA)
    with pytest.raises(Internal, match="larger than its declared size"):
        b"".join(client.repository().blob(Descriptor("x", digest, len(DATA) - 1)))


def test_busy_registries_are_asked_again_as_late_as_they_want(client: Client) -> None:
    client.registry.add_manifest("t", {})
    faults = [status(429, Retry_After="7"), status(503), status(500)]
    client.registry.faults += [("GET .*manifests", fault) for fault in faults]
    client.repository().manifest("t")
    assert client.waits == [7.0, 1.0, 2.0]


def test_a_registry_that_stays_busy_is_an_error(client: Client) -> None:
    client.registry.faults += [("GET .*manifests", status(429))] * 9
    with pytest.raises(BarqueError, match="toomanyrequests: too many requests"):
        client.repository().manifest("t")
    assert len(client.waits) == 3


def test_a_lying_manifest_is_refused(client: Client) -> None:
    wanted = sha256(b"{}")
    client.registry.faults.append(("GET .*manifests", lambda h: h.answer(200, b"[]") or True))
    with pytest.raises(Internal, match=f"manifest verification failed for digest {wanted}"):
        client.repository().manifest(wanted)


def test_redirects_do_not_take_the_login_to_another_host(client: Client) -> None:
    descriptor = blob(client)
    with fake_registry() as other:
        other.add_blob(DATA)
        target = f"http://{other.address}/v2/store/blobs/{descriptor.digest}"
        client.registry.authorize = basic_only
        client.registry.faults.append(("GET .*blobs", lambda h: h.answer(307, b"", Location=target) or True))
        assert b"".join(client.repository(Credentials("u", "p")).blob(descriptor)) == DATA
        assert "Authorization" in client.registry.asked("GET .*blobs")[0]
        assert "Authorization" not in other.asked("GET .*blobs")[0]


def test_endless_redirects_end(client: Client) -> None:
    client.registry.faults += [("GET .*blobs", lambda h: h.answer(307, b"", Location=h.path) or True)] * 20
    with pytest.raises(Internal, match="stopped after 10 redirects"):
        b"".join(client.repository().blob(blob(client)))


def basic_only(handler: Handler) -> bool:
    if handler.headers.get("Authorization") == "Basic " + base64.b64encode(b"u:p").decode():
        return True
    handler.body()
    handler.fail(401, "UNAUTHORIZED", "authentication required", WWW_Authenticate='Basic realm="r"')
    return False


def test_basic_logins(client: Client) -> None:
    client.registry.authorize = basic_only
    client.registry.add_manifest("t", {})
    with pytest.raises(Unauthorized, match="no basic auth credentials"):
        client.repository().manifest("t")
    with pytest.raises(BarqueError, match="unauthorized: authentication required"):
        client.repository(Credentials("u", "wrong")).manifest("t")
    assert client.repository(Credentials("u", "p")).manifest("t").data == b"{}"
    client.registries.login(client.registry.address, Credentials("u", "p"))
    with pytest.raises(Unauthorized, match="401 Unauthorized"):
        client.registries.login(client.registry.address, Credentials("u", "wrong"))


def bearer(address: str, grant: bool = True) -> Fault:
    def authorize(handler: Handler) -> bool:
        if handler.path.startswith("/token"):
            handler.answer(200, json.dumps({"token": "tok" if grant else "bad", "expires_in": 300}).encode())
            return False
        if handler.headers.get("Authorization") == "Bearer tok":
            return True
        handler.body()
        error = ',error="insufficient_scope"' if handler.headers.get("Authorization") else ""
        value = f'Bearer realm="http://{address}/token",service="s",scope="repository:app:pull"{error}'
        handler.fail(401, "UNAUTHORIZED", "authentication required", WWW_Authenticate=value)
        return False

    return authorize


def test_bearer_tokens_are_asked_for_once_with_login_and_scope(client: Client) -> None:
    client.registry.authorize = bearer(client.registry.address)
    client.registry.add_manifest("t", {})
    for _ in range(3):
        client.repository(Credentials("u", "p")).manifest("t")
    tokens = [(path, headers) for method, path, headers in client.registry.seen if path.startswith("/token")]
    assert len(tokens) == 1
    assert "scope=repository%3Aapp%3Apull" in tokens[0][0]
    assert "account=u" in tokens[0][0]
    assert tokens[0][1]["Authorization"].startswith("Basic ")


def test_a_denied_pull_is_told_as_docker_does(client: Client) -> None:
    client.registry.authorize = bearer(client.registry.address, grant=False)
    with pytest.raises(BarqueError) as caught:
        client.repository().manifest("t")
    error = pull_error(caught.value, Reference.parse("secret"))
    assert isinstance(error, NotFound)
    assert str(error) == (
        "pull access denied for secret, repository does not exist or may require 'docker login': "
        "denied: requested access to the resource is denied"
    )


def test_a_missing_manifest_is_told_as_docker_does(client: Client) -> None:
    with pytest.raises(BarqueError) as caught:
        client.repository().manifest("t")
    error = pull_error(caught.value, Reference.parse("x:y"))
    assert str(error) == "manifest for x:y not found: manifest unknown: manifest unknown"


def test_nobody_listening_is_told_as_docker_does() -> None:
    waits: list[float] = []
    registries = Registries(RegistryConfig(), waits.append)
    with pytest.raises(
        Unavailable, match=r'Get "http://127.0.0.1:1/v2/": dial tcp 127.0.0.1:1: connect: connection ref'
    ):
        registries.repository(Reference.parse("127.0.0.1:1/x")).manifest("t")
    assert waits == []


def test_uploads_whole_and_in_pieces(client: Client) -> None:
    repository = client.repository(push=True)
    sent: list[int] = []
    big, small = Descriptor("x", sha256(DATA), len(DATA)), Descriptor("x", sha256(b"hi"), 2)
    upload(repository, big, lambda at: iter([DATA[at:]]), sent.append)
    upload(repository, small, lambda at: iter([b"hi"[at:]]), sent.append)
    assert sent[-2:] == [len(DATA), 2]
    client.registry.blobs.clear()
    upload(repository, big, lambda at: iter([DATA[at:]]), sent.append, chunk=600_000)
    assert client.registry.blobs == {big.digest: DATA}
    assert len(client.registry.asked("PATCH")) == 1 + 4
    put_manifest(repository, "t", "application/json", b"{}")
    assert client.registry.manifests["t"] == b"{}"


def test_a_broken_upload_goes_on_where_the_registry_stands(client: Client) -> None:
    def broken(handler: Handler) -> bool:
        number = handler.path.rpartition("/")[2]
        client.registry.uploads[number] += handler.rfile.read(1_000_000)
        handler.reset()
        return True

    client.registry.faults.append(("PATCH", broken))
    big = Descriptor("x", sha256(DATA), len(DATA))
    upload(client.repository(push=True), big, lambda at: iter([DATA[at:]]), lambda sent: None)
    assert client.registry.blobs == {big.digest: DATA}
    assert client.registry.asked("PATCH")[1]["Content-Range"] == f"1000000-{len(DATA) - 1}"


def test_wrong_uploads_are_refused_by_the_registry(client: Client) -> None:
    wrong = Descriptor("x", sha256(b"other"), 2)
    with pytest.raises(BarqueError, match="digest"):
        upload(client.repository(push=True), wrong, lambda at: iter([b"hi"]), lambda sent: None)


def test_mounts_from_another_repository(client: Client) -> None:
    here = client.registry.add_blob(b"layer")
    assert mount(client.repository(push=True), here, "other") is None
    assert "/uploads/" in str(mount(client.repository(push=True), sha256(b"none"), "other"))


def test_challenges_are_read_leniently() -> None:
    found = parse_challenges('Bearer realm="https://a/t",service="a, b", scope=x:y:z , Basic realm="q\\"r"')
    assert [c.scheme for c in found] == ["bearer", "basic"]
    assert found[0].parameters == {"realm": "https://a/t", "service": "a, b", "scope": "x:y:z"}
    assert found[1].parameters == {"realm": 'q"r'}
    assert parse_challenges("") == []


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"errors":[]}', b'{"errors":[7]}', b"[" * 100_000])
def test_errors_without_a_code_say_the_status(body: bytes) -> None:
    assert str(answer_error(500, {}, body)) == "received unexpected HTTP status: 500 Internal Server Error"
    assert str(answer_error(403, {}, body)) == "denied: requested access to the resource is denied"


@pytest.mark.parametrize(
    ("domain", "insecure"),
    [
        ("localhost:5000", True),
        ("127.0.0.1:5000", True),
        ("127.3.2.1", True),
        ("[::1]:5000", True),
        ("10.1.2.3:5000", True),
        ("10.2.0.1", False),
        ("reg.example:5000", True),
        ("reg.example:5001", False),
    ],
)
def test_insecure_registries(domain: str, insecure: bool) -> None:
    assert RegistryConfig(insecure=("10.1.0.0/16", "reg.example:5000")).is_insecure(domain) is insecure
