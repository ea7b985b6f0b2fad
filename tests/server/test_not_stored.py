"""What cannot be stored is answered 503 with `Retry-After`, soon enough for Zendesk to hear it, and never forgotten."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import httpx
import pytest
from temporalio.client import Client
from temporalio.service import RPCStatusCode

from tests.server.desks import a_desk, secret_of, some_settings
from tests.server.refusing_temporal import refusing_temporal
from tests.server.zendesk import Zendesk, a_body, stored_events
from tests.support.wait import eventually
from ticketsync import embedded
from ticketsync.sandbox.http import serve
from ticketsync.server import ClientProvider, Limits, ServerMetrics, create_app
from ticketsync.temporal import data_converter, register_search_attributes

Count = Callable[..., float]


@asynccontextmanager
async def acme_before(
    temporal: ClientProvider, limits: Limits | None = None, metrics: ServerMetrics | None = None
) -> AsyncIterator[Zendesk]:
    """Desk `acme`, served before this Temporal."""
    app = create_app(some_settings(a_desk("acme"), a_desk("default")), temporal, limits=limits, metrics=metrics)
    async with serve(app) as served, httpx.AsyncClient(base_url=served.url) as http:
        yield Zendesk(http, "acme")


def assert_zendesk_sends_again(response: httpx.Response) -> None:
    assert response.status_code == 503
    assert response.json()["error"] == "not_stored"
    # Zendesk repeats a 503 only with a pause below a minute (reference/zendesk-api §2).
    assert response.headers["Retry-After"] == "30"


async def test_before_temporal_answers_events_are_sent_back(
    ticket_id: int, metrics: ServerMetrics, count: Count
) -> None:
    async with acme_before(lambda: None, metrics=metrics) as acme:
        assert_zendesk_sends_again(await acme.send(a_body(ticket_id)))
    assert count("deliveries", desk="acme", outcome="not_stored") == 1


async def test_before_temporal_answers_the_older_form_is_sent_back_too(ticket_id: int) -> None:
    app = create_app(some_settings(a_desk("default")), lambda: None)
    async with serve(app) as served, httpx.AsyncClient(base_url=served.url) as http:
        headers = {"X-Webhook-Secret": secret_of("default")}
        assert_zendesk_sends_again(await http.post("/webhook", json={"ticket": {"id": ticket_id}}, headers=headers))


async def test_as_soon_as_temporal_answers_events_are_stored(client: Client, ticket_id: int) -> None:
    found: list[Client] = []
    async with acme_before(lambda: found[0] if found else None) as acme:
        assert (await acme.send(a_body(ticket_id))).status_code == 503
        found.append(client)
        assert (await acme.send(a_body(ticket_id))).status_code == 202


@pytest.mark.parametrize(
    "status",
    [
        RPCStatusCode.INVALID_ARGUMENT,
        RPCStatusCode.NOT_FOUND,
        RPCStatusCode.ALREADY_EXISTS,
        RPCStatusCode.PERMISSION_DENIED,
        RPCStatusCode.FAILED_PRECONDITION,
        RPCStatusCode.UNIMPLEMENTED,
        RPCStatusCode.UNAUTHENTICATED,
        # these the SDK repeats by itself until our own limit
        RPCStatusCode.UNKNOWN,
        RPCStatusCode.DEADLINE_EXCEEDED,
        RPCStatusCode.RESOURCE_EXHAUSTED,
        RPCStatusCode.INTERNAL,
        RPCStatusCode.UNAVAILABLE,
        None,  # no answer at all
    ],
)
async def test_whatever_temporal_says_the_event_is_sent_back(status: RPCStatusCode | None, ticket_id: int) -> None:
    async with refusing_temporal(status) as address:
        client = await Client.connect(address, data_converter=data_converter())
        async with acme_before(lambda: client, Limits(store_seconds=0.3)) as acme:
            assert_zendesk_sends_again(await acme.send(a_body(ticket_id)))


async def test_a_namespace_without_our_search_attributes_loses_nothing(
    temporal_server: embedded.EmbeddedTemporal, say: embedded.Say, ticket_id: int
) -> None:
    async with embedded.temporal_server(say=say, port=0) as bare:
        client = await Client.connect(bare.address, data_converter=data_converter())
        async with acme_before(lambda: client) as acme:
            assert_zendesk_sends_again(await acme.send(a_body(ticket_id)))
            await register_search_attributes(client)
            assert (await acme.send(a_body(ticket_id))).status_code == 202


def broken() -> Client:
    raise LookupError("an error of ours, which no code expects")


async def test_an_error_of_ours_is_sent_back_too(ticket_id: int) -> None:
    async with acme_before(broken) as acme:
        assert_zendesk_sends_again(await acme.send(a_body(ticket_id)))


async def test_a_client_that_cannot_be_used_is_sent_back_too(ticket_id: int) -> None:
    async with acme_before(object) as acme:  # type: ignore[arg-type]
        assert_zendesk_sends_again(await acme.send(a_body(ticket_id)))


async def test_an_outage_in_the_middle_is_answered_in_nine_seconds_and_survived(
    say: embedded.Say, temporal_server: embedded.EmbeddedTemporal, tmp_path: Path, ticket_id: int
) -> None:
    async with embedded.temporal_server(say=say, port=0, state_dir=tmp_path) as server:
        client = await Client.connect(server.address, data_converter=data_converter())
        await register_search_attributes(client)
        async with acme_before(lambda: client) as acme:
            before, between, after = a_body(ticket_id), a_body(ticket_id), a_body(ticket_id)
            assert (await acme.send(before)).status_code == 202
            await server.kill()
            started = time.monotonic()
            responses = await asyncio.gather(*(acme.send(between) for _ in range(20)))
            assert time.monotonic() - started < 9
            for response in responses:
                assert_zendesk_sends_again(response)
            await server.start()
            await eventually(partial(is_stored, acme, after))
        stored = [event.id for event in await stored_events(client, "acme", ticket_id)]
        assert (stored[0], stored[-1]) == (before["id"], after["id"])


async def is_stored(acme: Zendesk, body: dict[str, object]) -> bool:
    return (await acme.send(body)).status_code == 202
