"""Test calls of webhooks: ours is answered without Temporal, Zendesk's own public ones are told apart and refused."""

import json
from collections.abc import AsyncIterator, Callable

import httpx
import pytest

from tests.server.desks import a_desk, some_settings
from tests.server.zendesk import Zendesk, a_body
from ticketsync.sandbox.http import serve
from ticketsync.server import ServerMetrics, create_app
from ticketsync.settings import PUBLIC_TEST_SECRET
from ticketsync.zendesk.kinds import TEST_TYPE

OURS = json.dumps({"type": TEST_TYPE, "id": "1"}).encode()


@pytest.fixture
async def acme(metrics: ServerMetrics) -> AsyncIterator[Zendesk]:
    app = create_app(some_settings(a_desk("acme")), lambda: None, metrics=metrics)
    async with serve(app) as served, httpx.AsyncClient(base_url=served.url) as http:
        yield Zendesk(http, "acme")


async def test_our_test_call_is_understood_and_not_stored(acme: Zendesk, count: Callable[..., float]) -> None:
    response = await acme.send(OURS)
    assert (response.status_code, response.json()) == (200, {"status": "ignored", "reason": "test_call"})
    assert count("deliveries", desk="acme", outcome="ignored") == 1


async def test_our_test_call_is_refused_unless_it_is_signed_with_the_desks_secret(acme: Zendesk) -> None:
    response = await acme.send(OURS, secret="another")
    assert (response.status_code, response.json()["error"]) == (401, "wrong_signature")


@pytest.mark.parametrize("body", [OURS, json.dumps(a_body(1)).encode(), b"", b"not JSON"])
async def test_what_is_signed_with_the_public_secret_is_told_apart_and_refused(
    acme: Zendesk, body: bytes, count: Callable[..., float]
) -> None:
    response = await acme.send(body, secret=PUBLIC_TEST_SECRET)
    assert (response.status_code, response.json()["error"]) == (401, "test_signature")
    assert count("signature_failures", desk="acme", reason="test_signature") == 1
