"""Requests by raw sockets: framing, limits, pipelining, clients that go away."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

import pytest
from fakes import Served, served

from barque.api import connection


def run(check: Any) -> None:
    async def bounded() -> None:
        async with served() as engine, asyncio.timeout(20):
            await check(engine)

    asyncio.run(bounded())


def body_of(answer: bytes) -> Any:
    return json.loads(answer.partition(b"\r\n\r\n")[2])


def test_ping_and_the_headers_of_every_answer() -> None:
    async def check(engine: Served) -> None:
        answer = await engine.exchange(b"GET /_ping HTTP/1.1\r\nHost: x\r\n\r\n")
        for header in (
            b"Api-Version: 1.51", b"Ostype: linux", b"Server: Docker/28.5.2 (linux)", b"Docker-Experimental: false",
            b"Builder-Version: 1", b"Swarm: inactive", b"Cache-Control: no-cache, no-store, must-revalidate",
            b"Pragma: no-cache", b"Content-Length: 2",
        ):  # fmt: skip
            assert header + b"\r\n" in answer
        assert answer.endswith(b"\r\n\r\nOK")
        answer = await engine.exchange(b"HEAD /_ping HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b"Content-Length: 0\r\n" in answer
        assert answer.endswith(b"\r\n\r\n")
        answer = await engine.exchange(b"GET /nope HTTP/1.1\r\nHost: x\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 404 Not Found\r\n")
        assert b"Api-Version: 1.51" in answer

    run(check)


def test_pipelined_requests_are_answered_in_order() -> None:
    async def check(engine: Served) -> None:
        one = b"GET /_ping HTTP/1.1\r\nHost: x\r\n\r\n"
        two = b"POST /containers/create?name=c1 HTTP/1.1\r\nHost: x\r\nContent-Length: 13\r\n\r\n" + b'{"Image":"b"}'
        three = (
            b"POST /containers/create?name=c2 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
            b'7\r\n{"Image\r\n6\r\n":"c"}\r\n0\r\n\r\n'
        )
        answer = await engine.exchange(one + two + three + two + one)
        assert re.findall(rb"HTTP/1.1 (\d+) ", answer) == [b"200", b"201", b"201", b"201", b"200"]
        assert answer.endswith(b"OK")
        assert [call[1] for call in engine.containers.calls] == [
            ("c1", {"Image": "b"}), ("c2", {"Image": "c"}), ("c1", {"Image": "b"}),
        ]  # fmt: skip

    run(check)


def test_one_byte_at_a_time() -> None:
    async def check(engine: Served) -> None:
        reader, writer = await engine.connect()
        for (
            byte
        ) in b'POST /containers/create HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nd\r\n{"Image":"b"}\r\n0\r\n\r\n':
            writer.write(bytes((byte,)))
            await writer.drain()
        assert (await reader.readline()) == b"HTTP/1.1 201 Created\r\n"
        writer.close()

    run(check)


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET / HTTP/1.1\r\nX: " + b"a" * (1 << 20) + b"\r\n\r\n", 431),
        (b"nonsense\r\n\r\n", 400),
        (b"POST /info HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST /info HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (b"POST /containers/create HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        (b"POST /info HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", 400),
        (b"POST /containers/create HTTP/1.1\r\nContent-Length: 1\r\n\r\n{", 400),
        (b"POST /containers/create HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}", 400),
        (b"POST /containers/create?name=/a/b HTTP/1.1\r\nContent-Length: 13\r\n\r\n" + b'{"Image":"a"}', 400),
        (b"POST /containers/c/start HTTP/1.1\r\nContent-Length: 8\r\n\r\n12345678", 400),
        (b"GET /containers/c/logs HTTP/1.1\r\n\r\n", 400),
        (b"GET /containers/json?filters={\"x\":[\"y\"]} HTTP/1.1\r\n\r\n", 400),
        (b"GET /containers/absent/json HTTP/1.1\r\n\r\n", 404),
        (b"POST /containers/absent/attach HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n", 404),
        (b"POST /exec/running/start HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}", 409),
        (b"POST /images/create?fromImage=absent HTTP/1.1\r\n\r\n", 404),
    ],
)  # fmt: skip
def test_bad_requests_get_a_status_and_a_message(request_: bytes, status: int) -> None:
    async def check(engine: Served) -> None:
        reader, writer = await engine.connect()
        writer.write(request_)
        head = await reader.readuntil(b"\r\n\r\n")
        assert int(head.split()[1]) == status
        length = int(head.lower().partition(b"content-length: ")[2].split()[0])
        assert json.loads(await reader.readexactly(length))["message"]
        writer.close()
        assert (await engine.exchange(b"GET /_ping HTTP/1.1\r\n\r\n")).endswith(b"OK")

    run(check)


def test_half_a_request_is_no_request() -> None:
    async def check(engine: Served) -> None:
        assert await engine.exchange(b"GET /_ping HTTP/1.1\r\nHos") == b""
        assert await engine.exchange(b"POST /containers/create HTTP/1.1\r\nContent-Length: 99\r\n\r\n{") == b""
        ping = b"GET /_ping HTTP/1.1\r\n\r\n"
        answer = await engine.exchange(ping + b"POST /containers/create HTTP/1.1\r\nContent-Length: 99\r\n\r\n{")
        assert answer.endswith(b"OK")
        assert engine.containers.calls == []

    run(check)


def test_half_a_request_behind_one_that_takes_its_time() -> None:
    async def check(engine: Served) -> None:
        reader, writer = await engine.connect()
        half = b"POST /containers/create HTTP/1.1\r\nContent-Length: 99\r\n\r\n{"
        writer.write(b"POST /containers/c/wait HTTP/1.1\r\n\r\n" + half)
        writer.write_eof()
        await reader.readuntil(b"\r\n\r\n")
        # the server has seen the end by the time it has answered another client
        await engine.exchange(b"GET /_ping HTTP/1.1\r\n\r\n")
        engine.containers.exited.set_result({"StatusCode": 0})
        assert (await reader.read()).endswith(b"0\r\n\r\n")
        assert engine.containers.calls == []
        writer.close()

    run(check)


def test_expect_continue() -> None:
    async def check(engine: Served) -> None:
        reader, writer = await engine.connect()
        writer.write(b"POST /containers/create HTTP/1.1\r\nContent-Length: 13\r\nExpect: 100-continue\r\n\r\n")
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b'{"Image":"b"}')
        assert await reader.readline() == b"HTTP/1.1 201 Created\r\n"
        writer.close()

    run(check)


def test_wait_sends_its_head_before_there_is_an_answer() -> None:
    async def check(engine: Served) -> None:
        reader, writer = await engine.connect()
        writer.write(b"POST /containers/c/wait HTTP/1.1\r\n\r\n")
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 OK\r\n")
        assert not engine.containers.exited.done()
        assert (await engine.exchange(b"POST /containers/c/start HTTP/1.1\r\n\r\n")).startswith(b"HTTP/1.1 204 ")
        assert b'{"StatusCode": 3}' in await reader.readuntil(b"0\r\n\r\n")
        writer.close()

    run(check)


def test_a_client_that_goes_away_ends_its_stream() -> None:
    async def check(engine: Served) -> None:
        reader, writer = await engine.connect()
        writer.write(b"GET /v1.42/containers/c/logs?stdout=1&follow=1 HTTP/1.1\r\n\r\n")
        head = await reader.readuntil(b"\r\n\r\n")
        assert b"Content-Type: application/vnd.docker.multiplexed-stream\r\n" in head
        assert b"first\n" in await reader.readuntil(b"first\n")
        await engine.containers.following.wait()
        writer.transport.abort()
        await engine.containers.stopped_following.wait()

    run(check)


def test_a_half_closed_client_still_gets_a_stream() -> None:
    async def check(engine: Served) -> None:
        answer = await engine.exchange(b"GET /v1.41/containers/c/logs?stdout=1 HTTP/1.1\r\n\r\n")
        assert b"Content-Type: application/vnd.docker.raw-stream\r\n" in answer
        assert answer.endswith(b"first\n\r\n0\r\n\r\n")

    run(check)


def test_an_upload_in_chunks_and_one_that_breaks_off() -> None:
    async def check(engine: Served) -> None:
        part = b"%x\r\n%s\r\n" % (1 << 16, bytes(1 << 16))
        head = b"PUT /containers/c/archive?path=/ HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
        assert (await engine.exchange(head + part * 50 + b"0\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
        assert engine.containers.put == 50 << 16
        engine.containers.put_started.clear()
        _, writer = await engine.connect()
        writer.write(head + part)
        await engine.containers.put_started.wait()
        writer.close()
        await engine.containers.put_cancelled.wait()

    run(check)


def test_a_slow_reader_holds_the_stream_back() -> None:
    async def check(engine: Served) -> None:
        reader, writer = await engine.connect()
        writer.write(b"GET /containers/c/archive?path=/ HTTP/1.1\r\n\r\n")
        assert b"X-Docker-Container-Path-Stat: " in await reader.readuntil(b"\r\n\r\n")
        before = -1
        while engine.containers.put != before:  # until it stands still for many turns of the loop
            before = engine.containers.put
            for _ in range(200):
                await asyncio.sleep(0)
        assert before < 8 << 20
        for _ in range(64):
            await reader.readexactly(1 << 18)
        assert engine.containers.put > before
        writer.transport.abort()

    run(check)


def test_failures_after_the_first_byte() -> None:
    async def check(engine: Served) -> None:
        answer = await engine.exchange(b"POST /images/create?fromImage=a HTTP/1.1\r\n\r\n")
        assert b'{"status":"Pulling"}\r\n' in answer
        assert b'{"errorDetail":{"message":"connection reset"},"error":"connection reset"}\r\n' in answer
        answer = await engine.exchange(b"GET /containers/c/export HTTP/1.1\r\n\r\n")
        assert b"part" in answer
        assert not answer.endswith(b"0\r\n\r\n")

    run(check)


def test_head_of_an_archive() -> None:
    async def check(engine: Served) -> None:
        answer = await engine.exchange(b"HEAD /containers/c/archive?path=/f HTTP/1.1\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert b"X-Docker-Container-Path-Stat: " in answer
        assert answer.endswith(b"\r\n\r\n")

    run(check)


def test_an_http_1_0_client() -> None:
    """It knows no chunks, and keeps a connection only when both say so."""

    async def check(engine: Served) -> None:
        head, _, body = (await engine.exchange(b"GET /containers/c/logs?stdout=1 HTTP/1.0\r\n\r\n")).partition(
            b"\r\n\r\n"
        )
        assert b"Transfer-Encoding" not in head
        assert head.endswith(b"\r\nConnection: close")
        assert body == b"\x01\0\0\0\0\0\0\x06first\n"
        kept = b"GET /_ping HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
        answer = await engine.exchange(kept + kept + b"GET /_ping HTTP/1.0\r\n\r\n" + kept)
        assert re.findall(rb"\r\nConnection: ([a-z-]+)", answer) == [b"keep-alive", b"keep-alive", b"close"]

    run(check)


def test_a_connection_that_ends_says_so() -> None:
    async def check(engine: Served) -> None:
        close = b"GET /_ping HTTP/1.1\r\nConnection: close\r\n\r\n"
        assert b"\r\nConnection: close\r\n" in await engine.exchange(close)
        assert b"\r\nConnection: close\r\n" in await engine.exchange(b"GARBAGE\r\n\r\n")
        assert b"\r\nApi-Version: 1.51\r\n" in await engine.exchange(b"GARBAGE\r\n\r\n")

    run(check)


def test_a_head_that_never_comes_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "HEAD_SECONDS", 0.05)

    async def check(engine: Served) -> None:
        ping = b"GET /_ping HTTP/1.1\r\n\r\n"
        for sent, answered in ((b"", 0), (b"GET /_p", 0), (ping + b"GET", 1)):
            reader, writer = await engine.connect()
            writer.write(sent)
            try:
                got = await reader.read()
            except ConnectionResetError:
                got = b""
            assert got.count(b"HTTP/1.1 200 ") == answered
            writer.close()
        reader, writer = await engine.connect()
        writer.write(b"POST /containers/c/wait HTTP/1.1\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        # one that is cut off later: a timer of the first would have rung by then
        late, other = await engine.connect()
        assert await late.read() == b""
        other.close()
        engine.containers.exited.set_result({"StatusCode": 0})
        await reader.readuntil(b"0\r\n\r\n")
        writer.close()

    run(check)


def test_closing_waits_for_answers_and_not_for_streams() -> None:
    async def check(engine: Served) -> None:
        started, go = asyncio.Event(), asyncio.Event()

        async def remove(name: str, *flags: bool) -> None:
            started.set()
            await go.wait()

        engine.containers.remove = remove  # type: ignore[method-assign]
        reader, writer = await engine.connect()
        writer.write(b"DELETE /containers/c HTTP/1.1\r\n\r\n")
        following, other = await engine.connect()
        other.write(b"GET /containers/c/logs?stdout=1&follow=1 HTTP/1.1\r\n\r\n")
        await started.wait()
        await engine.containers.following.wait()
        closing = asyncio.create_task(engine.server.close())
        await following.read()
        assert not closing.done()
        go.set()
        assert (await reader.read()).startswith(b"HTTP/1.1 204 ")
        await closing
        writer.close()
        other.close()

    run(check)
