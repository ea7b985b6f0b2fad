"""Senders that send too much, too slowly, to nobody, or hang up."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import httpx
import pytest
from temporalio.client import Client

from tests.server.desks import a_desk, some_settings
from tests.server.zendesk import Zendesk, a_body
from tests.support.wait import eventually
from ticketsync.sandbox.http import Served, serve
from ticketsync.server import Limits, create_app

Count = Callable[..., float]

MEBIBYTE = 1024 * 1024
OF_A_TICKET = ("", "/why", "/retry", "/resync", "/link", "/unlink")
SIGNED = "X-Zendesk-Webhook-Signature: x\r\nX-Zendesk-Webhook-Signature-Timestamp: 2026-01-15T10:00:01Z\r\n"


@pytest.fixture
async def served(client: Client) -> AsyncIterator[Served]:
    """Desk `acme`, whose senders get two seconds for a body."""
    limits = Limits(body_seconds=2)
    async with serve(create_app(some_settings(a_desk("acme")), lambda: client, limits=limits)) as served:
        yield served


class Raw:
    """A connection on which anything can be sent."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self.writer = writer

    def begin(self, desk: str, *headers: str) -> None:
        lines = [f"POST /webhooks/zendesk/{desk} HTTP/1.1", "Host: localhost", *headers]
        self.writer.write(("\r\n".join(lines) + "\r\n" + SIGNED + "\r\n").encode())

    async def status(self) -> int:
        """The status of the answer."""
        async with asyncio.timeout(30):
            return int((await self._reader.readline()).split()[1])

    async def is_closed(self) -> None:
        """Return when the server has hung up after its answer, as it may do while we still send."""
        async with asyncio.timeout(30):
            with suppress(ConnectionResetError):
                await self._reader.read()


@asynccontextmanager
async def connected(served: Served) -> AsyncIterator[Raw]:
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    try:
        yield Raw(reader, writer)
    finally:
        writer.transport.abort()


async def test_an_unknown_desk_is_404_before_the_body_is_read(served: Served) -> None:
    async with connected(served) as raw:
        raw.begin("nobody", "Content-Length: 1000")
        assert await raw.status() == 404
        await raw.is_closed()


async def test_an_unsigned_delivery_is_401_before_the_body_is_read(served: Served) -> None:
    async with connected(served) as raw:
        raw.writer.write(b"POST /webhooks/zendesk/acme HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n")
        assert await raw.status() == 401
        await raw.is_closed()


async def test_a_body_announced_over_one_mebibyte_is_413_before_it_is_read(served: Served) -> None:
    async with connected(served) as raw:
        raw.begin("acme", f"Content-Length: {MEBIBYTE + 1}")
        assert await raw.status() == 413
        await raw.is_closed()


async def test_a_body_over_one_mebibyte_is_413_also_when_nobody_announced_it(served: Served) -> None:
    async with connected(served) as raw:
        raw.begin("acme", "Transfer-Encoding: chunked")
        for _ in range(17):
            raw.writer.write(b"10000\r\n" + b" " * 0x10000 + b"\r\n")
        assert await raw.status() == 413
        await raw.is_closed()


async def test_a_chunked_body_that_never_ends_is_408(served: Served) -> None:
    async with connected(served) as raw:
        raw.begin("acme", "Transfer-Encoding: chunked")
        raw.writer.write(b"1\r\n{\r\n")
        assert await raw.status() == 408
        await raw.is_closed()


async def test_a_body_that_trickles_in_is_408(served: Served) -> None:
    async with connected(served) as raw:
        raw.begin("acme", "Content-Length: 1000")
        answer = asyncio.create_task(raw.status())

        def answered_after_one_more() -> bool:
            raw.writer.write(b" ")
            return answer.done()

        await eventually(answered_after_one_more)
        assert answer.result() == 408


async def test_a_sender_that_hangs_up_in_the_middle_harms_nobody(served: Served, ticket_id: int) -> None:
    async with connected(served) as raw:
        raw.begin("acme", "Content-Length: 1000")
        raw.writer.write(b"{")
        await raw.writer.drain()
    async with httpx.AsyncClient(base_url=served.url) as http:
        assert (await Zendesk(http, "acme").send(a_body(ticket_id))).status_code == 202


async def test_desks_that_are_not_ours_do_not_become_labels(http: httpx.AsyncClient, count: Count) -> None:
    for desk in ("invented", "x" * 200, "%2e%2e"):
        response = await http.post(f"/webhooks/zendesk/{desk}", content=b"{}")
        assert (response.status_code, response.json()["error"]) == (404, "unknown_desk")
    assert count("deliveries", desk="unknown", outcome="unknown_desk") == 3


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/webhooks/zendesk/acme", 405),
        ("PUT", "/webhook", 405),
        ("GET", "/nowhere", 404),
        ("POST", "/webhooks/zendesk/acme/", 404),
        ("POST", "/webhooks/zendesk/", 404),
        ("GET", "/docs", 404),
        ("GET", "/metrics", 404),
    ],
)
async def test_other_methods_and_addresses_are_answered_in_the_same_form(
    http: httpx.AsyncClient, method: str, path: str, status: int
) -> None:
    response = await http.request(method, path)
    assert response.status_code == status
    assert response.json().keys() == {"error", "message"}


async def test_the_routes_describe_themselves(http: httpx.AsyncClient) -> None:
    paths = (await http.get("/openapi.json")).json()["paths"]
    assert paths.keys() == {
        "/webhooks/zendesk/{desk}",
        "/webhook",
        "/livez",
        "/healthz",
        "/api/v1/desks/{desk}/tickets",
        "/codec",
        "/codec/decode",
        "/codec/encode",
        *(f"/api/v1/desks/{{desk}}/tickets/{{ticket_id}}{end}" for end in OF_A_TICKET),
    }
    answers = paths["/webhooks/zendesk/{desk}"]["post"]["responses"].keys()
    assert {"200", "202", "400", "401", "404", "408", "413", "503"} <= answers
