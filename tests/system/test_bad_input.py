"""Bad input gets Docker's status and a message that says what, and leaves nothing."""

from __future__ import annotations

import json
import socket
import tarfile
from pathlib import Path
from typing import Any

import pytest
from conftest import EngineUnderTest


def raw(engine: EngineUnderTest, data: bytes) -> bytes:
    """What the daemon answers to these bytes before it closes, or within the time-out."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(10)
        connection.connect(engine.socket)
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
        return answer


def post(path: str, body: bytes, kind: str = "application/json") -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: {kind}\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()


CASES: list[tuple[str, bytes, int, str]] = [
    ("unknown path", get("/v1.41/nonsense"), 404, "page not found"),
    ("unknown container", get("/v1.41/containers/nobody/json"), 404, "No such container: nobody"),
    ("unknown image", get("/v1.41/images/nothing/json"), 404, "No such image: nothing"),
    ("unknown network", get("/v1.41/networks/nothing"), 404, "network nothing not found"),
    ("unknown volume", get("/v1.41/volumes/nothing"), 404, "nothing: no such volume"),
    ("too old", get("/v1.10/info"), 400, "client version 1.10 is too old"),
    ("too new", get("/v9.99/info"), 400, "client version 9.99 is too new"),
    ("malformed JSON", post("/v1.41/containers/create", b"{nonsense"), 400, "invalid"),
    ("wrong type", post("/v1.41/containers/create", b'{"Image": 5}'), 400, ""),
    ("no image", post("/v1.41/containers/create", b"{}"), 400, ""),
    ("image missing", post("/v1.41/containers/create", b'{"Image": "ghost"}'), 404, "No such image: ghost"),
    ("bad name", post("/v1.41/containers/create?name=/a/b", b'{"Image": "busybox"}'), 400, "Invalid container name"),
    ("bad filter", get("/v1.41/containers/json?filters=%7B%22nope%22%3A%5B%22x%22%5D%7D"), 400, "invalid filter"),
    ("logs of neither", get("/v1.41/containers/nobody/logs"), 400, "you must choose at least one stream"),
    ("no swarm", get("/v1.41/services"), 503, "not a swarm manager"),
]


@pytest.mark.parametrize(("name", "request_", "status", "message"), CASES, ids=[c[0] for c in CASES])
def test_status_and_message(engine: EngineUnderTest, name: str, request_: bytes, status: int, message: str) -> None:
    answer = raw(engine, request_)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert int(head.split()[1]) == status, answer[:500]
    assert message in json.loads(body)["message"]


def test_a_huge_header_is_refused(engine: EngineUnderTest) -> None:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(10)
        connection.connect(engine.socket)
        try:
            connection.sendall(b"GET /_ping HTTP/1.1\r\nX-Big: " + b"x" * (4 << 20))
            answer = connection.recv(65536)
        except (BrokenPipeError, ConnectionResetError):
            answer = b""
    assert answer == b"" or answer.split()[1] in (b"400", b"431")
    assert engine.ok("version", "-f", "{{.Server.Os}}") == "linux"


def test_half_a_request_hurts_nobody(engine: EngineUnderTest) -> None:
    assert b"200 OK" not in raw(engine, b"POST /v1.41/containers/create HTTP/1.1\r\nContent-Length: 100\r\n\r\n{")
    assert engine.ok("version", "-f", "{{.Server.Os}}") == "linux"


@pytest.mark.parametrize("keep", [0, 100, 5000, 200_000])
def test_truncated_archives_leave_nothing(engine: EngineUnderTest, tmp_path: Path, keep: int) -> None:
    saved = tmp_path / "saved.tar"
    engine.ok("save", "-o", str(saved), "busybox")
    before = engine.ok("images", "-aq")
    snapshots = sorted(p.name for p in (engine.dir / "data" / "snapshots").iterdir())
    cut = tmp_path / "cut.tar"
    cut.write_bytes(saved.read_bytes()[:keep])
    done = engine.docker("load", "-i", str(cut))
    assert done.returncode == 1 or b"Loaded" not in done.stdout
    assert engine.ok("images", "-aq") == before
    assert sorted(p.name for p in (engine.dir / "data" / "snapshots").iterdir()) == snapshots


def test_an_archive_that_leaves_its_root_is_refused_or_stays_inside(engine: EngineUnderTest, tmp_path: Path) -> None:
    evil = tmp_path / "evil.tar"
    with tarfile.open(evil, "w") as tar:
        entry = tarfile.TarInfo("../../../../../../../../tmp/escaped-by-barque")
        tar.addfile(entry)
    engine.docker("import", str(evil), "evil")
    assert not Path("/tmp/escaped-by-barque").exists()
    engine.docker("rmi", "-f", "evil")


def test_unknown_user_is_named(client: Any) -> None:
    done = client("run", "--rm", "-u", "nosuchuser", "busybox", "true")
    assert done.returncode in (125, 126)
    assert b"unable to find user nosuchuser" in done.stderr
