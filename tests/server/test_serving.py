"""The server as a process: it listens first, waits for Temporal, drains, and ends with 0."""

import asyncio
import json
import os
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from temporalio.client import Client

from tests.server.desks import secret_of
from tests.server.zendesk import Zendesk, a_body, signed, stored_events
from tests.support.wait import eventually
from ticketsync import embedded
from ticketsync.names import SEARCH_ATTRIBUTES
from ticketsync.server import CannotListenError, serving


class Program:
    """The running server and what it has logged so far."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.lines: list[dict[str, Any]] = []
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self.process.stderr is not None
        async for line in self.process.stderr:
            self.lines.append(json.loads(line))  # anything but JSON, as a traceback, fails here

    def events(self, event: str) -> list[dict[str, Any]]:
        return [line for line in self.lines if line["event"].startswith(event)]

    async def says(self, event: str, *, times: int = 1) -> None:
        """Return when it has logged this; a busy machine takes its time to start a process."""
        await eventually(lambda: len(self.events(event)) >= times, what=f"it logs {event!r}")

    async def port(self, index: int = 0) -> int:
        await self.says("listening", times=index + 1)
        port: int = self.events("listening")[index]["port"]
        return port

    async def end(self, *, within: float = 15) -> int:
        """Its exit code, when it has ended by itself."""
        async with asyncio.timeout(within):
            await self._reading
            return await self.process.wait()

    async def kill(self) -> None:
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()
        await asyncio.gather(self._reading, return_exceptions=True)


@asynccontextmanager
async def program(temporal: str, *arguments: str, namespace: str = "default") -> AsyncIterator[Program]:
    environ = {**os.environ, "TEMPORAL_ADDRESS": temporal, "TEMPORAL_NAMESPACE": namespace}
    command = [sys.executable, "-m", "tests.server.program", *(arguments or ["0"])]
    running = Program(await asyncio.create_subprocess_exec(*command, env=environ, stderr=PIPE))
    try:
        yield running
    finally:
        await running.kill()


@pytest.fixture
async def server(client: Client) -> AsyncIterator[Program]:
    """The server, connected to Temporal."""
    address = client.service_client.config.target_host
    async with program(address, namespace=client.namespace) as running:
        await running.says("connected to Temporal")
        yield running


async def status(port: int, body: dict[str, Any]) -> int:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
        return (await Zendesk(http, "acme").send(body)).status_code


async def test_it_listens_before_temporal_and_stores_as_soon_as_that_answers(
    say: embedded.Say, ticket_id: int, unused_tcp_port: int
) -> None:
    async with program(f"127.0.0.1:{unused_tcp_port}") as running:
        port = await running.port()
        assert await status(port, a_body(ticket_id)) == 503
        async with embedded.temporal_server(say=say, port=unused_tcp_port) as temporal:
            assert temporal.address == f"127.0.0.1:{unused_tcp_port}"
            await running.says("connected to Temporal")
            await running.says("search attributes are missing")
        assert len(running.events("waiting for Temporal: Temporal does not answer at")) == 1
        [missing] = running.events("search attributes are missing")
        assert missing["missing"] == [key.name for key in SEARCH_ATTRIBUTES]
        assert missing["command"].startswith("temporal operator search-attribute create --address 127.0.0.1:")


async def test_what_it_answers_202_is_in_temporal(server: Program, client: Client, ticket_id: int) -> None:
    assert await status(await server.port(), a_body(ticket_id)) == 202
    assert len(await stored_events(client, "acme", ticket_id)) == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_request_under_way_is_finished_before_it_ends_with_0(
    server: Program, client: Client, ticket_id: int, number: signal.Signals
) -> None:
    port = await server.port()
    raw = json.dumps(a_body(ticket_id)).encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    idle_reader, idle = await asyncio.open_connection("127.0.0.1", port)  # must not hold it up
    writer.write(head_of(raw) + raw[:100])
    await writer.drain()
    assert await is_alive(port)  # what was sent before is with the server now

    server.process.send_signal(number)
    await eventually(partial(refuses, port), what="it accepts nothing new")
    writer.write(raw[100:])
    assert b" 202 " in await reader.readline()
    assert await server.end() == 0
    assert len(await stored_events(client, "acme", ticket_id)) == 1
    for stream in (writer, idle):
        stream.transport.abort()
    assert server.events("Exception") == []
    assert idle_reader.at_eof()


def head_of(raw: bytes) -> bytes:
    headers = {"Host": "x", "Content-Length": str(len(raw)), **signed(raw, secret_of("acme"))}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"POST /webhooks/zendesk/acme HTTP/1.1\r\n{lines}\r\n".encode()


async def is_alive(port: int) -> bool:
    async with httpx.AsyncClient() as http:
        return (await http.get(f"http://127.0.0.1:{port}/livez")).is_success


def refuses(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


async def test_the_second_signal_does_not_wait_for_requests(server: Program, ticket_id: int) -> None:
    port = await server.port()
    raw = json.dumps(a_body(ticket_id)).encode()
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(head_of(raw) + raw[:100])
    await writer.drain()
    assert await is_alive(port)
    server.process.send_signal(signal.SIGTERM)
    await eventually(partial(refuses, port), what="it accepts nothing new")
    server.process.send_signal(signal.SIGTERM)
    assert await server.end(within=10) == 0
    writer.transport.abort()


async def test_while_it_still_waits_for_temporal_it_ends_at_once(unused_tcp_port: int) -> None:
    """Four times: a call that is under way at the end must not hold up the exit, which showed one time in two."""

    async def stopped_while_it_waits() -> int:
        async with program(f"127.0.0.1:{unused_tcp_port}") as running:
            await running.says("waiting for Temporal")
            running.process.send_signal(signal.SIGTERM)
            return await running.end()

    assert await asyncio.gather(*(stopped_while_it_waits() for _ in range(4))) == [0, 0, 0, 0]


async def test_metrics_have_an_address_of_their_own(client: Client, unused_tcp_port: int, ticket_id: int) -> None:
    metrics = f"127.0.0.1:{unused_tcp_port}"
    async with program(client.service_client.config.target_host, "0", metrics, namespace=client.namespace) as running:
        await running.says("connected to Temporal")
        assert await status(await running.port(), a_body(ticket_id)) == 202
        async with httpx.AsyncClient() as http:
            assert (
                'ticketsync_deliveries_total{desk="acme",outcome="stored"} 1.0'
                in (await http.get(f"http://{metrics}/metrics")).text
            )
        running.process.terminate()
        assert await running.end() == 0


async def test_settings_that_cannot_be_used_end_it_at_once() -> None:
    async with program("nonsense") as running:
        assert await running.process.wait() == 1
        assert running.events("listening") == []


# --- addresses and heads


def test_a_taken_address_is_an_error_that_says_what_to_do() -> None:
    with serving.listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(
            CannotListenError, match=rf"cannot listen on 127\.0\.0\.1:{port} \(Address already in use\)"
        ):
            serving.listen("127.0.0.1", port)


def test_an_address_that_is_not_ours_is_an_error() -> None:
    with pytest.raises(CannotListenError, match=r"cannot listen on 192\.0\.2\.1:8080"):
        serving.listen("192.0.2.1", 8080)


def test_it_can_listen_on_ipv6() -> None:
    with serving.listen("::1", 0) as listener:
        assert listener.getsockname()[0] == "::1"


@pytest.fixture
async def bounded(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[int]:
    """The port of an app whose senders get two seconds for a head."""
    monkeypatch.setattr(serving, "HEAD_SECONDS", 2)
    server = serving._Server(FastAPI(), "127.0.0.1", 0)
    port: int = server._socket.getsockname()[1]
    running = asyncio.create_task(server.run_until_stopped())
    yield port
    server.should_exit = True
    await running


async def all_it_says(reader: asyncio.StreamReader) -> bytes:
    """What comes until the server hangs up, as it may do while we still send: that resets the connection."""
    said = bytearray()
    with suppress(ConnectionResetError):
        while part := await reader.read(65_536):
            said += part
    return bytes(said)


async def answer_to(port: int, *parts: bytes) -> bytes:
    """All that the server says until it hangs up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for part in parts:
        writer.write(part)
    async with asyncio.timeout(30):
        answer = await all_it_says(reader)
    writer.transport.abort()
    return answer


