"""TLS listeners: client certificates, half-close, and clients that do not speak it."""

from __future__ import annotations

import asyncio
import socket
import ssl
import subprocess
from pathlib import Path
from typing import Any

import pytest
from fakes import Served, served
from test_hijack import DOCKER, UPGRADE, docker


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """ca.pem and one key pair for both sides, where the stock client looks for them."""
    path = tmp_path_factory.mktemp("tls")

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=path, check=True, capture_output=True, timeout=30)

    new = ("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    openssl(
        *new,
        "-x509",
        "-keyout",
        "ca.key",
        "-out",
        "ca.pem",
        "-subj",
        "/CN=ca",
        "-days",
        "2",
        "-addext",
        "keyUsage=critical,keyCertSign,cRLSign",
    )
    openssl(*new, "-keyout", "key.pem", "-out", "csr.pem", "-subj", "/CN=127.0.0.1")
    (path / "ext").write_text("subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n")
    sign = ("x509", "-req", "-in", "csr.pem", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2")
    openssl(*sign, "-extfile", "ext", "-out", "cert.pem")
    return path


def server_context(path: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path / "cert.pem", path / "key.pem")
    context.load_verify_locations(path / "ca.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def client_context(path: Path, newest: ssl.TLSVersion, with_certificate: bool = True) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(path / "ca.pem"))
    context.maximum_version = newest
    if with_certificate:
        context.load_cert_chain(path / "cert.pem", path / "key.pem")
    return context


def run(path: Path, check: Any) -> None:
    async def bounded() -> None:
        async with served(server_context(path)) as engine, asyncio.timeout(30):
            await check(engine)

    asyncio.run(bounded())


@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_requests_and_megabytes(certificates: Path, newest: ssl.TLSVersion) -> None:
    async def check(engine: Served) -> None:
        context = client_context(certificates, newest)
        reader, writer = await asyncio.open_connection("127.0.0.1", engine.port, ssl=context)
        for _ in range(2):
            writer.write(b"GET /_ping HTTP/1.1\r\n\r\n")
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 OK\r\n")
            assert await reader.readexactly(2) == b"OK"
        writer.write(b"POST /containers/tty/attach HTTP/1.1\r\n" + UPGRADE + b"\r\n")
        await reader.readuntil(b"\r\n\r\n")
        data = bytes(range(256)) * (16 << 10)
        writer.write(data)
        assert await reader.readexactly(len(data)) == data
        writer.transport.abort()

    run(certificates, check)


def test_close_notify_ends_only_what_is_read(certificates: Path) -> None:
    """A blocking client in a thread: it sends close_notify and reads on."""

    def client(port: int) -> bytes:
        context = client_context(certificates, ssl.TLSVersion.TLSv1_3)
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context.wrap_bio(incoming, outgoing, server_hostname="127.0.0.1")
        with socket.create_connection(("127.0.0.1", port), timeout=10) as peer:

            def step(action: Any) -> Any:
                while True:
                    try:
                        return action()
                    except ssl.SSLWantReadError:
                        peer.sendall(outgoing.read())
                        incoming.write(peer.recv(1 << 16))
                    finally:
                        if outgoing.pending:
                            peer.sendall(outgoing.read())

            step(tls.do_handshake)
            step(lambda: tls.write(b"POST /containers/tty/attach HTTP/1.1\r\n" + UPGRADE + b"\r\nhello"))
            got = b""
            while not got.endswith(b"hello"):
                got += step(lambda: tls.read(1 << 16))
            with pytest.raises(ssl.SSLWantReadError):
                tls.unwrap()
            peer.sendall(outgoing.read())
            try:
                while data := step(lambda: tls.read(1 << 16)):
                    got += data
            except ssl.SSLZeroReturnError:
                pass
            return got

    async def check(engine: Served) -> None:
        got = await asyncio.to_thread(client, engine.port)
        assert got.endswith(b"\r\n\r\nhelloend")

    run(certificates, check)


def test_without_a_certificate_and_without_tls(certificates: Path) -> None:
    async def check(engine: Served) -> None:
        context = client_context(certificates, ssl.TLSVersion.TLSv1_2, with_certificate=False)
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await asyncio.open_connection("127.0.0.1", engine.port, ssl=context)
        reader, writer = await asyncio.open_connection("127.0.0.1", engine.port)
        writer.write(b"GET /_ping HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await reader.read()).startswith(b"HTTP/1.0 400 Bad Request\r\n")
        writer.close()

    run(certificates, check)


@pytest.mark.skipif(DOCKER is None, reason="needs the docker client")
def test_the_stock_client(certificates: Path) -> None:
    async def check(engine: Served) -> None:
        host = f"tcp://127.0.0.1:{engine.port}"
        code, out, err = await docker(host, "run", "-i", "busybox", stdin=b"hello\n" * 1000, tls=str(certificates))
        assert (code, out) == (3, b"hello\n" * 1000 + b"end"), err

    run(certificates, check)
