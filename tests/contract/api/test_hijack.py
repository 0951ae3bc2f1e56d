"""Connections that leave HTTP: attach, exec, websockets; and the stock client on top of them."""

from __future__ import annotations

import asyncio
import os
import shutil
from typing import Any

import docker as docker_py
import pytest
from fakes import Served, served

from barque.api.websocket import BINARY, CLOSE, frame, unframe
from barque.wire.frames import frame as multiplexed

UPGRADE = b"Host: x\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n"
DOCKER = shutil.which("docker")


def run(check: Any) -> None:
    async def bounded() -> None:
        async with served() as engine, asyncio.timeout(20):
            await check(engine)

    asyncio.run(bounded())


@pytest.mark.parametrize(
    ("request_", "line", "kind"),
    [
        (b"POST /v1.42/containers/c/attach HTTP/1.1\r\n" + UPGRADE, b"101 UPGRADED", b"multiplexed-stream"),
        (b"POST /v1.41/containers/c/attach HTTP/1.1\r\n" + UPGRADE, b"101 UPGRADED", b"raw-stream"),
        (b"POST /containers/tty/attach HTTP/1.1\r\n" + UPGRADE, b"101 UPGRADED", b"raw-stream"),
        (b"POST /v1.42/containers/c/attach HTTP/1.1\r\nHost: x\r\n", b"200 OK", b"multiplexed-stream"),
    ],
)
def test_heads_and_bytes_that_come_with_the_request(request_: bytes, line: bytes, kind: bytes) -> None:
    async def check(engine: Served) -> None:
        head, _, rest = (await engine.exchange(request_ + b"\r\nearly bytes")).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 " + line + b"\r\n")
        assert b"Content-Type: application/vnd.docker." + kind in head
        assert b"Content-Length" not in head
        assert b"Transfer-Encoding" not in head
        assert (b"\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n" in head) == line.startswith(b"101")
        both = (
            (b"early bytes", b"end")
            if b"/tty/" in request_
            else (multiplexed(1, b"early bytes"), multiplexed(1, b"end"))
        )
        assert rest == b"".join(both)

    run(check)


@pytest.mark.parametrize(
    "body",
    [
        b'Content-Length: 12\r\n\r\n{"Tty":true}',
        b'Transfer-Encoding: chunked\r\n\r\nc\r\n{"Tty":true}\r\n0\r\n\r\n',
    ],
)
def test_a_body_before_the_raw_bytes(body: bytes) -> None:
    """llhttp stops before the body of an upgrade: neither is its body lost nor taken for raw bytes."""

    async def check(engine: Served) -> None:
        start = b"POST /exec/e/start HTTP/1.1\r\n" + UPGRADE + b"Content-Type: application/json\r\n" + body
        assert (await engine.exchange(start + b"GET / HTTP/1.1\r\n\r\n")).endswith(b"\r\n\r\nGET / HTTP/1.1\r\n\r\nend")
        reader, writer = await engine.connect()
        for byte in start:
            writer.write(bytes((byte,)))
            await writer.drain()
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"a")
        assert await reader.readexactly(1) == b"a"
        writer.write_eof()
        assert await reader.read() == b"end"
        writer.close()

    run(check)


def test_a_detached_exec_keeps_the_connection() -> None:
    async def check(engine: Served) -> None:
        answer = await engine.exchange(
            b'POST /exec/e/start HTTP/1.1\r\nContent-Length: 15\r\n\r\n{"Detach":true}GET /_ping HTTP/1.1\r\n\r\n'
        )
        assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
        assert answer.endswith(b"OK")

    run(check)


def test_megabytes_both_ways() -> None:
    async def check(engine: Served) -> None:
        reader, writer = await engine.connect()
        data = os.urandom(1 << 16) * 128
        writer.write(b"POST /containers/tty/attach HTTP/1.1\r\n" + UPGRADE + b"\r\n")
        await reader.readuntil(b"\r\n\r\n")

        async def send() -> None:
            writer.write(data)
            await writer.drain()
            writer.write_eof()

        _, got = await asyncio.gather(send(), reader.read())
        assert got == data + b"end"
        writer.close()

    run(check)


@pytest.mark.parametrize("upgrade", [UPGRADE, b"Host: x\r\n"])
def test_megabytes_before_any_answer(upgrade: bytes) -> None:
    async def check(engine: Served) -> None:
        data = os.urandom(3 << 20)
        reader, writer = await engine.connect()
        writer.write(b"POST /containers/tty/attach HTTP/1.1\r\n" + upgrade + b"\r\n" + data)
        writer.write_eof()
        assert (await reader.read()).partition(b"\r\n\r\n")[2] == data + b"end"
        writer.close()

    run(check)


def test_a_websocket() -> None:
    async def check(engine: Served) -> None:
        reader, writer = await engine.connect()
        writer.write(
            b"GET /containers/c/attach/ws?stream=1 HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101 ")
        assert b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" in head
        writer.write(bytes.fromhex("818537fa213d7f9f4d5158"))
        assert await reader.readexactly(7) == frame(BINARY, b"Hello")
        writer.write(frame(CLOSE, b""))
        rest = bytearray(await reader.read())
        assert unframe(rest) == (BINARY, b"end")
        assert unframe(rest) == (CLOSE, b"\x03\xe8")
        writer.close()

    run(check)