@pytest.mark.parametrize(
    "sent",
    [b"", b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n", b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\nGET /"],
)
async def test_who_does_not_finish_a_head_is_hung_up_on(bounded: int, sent: bytes) -> None:
    answer = await answer_to(bounded, sent)
    assert answer.count(b"HTTP/1.1 200 OK") == (1 if b"\r\n\r\n" in sent else 0)


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /" + b"x" * 40_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + b"x" * 40_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X-Many: x\r\n" * 5_000 + b"\r\n",
    ],
)
async def test_a_head_over_32_kibibytes_is_400(bounded: int, sent: bytes) -> None:
    assert (await answer_to(bounded, sent)).startswith(b"HTTP/1.1 400 ")


async def test_a_usual_head_is_answered(bounded: int) -> None:
    head = b"GET /openapi.json HTTP/1.1\r\nHost: x\r\nConnection: close\r\nCookie: " + b"x" * 8_000 + b"\r\n\r\n"
    assert (await answer_to(bounded, head)).startswith(b"HTTP/1.1 200 ")


CHUNKED = b"GET /openapi.json HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"


async def answer_to_ever_more(port: int, begin: bytes, more: bytes) -> bytes:
    """All that the server says to who sends `more` until it hangs up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(begin)
    answer = asyncio.create_task(all_it_says(reader))

    def is_hung_up_on() -> bool:
        writer.write(more)
        return answer.done()

    await eventually(is_hung_up_on, what="it hangs up")
    writer.transport.abort()
    return answer.result()


async def test_a_line_that_never_ends_is_not_kept_until_its_time_is_up(
    bounded: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "HEAD_SECONDS", 60)
    head = b"GET / HTTP/1.1\r\nHost: x\r\nX-Endless: "
    assert (await answer_to_ever_more(bounded, head, b"x" * 20_000)).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("line", [b"0\r\nX-Endless: ", b"1;x="], ids=["a trailer", "an extension of a chunk"])
async def test_nor_is_one_behind_the_head(bounded: int, monkeypatch: pytest.MonkeyPatch, line: bytes) -> None:
    monkeypatch.setattr(serving, "HEAD_SECONDS", 60)
    assert b"HTTP/1.1 400 " in await answer_to_ever_more(bounded, CHUNKED + line, b"x" * 20_000)


@pytest.mark.parametrize(
    ("head", "more"),
    [(CHUNKED, b"1\r\nx\r\n"), (b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n", b"\r\n")],
    ids=["more of its body", "empty lines"],
)
async def test_who_was_answered_and_sends_what_nobody_waits_for_is_hung_up_on(
    bounded: int, head: bytes, more: bytes
) -> None:
    assert (await answer_to_ever_more(bounded, head, more)).startswith(b"HTTP/1.1 200 ")


async def test_a_body_that_comes_after_the_answer_does_not_end_the_next_request(bounded: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", bounded)
    for _ in range(2):
        writer.write(CHUNKED)
        assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")
        length = int((await reader.readuntil(b"\r\n\r\n")).lower().partition(b"content-length: ")[2].split()[0])
        await reader.readexactly(length)
        writer.write(b"1\r\nx\r\n0\r\n\r\n")
    writer.transport.abort()
