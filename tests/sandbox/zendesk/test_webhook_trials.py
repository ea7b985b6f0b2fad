"""The test call of a webhook (reference/zendesk-api §3, §4)."""

import json
from typing import Any

import pytest
from fastapi import Response

from tests.sandbox.zendesk.conftest import Desk
from ticketsync.sandbox.zendesk.signature import TEST_SECRET

TEST = "/api/v2/webhooks/test"


async def try_out(desk: Desk, webhook_id: str | None = None, **request: Any) -> dict[str, Any]:
    query = {"webhook_id": webhook_id} if webhook_id else {}
    answer = await desk.client.post(TEST, params=query, json={"request": request})
    assert answer.status_code == 200, answer.text
    response: dict[str, Any] = answer.json()["response"]
    return response


async def secret_of(desk: Desk, webhook_id: str) -> str:
    return str((await desk.get(f"/api/v2/webhooks/{webhook_id}/signing_secret"))["signing_secret"]["secret"])


async def test_an_existing_webhook_is_tested_as_it_is_signed_with_its_own_secret(desk: Desk) -> None:
    webhook_id = await desk.subscribe("created", custom_headers={"X-A": "b"})
    desk.receiver.answers = [Response('{"ok": true}', status_code=200, headers={"X-Receiver": "ours"})]
    response = await try_out(desk, webhook_id)
    assert (response["status_code"], json.loads(response["payload"])) == (200, {"ok": True})
    assert {"key": "x-receiver", "value": "ours"} in response["headers"]
    (received,) = desk.receiver.received
    assert received.raw == b""
    assert received.signed_with(await secret_of(desk, webhook_id))
    assert (received.headers["x-zendesk-webhook-id"], received.headers["x-a"]) == (webhook_id, "b")


async def test_what_the_request_says_goes_before_what_the_webhook_has(desk: Desk) -> None:
    webhook_id = await desk.subscribe("created", endpoint="https://x.example/nowhere")
    response = await try_out(desk, webhook_id, endpoint=desk.receiver.url, payload='{"ticket_id": 1}')
    assert response["status_code"] == 202
    assert desk.receiver.received[0].raw == b'{"ticket_id": 1}'
    webhook = (await desk.get(f"/api/v2/webhooks/{webhook_id}"))["webhook"]
    assert webhook["endpoint"] == "https://x.example/nowhere"


async def test_a_webhook_that_does_not_exist_yet_is_tested_with_the_public_secret(desk: Desk) -> None:
    response = await try_out(desk, endpoint=desk.receiver.url, http_method="POST", request_format="json")
    (received,) = desk.receiver.received
    assert response["status_code"] == 202
    assert received.signed_with(TEST_SECRET)
    assert "x-zendesk-webhook-id" not in received.headers


async def test_it_can_be_switched_to_the_public_secret_for_all(desk: Desk) -> None:
    await desk.control("PATCH", "/settings", delivery={"tests_signed_publicly": True})
    webhook_id = await desk.subscribe("created")
    await try_out(desk, webhook_id)
    assert desk.receiver.received[0].signed_with(TEST_SECRET)
    assert not desk.receiver.received[0].signed_with(await secret_of(desk, webhook_id))


async def test_a_refusal_of_the_endpoint_is_still_an_answer(desk: Desk) -> None:
    desk.receiver.answers = [Response("no", status_code=401)]
    response = await try_out(desk, endpoint=desk.receiver.url)
    assert (response["status_code"], response["payload"]) == (401, "no")


async def test_an_endpoint_that_does_not_answer_is_told_by_the_status(desk: Desk, unused_port: int) -> None:
    await desk.control("PATCH", "/settings", delivery={"timeout_seconds": 0.5})
    desk.receiver.silent = 1
    assert (await try_out(desk, endpoint=desk.receiver.url))["status_code"] == 504
    assert (await try_out(desk, endpoint=f"http://127.0.0.1:{unused_port}/"))["status_code"] == 502


async def test_test_calls_are_neither_logged_nor_repeated(desk: Desk) -> None:
    webhook_id = await desk.subscribe("created")
    desk.receiver.answers = [Response(status_code=409)]
    await try_out(desk, webhook_id)
    assert len(desk.receiver.received) == 1
    assert (await desk.get(f"/api/v2/webhooks/{webhook_id}/invocations"))["invocations"] == []


async def test_twenty_test_calls_a_minute_are_allowed(desk: Desk) -> None:
    await desk.control("PATCH", "/settings", limits={"webhook_tests": 1})
    body = {"request": {"endpoint": desk.receiver.url}}
    first = await desk.client.post(TEST, json=body)
    assert (first.status_code, first.headers["x-rate-limit"]) == (200, "1")
    assert (await desk.client.post(TEST, json=body)).status_code == 429
    assert (await desk.client.get("/api/v2/webhooks")).headers["x-rate-limit"] == "100"


@pytest.mark.parametrize(
    "body", [{}, {"request": {}}, {"request": {"endpoint": "https://x.example", "http_method": 1}}]
)
async def test_a_test_of_nothing_is_refused(desk: Desk, body: dict[str, Any]) -> None:
    assert (await desk.client.post(TEST, json=body)).status_code == 400
    assert (await desk.client.post(TEST, params={"webhook_id": "01HAN"}, json={"request": {}})).status_code == 404
