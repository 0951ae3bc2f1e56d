"""The client against real sockets that answer what a test gave them."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from barque import errors
from barque.client import CannotConnect, Client, address, codec, endpoint
from barque.client.client import numbers, quote

PING = b"HTTP/1.1 200 OK\r\nApi-Version: 1.44\r\nContent-Length: 0\r\n\r\n"


class Server:
    """Answers each request, on whatever connection, with the next of ``answers``; hangs up after the last."""

    def __init__(self, path: str, answers: list[bytes]) -> None:
        self.received: list[bytes] = []
        self._answers = answers
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(path)
        self._listener.listen()
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as stream:
            while self._answers and (line := stream.readline()):
                head = line
                length = 0
                while (line := stream.readline()) not in (b"\r\n", b""):
                    head += line
                    if line.lower().startswith(b"content-length:"):
                        length = int(line.split(b":")[1])
                self.received.append(head + b"\r\n" + stream.read(length))
                connection.sendall(self._answers.pop(0))

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[object]:
    servers: list[Server] = []

    def start(*answers: bytes) -> tuple[Client, Server]:
        path = str(tmp_path / f"{len(servers)}.sock")
        servers.append(Server(path, list(answers)))
        return Client(endpoint.Endpoint(f"unix://{path}")), servers[-1]

    yield start
    for server in servers:
        server.close()


def reply(status: int, body: bytes) -> bytes:
    return b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n%b" % (status, len(body), body)


def test_the_lower_version_is_used(serve) -> None:  # type: ignore[no-untyped-def]
    client, server = serve(PING, reply(200, b'[{"Id": "x"}]'))
    assert client.get("/containers/json", {"all": "1", "filters": '{"a b"}'}).json() == [{"Id": "x"}]
    assert client.version == "1.44"
    assert server.received[0].startswith(b"HEAD /_ping HTTP/1.1\r\n")
    assert server.received[1].startswith(b"GET /v1.44/containers/json?all=1&filters=%7B%22a%20b%22%7D HTTP/1.1\r\n")


def test_bodies_go_as_json(serve) -> None:  # type: ignore[no-untyped-def]
    client, server = serve(PING, reply(201, b'{"Id":"y"}'))
    assert client.post("/x", body={"A": ["é"]}).json() == {"Id": "y"}
    head, _, sent = server.received[1].partition(b"\r\n\r\n")
    assert b"Content-Type: application/json" in head
    assert sent == '{"A":["é"]}'.encode()


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, errors.InvalidArgument),
        (401, errors.Unauthorized),
        (403, errors.Forbidden),
        (404, errors.NotFound),
        (409, errors.Conflict),
        (500, errors.Internal),
        (501, errors.Unsupported),
        (503, errors.Unavailable),
    ],
)
def test_errors_have_their_kind(serve, status: int, kind: type[errors.BarqueError]) -> None:  # type: ignore[no-untyped-def]
    client, _ = serve(PING, reply(status, b'{"message":"No such container: x"}\n'))
    with pytest.raises(kind) as caught:
        client.get("/containers/x/json")
    assert caught.value.message == "No such container: x"
    assert type(caught.value) is kind


def test_chunked_bodies_and_json_lines(serve) -> None:  # type: ignore[no-untyped-def]
    body = b'5\r\n{"a":\r\n3\r\n1}\n\r\n7;x=y\r\n{"b":2}\r\n0\r\n\r\n'
    client, _ = serve(PING, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body, reply(200, b"again"))
    assert list(client.get("/events").lines()) == [{"a": 1}, {"b": 2}]
    assert client.get("/next").read() == b"again"


def test_a_broken_body_is_an_error(serve) -> None:  # type: ignore[no-untyped-def]
    client, _ = serve(PING, b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort")
    response = client.get("/x")
    with pytest.raises(CannotConnect, match="unexpected EOF"):
        response.read()


def test_nobody_there(tmp_path: Path) -> None:
    client = Client(endpoint.Endpoint(f"unix://{tmp_path}/none"))
    with pytest.raises(
        CannotConnect, match=r"Cannot connect to the Docker daemon at unix://.*/none\. Is the docker daemon"
    ):
        client.ping()


def test_hijacked_bytes_flow_both_ways(serve) -> None:  # type: ignore[no-untyped-def]
    upgraded = b"HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\nearly"
    client, server = serve(PING, upgraded)
    connection = client.hijack("/containers/x/attach", {"stream": "1"})
    assert connection.pending
    assert connection.recv() == b"early"
    assert b"Upgrade: tcp" in server.received[1]
    connection.close()


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    ),
    st.integers(1, 9),
)
def test_values_survive_any_cut(value: object, step: int) -> None:
    assert codec.loads(codec.dumps(value)) == value
    text = codec.dumps([value]).encode()
    stream = text + b"\n" + text
    pieces = (stream[start : start + step] for start in range(0, len(stream), step))
    assert list(codec.values(pieces)) == [[value], [value]]


@pytest.mark.parametrize("text", ["", "{", "{} x", "nope", "[1,]"])
def test_bad_json(text: str) -> None:
    with pytest.raises(ValueError):
        codec.loads(text)


def test_addresses() -> None:
    unix = address.parse("unix:///x/y")
    assert (unix.scheme, unix.path) == ("unix", "/x/y")
    tcp = address.parse("tcp://h/base/")
    assert (tcp.host, tcp.port, tcp.path) == ("h", "2375", "/base")
    assert address.parse("tcp://h", tls=True).port == "2376"
    assert address.parse("[::1]:99").host == "::1"
    ssh = address.parse("ssh://me@h:22/run/d.sock")
    assert (ssh.user, ssh.host, ssh.port, ssh.path) == ("me", "h", "22", "/run/d.sock")
    assert address.parse("").text == address.DEFAULT_HOST
    for bad in ("http://x", "ssh://me:pw@h", "ssh://"):
        with pytest.raises(errors.InvalidArgument):
            address.parse(bad)


def test_versions_and_quoting() -> None:
    assert numbers("1.9") < numbers("1.44")
    assert quote("a b/é") == "a%20b%2F%C3%A9"
    assert quote("a/b", "/") == "a/b"


def test_the_order_of_choices(tmp_path: Path) -> None:
    from barque.client.contexts import ContextStore

    store = ContextStore(str(tmp_path))
    store.put("far", {"Name": "far", "Endpoints": {"docker": {"Host": "tcp://far:1"}}}, {"ca.pem": b"x"})
    folder = str(tmp_path)

    def host(environment: dict[str, str], **choices: str) -> str:
        return endpoint.choose({"HOME": folder, **environment}, config_folder=folder, **choices).address.text  # type: ignore[arg-type]

    assert host({"DOCKER_HOST": "unix:///e", "DOCKER_CONTEXT": "far"}) == "unix:///e"
    assert host({"DOCKER_HOST": "unix:///e"}, context="far") == "tcp://far:1"
    assert host({"DOCKER_HOST": "unix:///e"}, host="unix:///f") == "unix:///f"
    assert host({"DOCKER_CONTEXT": "far"}, current_context="none") == "tcp://far:1"
    assert host({}, current_context="far") == "tcp://far:1"
    assert host({}) == address.DEFAULT_HOST
    assert endpoint.choose({"HOME": folder}, config_folder=folder, context="far").tls is not None
    with pytest.raises(errors.NotFound, match='context "no": context not found'):
        host({}, context="no")
