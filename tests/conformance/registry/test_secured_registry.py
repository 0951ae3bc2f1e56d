"""docker-registry with TLS from its own CA and htpasswd logins."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import bcrypt
import pytest
from debian_registry import Registry

from barque.errors import BarqueError, InvalidArgument, Unauthorized, Unavailable
from barque.model.descriptor import Descriptor
from barque.model.digest import sha256
from barque.model.reference import Reference
from barque.registry import Credentials, Registries, RegistryConfig
from barque.registry.upload import upload

pytestmark = pytest.mark.skipif(
    not shutil.which("docker-registry") or not shutil.which("openssl"), reason="docker-registry or openssl is missing"
)
LOGIN = Credentials("me", "secret")


def openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True, timeout=60)


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Registry, Path]]:
    """The registry, and the folder of its ``ca.crt``."""
    folder = tmp_path_factory.mktemp("secured")
    new_key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1")
    openssl(folder, "req", "-x509", *new_key, "-keyout", "ca.key", "-out", "ca.crt", "-subj", "/CN=test CA")
    openssl(folder, "req", *new_key[:-2], "-keyout", "s.key", "-out", "s.csr", "-subj", "/CN=registry")
    (folder / "ext").write_text("subjectAltName=IP:127.0.0.1\n")
    signing = ("-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", "1", "-extfile", "ext")
    openssl(folder, "x509", "-req", "-in", "s.csr", "-out", "s.crt", *signing)
    (folder / "htpasswd").write_text(f"me:{bcrypt.hashpw(b'secret', bcrypt.gensalt(4)).decode()}\n")
    tls = f", tls: {{certificate: {folder}/s.crt, key: {folder}/s.key}}"
    auth = f"auth: {{htpasswd: {{realm: r, path: {folder}/htpasswd}}}}"
    registry = Registry(folder, tls, auth)
    try:
        yield registry, folder
    finally:
        registry.stop()


def client(certs: Path, **options: object) -> Registries:
    return Registries(RegistryConfig(insecure_networks=(), certs_dir=str(certs), **options), lambda seconds: None)  # type: ignore[arg-type]


def trusted(secured: tuple[Registry, Path], tmp_path: Path) -> Registries:
    folder = tmp_path / f"127.0.0.1:{secured[0].port}"
    folder.mkdir()
    shutil.copy(secured[1] / "ca.crt", folder / "ca.crt")
    return client(tmp_path)


def test_its_own_ca_and_a_login(secured: tuple[Registry, Path], tmp_path: Path) -> None:
    registries = trusted(secured, tmp_path)
    repository = registries.repository(Reference.parse(secured[0].name("app")), LOGIN, push=True)
    data = b"x" * 3_000_000
    blob = Descriptor("x", sha256(data), len(data))
    upload(repository, blob, lambda at: iter([data[at:]]), lambda sent: None, chunk=1_000_000)
    assert repository.has_blob(blob.digest) == len(data)
    assert b"".join(repository.blob(blob, 5)) == data[5:]
    registries.login(f"127.0.0.1:{secured[0].port}", LOGIN)
    registries.close()


def test_without_its_ca_it_is_not_trusted(secured: tuple[Registry, Path], tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="tls: failed to verify certificate: x509"):
        client(tmp_path).repository(Reference.parse(secured[0].name("app")), LOGIN).tags()


def test_insecure_does_not_look_at_the_certificate(secured: tuple[Registry, Path], tmp_path: Path) -> None:
    registries = client(tmp_path, insecure=(f"127.0.0.1:{secured[0].port}",))
    registries.login(f"127.0.0.1:{secured[0].port}", LOGIN)
    assert registries.endpoint(f"127.0.0.1:{secured[0].port}").ping().startswith("https://")
    registries.close()


def test_wrong_and_missing_logins(secured: tuple[Registry, Path], tmp_path: Path) -> None:
    registries = trusted(secured, tmp_path)
    reference = Reference.parse(secured[0].name("app"))
    with pytest.raises(Unauthorized, match="no basic auth credentials"):
        registries.repository(reference).manifest("x")
    with pytest.raises(BarqueError, match="unauthorized: authentication required"):
        registries.repository(reference, Credentials("me", "wrong")).manifest("x")
    with pytest.raises(Unauthorized, match="401 Unauthorized"):
        registries.login(reference.domain, Credentials("me", "wrong"))
    registries.close()


def test_a_client_certificate_without_a_key(secured: tuple[Registry, Path], tmp_path: Path) -> None:
    folder = tmp_path / f"127.0.0.1:{secured[0].port}"
    folder.mkdir()
    (folder / "client.cert").write_text("x")
    with pytest.raises(InvalidArgument, match=r"missing key client.key for client certificate client.cert"):
        client(tmp_path).repository(Reference.parse(secured[0].name("app"))).tags()