async def docker(host: str, *arguments: str, stdin: bytes = b"", tls: str = "") -> tuple[int, bytes, bytes]:
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "DOCKER_HOST": host}
    if tls:
        environment |= {"DOCKER_CERT_PATH": tls, "DOCKER_TLS_VERIFY": "1"}
    process = await asyncio.create_subprocess_exec(
        str(DOCKER), *arguments, stdin=-1, stdout=-1, stderr=-1, env=environment
    )
    out, err = await process.communicate(stdin)
    return process.returncode or 0, out, err


@pytest.mark.skipif(DOCKER is None, reason="needs the docker client")
def test_the_stock_client() -> None:
    async def check(engine: Served) -> None:
        host = f"unix://{engine.path}"
        code, out, err = await docker(host, "version", "--format", "{{.Server.Version}} {{.Server.APIVersion}}")
        assert (code, out) == (0, b"28.5.2 1.51\n"), err
        code, out, err = await docker(host, "ps", "--filter", "status=exited", "-q")
        assert (code, out) == (0, b""), err
        code, out, err = await docker(host, "run", "-i", "busybox", stdin=b"hello\n")
        assert (code, out) == (3, b"hello\nend"), err
        created = [call[1] for call in engine.containers.calls if call[0] == "create"]
        assert created[0][1]["OpenStdin"] is True

    run(check)


@pytest.mark.skipif(DOCKER is None, reason="needs the docker client")
def test_every_shape_the_stock_client_sends() -> None:
    async def check(engine: Served) -> None:
        options = (
            "--mount type=bind,src=/,dst=/b,bind-propagation=rslave --mount type=tmpfs,dst=/t,tmpfs-size=1m "
            "--mount type=volume,src=v,dst=/v,volume-label=a=b --ulimit nofile=5:6 --device /dev/null:/dev/n:rw "
            "--device-cgroup-rule=c#1:3#r --gpus all --blkio-weight-device /dev/sda:10 --device-read-bps /dev/sda:1m "
            "-p 127.0.0.1:80:80 -p 81 --expose 82 -v /x --network n --network-alias a --ip 10.0.0.2 --tmpfs /y "
            "--health-cmd x --memory-swappiness 0 --health-interval 1s --log-opt a=b "
            "--memory 1g --cpus 1.5 --pids-limit 5 --oom-score-adj 1 --stop-timeout 3 --init "
            "--sysctl net.ipv4.ip_forward=1 --storage-opt size=1 --label a= --env A=b "
            "--restart on-failure:3 --annotation a=b --link-local-ip 169.254.1.1 --add-host a:1.1.1.1"
        )
        words = [word.replace("#", " ") for word in options.split()]
        code, out, err = await docker(f"unix://{engine.path}", "create", *words, "busybox", "true")
        assert (code, out) == (0, b"c" * 64 + b"\n"), err
        body = engine.containers.calls[-1][1][1]
        assert body["HostConfig"]["Mounts"][0]["BindOptions"] == {"Propagation": "rslave"}
        assert body["HostConfig"]["PortBindings"]["80/tcp"] == [{"HostIp": "127.0.0.1", "HostPort": "80"}]
        assert body["NetworkingConfig"]["EndpointsConfig"]["n"]["IPAMConfig"]["IPv4Address"] == "10.0.0.2"

    run(check)


def test_docker_py() -> None:
    def talk(path: str) -> bytes:
        client = docker_py.APIClient(f"unix://{path}", version="auto", timeout=10)
        assert client.ping() is True
        assert client.version()["ApiVersion"] == "1.51"
        host = client.create_host_config(
            port_bindings={80: ("127.0.0.1", 8080), 81: None}, binds=["/a:/b"], devices=["/dev/null:/dev/n:r"],
            mounts=[docker_py.types.Mount("/t", None, type="tmpfs", tmpfs_size=1 << 20)],
            ulimits=[docker_py.types.Ulimit(name="nofile", soft=1, hard=2)], restart_policy={"Name": "always"},
        )  # fmt: skip
        network = client.create_networking_config({"n": client.create_endpoint_config(aliases=["a"])})
        made = client.create_container(
            "busybox", "cat", stdin_open=True, tty=True, ports=[80, 81], volumes=["/b"], labels=["a"],
            host_config=host, networking_config=network, name="c1", healthcheck={"test": "true", "interval": 10**9},
        )  # fmt: skip
        assert made["Id"] == "c" * 64
        stream = client.attach_socket("tty", {"stdin": 1, "stdout": 1, "stream": 1})
        stream._sock.sendall(b"hello")
        stream._sock.shutdown(1)
        got = b""
        while data := stream._sock.recv(100):
            got += data
        client.close()
        return got

    async def check(engine: Served) -> None:
        assert await asyncio.to_thread(talk, str(engine.path)) == b"helloend"

    run(check)
