"""How deliveries go out: headers, signature, retries, disturbing rules (reference/zendesk-api §1.1, §2)."""

import asyncio
import base64
import re
from typing import Any

import pytest
from fastapi import Response

from tests.sandbox.zendesk.conftest import Desk
from ticketsync.sandbox.zendesk.invocation import Attempt, wait_before_retry


async def _delivery(desk: Desk, **query: Any) -> dict[str, Any]:
    """The one delivery of the log that fits."""
    (delivery,) = (await desk.get("/sandbox/deliveries", **query))["deliveries"]
    found: dict[str, Any] = delivery
    return found


async def test_the_request_carries_the_recorded_headers_and_a_good_signature(desk: Desk) -> None:
    webhook_id = await desk.subscribe("created")
    secret = (await desk.get(f"/api/v2/webhooks/{webhook_id}/signing_secret"))["signing_secret"]["secret"]
    await desk.create(subject="Ümlaut 日本")
    await desk.settle()
    (request,) = desk.receiver.received
    assert request.headers["user-agent"] == "Zendesk Webhook"
    assert request.headers["content-type"] == "application/json; charset=utf-8"
    assert request.headers["x-zendesk-account-id"] == "11223344"
    assert request.headers["x-zendesk-webhook-id"] == webhook_id
    assert re.fullmatch(r"[0-9A-Z]{26}", request.headers["x-zendesk-webhook-invocation-id"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", request.headers["x-zendesk-webhook-signature-timestamp"])
    assert request.signed_with(secret)
    assert not request.signed_with(secret + "x")
    assert request.event["detail"]["subject"] == "Ümlaut 日本"


@pytest.mark.parametrize(
    ("authentication", "header", "value"),
    [
        (
            {"type": "basic_auth", "data": {"username": "u", "password": "p"}},
            "authorization",
            f"Basic {base64.b64encode(b'u:p').decode()}",
        ),
        ({"type": "bearer_token", "data": {"token": "t"}}, "authorization", "Bearer t"),
        ({"type": "api_key", "data": {"name": "X-Key", "value": "k"}}, "x-key", "k"),
    ],
)
async def test_a_webhook_signs_in_at_its_endpoint(
    desk: Desk, authentication: dict[str, Any], header: str, value: str
) -> None:
    await desk.subscribe("created", authentication=authentication, custom_headers={"X-Room": "1"})
    await desk.create()
    await desk.settle()
    (request,) = desk.receiver.received
    assert (request.headers[header], request.headers["x-room"]) == (value, "1")


@pytest.mark.parametrize(
    ("status", "headers", "attempts"),
    [
        (409, {}, 4),
        (429, {"Retry-After": "59"}, 6),
        (503, {"Retry-After": "5"}, 6),
        (503, {}, 1),
        (503, {"Retry-After": "60"}, 1),
        (429, {"Retry-After": "soon"}, 1),
        (500, {"Retry-After": "5"}, 1),
        (502, {}, 1),
        (401, {}, 1),
        (404, {}, 1),
        (302, {"Location": "/hook"}, 1),
    ],
)
async def test_what_is_retried_and_what_is_final(
    desk: Desk, status: int, headers: dict[str, str], attempts: int
) -> None:
    await desk.subscribe("created")
    desk.receiver.answers = [Response(status_code=status, headers=headers) for _ in range(10)]
    await desk.create()
    await desk.settle()
    assert len(desk.receiver.received) == attempts
    delivery = await _delivery(desk)
    assert (delivery["state"], len(delivery["attempts"])) == ("terminated", attempts)
    assert {attempt["status_code"] for attempt in delivery["attempts"]} == {status}


async def test_a_timeout_is_tried_five_more_times(desk: Desk) -> None:
    await desk.control("PATCH", "/settings", delivery={"timeout_seconds": 0.05})
    await desk.subscribe("created")
    desk.receiver.silent = 10
    await desk.create()
    await desk.settle()
    delivery = await _delivery(desk)
    assert delivery["state"] == "terminated"
    assert [attempt["timed_out"] for attempt in delivery["attempts"]] == [True] * 6


async def test_a_retry_that_succeeds_keeps_invocation_and_event(desk: Desk) -> None:
    await desk.subscribe("created")
    desk.receiver.answers = [Response(status_code=409), Response(status_code=409)]
    await desk.create()
    await desk.settle()
    assert (await _delivery(desk))["state"] == "success"
    assert len(desk.receiver.received) == 3
    assert len({one.headers["x-zendesk-webhook-invocation-id"] for one in desk.receiver.received}) == 1
    assert len({one.raw for one in desk.receiver.received}) == 1


async def test_a_receiver_that_nobody_serves_is_final(desk: Desk, unused_port: int) -> None:
    await desk.subscribe("created", endpoint=f"http://127.0.0.1:{unused_port}/hook")
    await desk.create()
    await desk.settle()
    (attempt,) = (await _delivery(desk))["attempts"]
    assert (attempt["status_code"], attempt["timed_out"]) == (None, False)


def _attempts(*codes: int | None, retry_after: float | None = None) -> list[Attempt]:
    return [
        Attempt(at="2026-01-15T10:00:00Z", seconds=1, status_code=code, timed_out=code is None, retry_after=retry_after)
        for code in codes
    ]


def test_the_waits_grow_and_follow_what_the_receiver_asks_for() -> None:
    assert [wait_before_retry(_attempts(*[409] * n)) for n in (1, 2, 3, 4)] == [2, 4, 8, None]
    assert [wait_before_retry(_attempts(*[None] * n)) for n in (1, 5, 6)] == [2, 32, None]
    assert wait_before_retry(_attempts(503, retry_after=30)) == 30
    assert wait_before_retry(_attempts(503, retry_after=60)) is None


def test_each_cause_has_its_own_count() -> None:
    assert wait_before_retry(_attempts(None, None, 409, 409, None, 409)) == 8


async def test_events_of_a_ticket_arrive_in_order(desk: Desk) -> None:
    await desk.subscribe("subject_changed")
    ticket = await desk.create(subject="0")
    for number in range(1, 11):
        await desk.update(ticket, subject=str(number))
    await desk.settle()
    arrived = [one.event["event"]["current"] for one in desk.receiver.received]
    assert arrived == [str(number) for number in range(1, 11)]


async def test_a_retry_does_not_hold_up_the_next_event(desk: Desk) -> None:
    await desk.control("PATCH", "/settings", delivery={"retry_time_factor": 0.5})
    await desk.subscribe("created", "subject_changed")
    desk.receiver.answers = [Response(status_code=409)]
    ticket = await desk.create()
    await desk.update(ticket, subject="Later")
    await desk.settle()
    assert desk.receiver.names == ["created", "subject_changed", "created"]


async def test_a_duplicate_has_the_same_event_and_another_invocation(desk: Desk) -> None:
    await desk.control("POST", "/delivery-rules", kind="duplicate", copies=2)
    await desk.subscribe("created")
    await desk.create()
    await desk.settle()
    assert len({one.raw for one in desk.receiver.received}) == 1
    assert len({one.headers["x-zendesk-webhook-invocation-id"] for one in desk.receiver.received}) == 3


async def test_a_dropped_delivery_is_logged_but_never_sent(desk: Desk) -> None:
    await desk.control("POST", "/delivery-rules", kind="drop", event_type="subject_changed", times=1)
    await desk.subscribe("created", "subject_changed")
    ticket = await desk.create()
    await desk.update(ticket, subject="Lost")
    await desk.update(ticket, subject="Heard")
    await desk.settle()
    assert [one.event["detail"]["subject"] for one in desk.receiver.received] == ["", "Heard"]
    assert (await _delivery(desk, state="dropped"))["attempts"] == []


async def test_a_rule_can_name_a_ticket(desk: Desk) -> None:
    await desk.subscribe("created")
    await desk.control("POST", "/delivery-rules", kind="drop", ticket_id=2)
    created = [await desk.create() for _ in range(3)]
    await desk.settle()
    heard = {one.event["detail"]["id"] for one in desk.receiver.received}
    assert heard == {str(ticket["id"]) for ticket in created if ticket["id"] != 2}


async def test_a_delayed_delivery_is_passed_by_later_ones(desk: Desk) -> None:
    await desk.control("POST", "/delivery-rules", kind="delay", event_type="merged", seconds=1)
    source, target = await desk.create(), await desk.create()
    await desk.subscribe("merged", "status_changed")
    await desk.client.post(f"/api/v2/tickets/{target['id']}/merge", json={"ids": [source["id"]]})
    assert (await desk.get("/sandbox/idle"))["idle"] is False
    await desk.settle()
    assert desk.receiver.names == ["status_changed", "merged"]


async def test_reordering_mixes_within_its_window_and_loses_nothing(desk: Desk) -> None:
    await desk.control("POST", "/delivery-rules", kind="reorder", seconds=0.3)
    await desk.subscribe("subject_changed")
    ticket = await desk.create(subject="0")
    for number in range(1, 13):
        await desk.update(ticket, subject=str(number))
    await desk.settle()
    arrived = [int(one.event["event"]["current"]) for one in desk.receiver.received]
    assert sorted(arrived) == list(range(1, 13))
    assert arrived != sorted(arrived)


async def test_probability_is_that_of_the_seeded_dice(desk: Desk) -> None:
    async def dropped() -> list[int]:
        await desk.control("POST", "/reset")
        await desk.control("POST", "/delivery-rules", kind="drop", probability=0.5)
        await desk.subscribe("created")
        for _ in range(20):
            await desk.create()
        await desk.settle()
        return [one["ticket_id"] for one in (await desk.get("/sandbox/deliveries", state="dropped"))["deliveries"]]

    first = await dropped()
    assert 4 <= len(first) <= 16
    assert await dropped() == first


async def test_rules_are_listed_and_taken_back(desk: Desk) -> None:
    await desk.control("POST", "/delivery-rules", kind="drop")
    assert [rule["kind"] for rule in (await desk.get("/sandbox/delivery-rules"))["rules"]] == ["drop"]
    await desk.control("DELETE", "/delivery-rules")
    await desk.subscribe("created")
    await desk.create()
    assert await desk.told() == ["created"]


async def test_an_old_event_can_be_sent_again(desk: Desk) -> None:
    await desk.subscribe("created", "subject_changed")
    ticket = await desk.create(subject="Old")
    await desk.update(ticket, subject="New")
    await desk.settle()
    created = await _delivery(desk, event_type="created")
    await desk.control("POST", f"/deliveries/{created['id']}/resend")
    await desk.settle()
    assert desk.receiver.names == ["created", "subject_changed", "created"]
    assert desk.receiver.received[0].raw == desk.receiver.received[2].raw


async def test_a_reset_secret_signs_the_next_attempt(desk: Desk) -> None:
    webhook_id = await desk.subscribe("created")
    answer = await desk.client.post(f"/api/v2/webhooks/{webhook_id}/signing_secret")
    await desk.create()
    await desk.settle()
    assert desk.receiver.received[0].signed_with(answer.json()["signing_secret"]["secret"])


async def test_deleting_the_webhook_ends_its_retries(desk: Desk) -> None:
    await desk.control("PATCH", "/settings", delivery={"retry_time_factor": 0.05})
    webhook_id = await desk.subscribe("created")
    desk.receiver.answers = [Response(status_code=409) for _ in range(10)]
    await desk.create()
    async with asyncio.timeout(30):
        while not desk.receiver.received:
            await desk.get("/sandbox/idle")
    await desk.client.delete(f"/api/v2/webhooks/{webhook_id}")
    await desk.settle()
    assert (await _delivery(desk))["state"] == "terminated"
    assert len(desk.receiver.received) < 4
