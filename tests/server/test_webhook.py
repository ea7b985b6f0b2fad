"""The way of a delivery that is as it should be, and of each that is not."""

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError

from tests.server.desks import a_desk, secret_of, some_settings
from tests.server.zendesk import SUBJECT, Zendesk, a_body, signed, stored_events
from ticketsync import names
from ticketsync.names import ticket_workflow_id
from ticketsync.sandbox.http import serve
from ticketsync.server import create_app
from ticketsync.settings import PUBLIC_TEST_SECRET, Settings
from ticketsync.sync.policy import Policy
from ticketsync.sync.state import TicketState

Count = Callable[..., float]

# The signed example of reference/zendesk-api §3.
VECTOR_AT = "2026-01-15T10:00:01Z"
VECTOR_SIGNATURE = "E+xuNFlHGnlAO7HiRX7YaVaFUhCCnzkhwyeYWZ0VouA="
VECTOR = (
    b'{"account_id":11223344,"detail":{"actor_id":"8447388090494","assignee_id":"8447388090777","brand_id":"8447346621310"'
    b',"created_at":"2026-01-15T09:00:00Z","custom_status":"8447320465790","description":"Checkout returns 500",'
    b'"external_id":null,"form_id":"8646151517822","group_id":"8447320466430","id":"35436","is_public":true,'
    b'"organization_id":"8447346622462","priority":"NORMAL","requester_id":"8447388091001","status":"SOLVED",'
    b'"subject":"Checkout broken","submitter_id":"8447388091001","tags":["checkout"],"type":"INCIDENT",'
    b'"updated_at":"2026-01-15T10:00:00Z","via":{"channel":"mail"}},"event":{"current":"SOLVED","previous":"OPEN","meta":'
    b'{"sequence":{"id":"01KF0000000000000000000008","position":1}}},"id":"6f3c2a10-0000-4000-8000-000000000008",'
    b'"subject":"zen:ticket:35436","time":"2026-01-15T10:00:00.1Z","type":"zen:event-type:ticket.status_changed",'
    b'"zendesk_event_version":"2022-11-06"}'
)


async def started(client: Client, desk: str, ticket_id: int) -> bool:
    try:
        await client.get_workflow_handle(ticket_workflow_id(desk, ticket_id)).describe()
    except RPCError:
        return False
    return True


# --- stored


async def test_an_event_is_stored_before_it_is_answered(acme: Zendesk, client: Client, ticket_id: int) -> None:
    response = await acme.send(body := a_body(ticket_id))
    assert response.status_code == 202
    assert response.json() == {"status": "stored", "workflow_id": f"ticket-acme-{ticket_id}"}
    [event] = await stored_events(client, "acme", ticket_id)
    assert (event.id, event.ticket_id, event.kind, event.source) == (body["id"], ticket_id, "created", "webhook")
    assert event.time == "2026-01-15T09:05:00.412938114Z"
    assert event.invocation_id == "01HANA2B5D5W9XSJS3NE5SQA1J"
    assert event.hint is None
    assert event.snapshot is not None
    assert (event.snapshot.subject, event.snapshot.status) == (SUBJECT, "open")


async def test_the_first_event_starts_the_workflow_with_what_is_known(
    acme: Zendesk, client: Client, ticket_id: int
) -> None:
    await acme.send(a_body(ticket_id))
    handle = client.get_workflow_handle(ticket_workflow_id("acme", ticket_id))
    description = await handle.describe()
    assert description.status == WorkflowExecutionStatus.RUNNING
    assert (description.workflow_type, description.task_queue) == (names.TICKET_WORKFLOW, names.WORKFLOW_QUEUE)
    assert {pair.key: pair.value for pair in description.typed_search_attributes} == {
        names.DESK: "acme",
        names.TICKET_ID: str(ticket_id),
        names.TICKET_STATUS: "open",
        names.ASSIGNEE_ID: "8447388090777",
        names.SYNC_STATE: "pending",
    }
    assert await description.static_summary() == f"acme #{ticket_id}"
    start = (await handle.fetch_history()).events[0].workflow_execution_started_event_attributes.input
    assert len(start.payloads[0].data) < 60
    assert await client.data_converter.decode(start.payloads, [TicketState]) == [
        TicketState(desk="acme", ticket_id=ticket_id)
    ]


async def test_later_events_reach_the_same_run(acme: Zendesk, client: Client, ticket_id: int) -> None:
    for kind in ("created", "subject_changed", "status_changed"):
        assert (await acme.send(a_body(ticket_id, kind))).status_code == 202
    assert [event.kind for event in await stored_events(client, "acme", ticket_id)] == [
        "created",
        "subject_changed",
        "status_changed",
    ]


async def test_a_burst_for_one_ticket_is_stored_whole(acme: Zendesk, client: Client, ticket_id: int) -> None:
    bodies = [a_body(ticket_id, "subject_changed") for _ in range(40)]
    responses = await asyncio.gather(*map(acme.send, bodies))
    assert {response.status_code for response in responses} == {202}
    stored = {event.id for event in await stored_events(client, "acme", ticket_id)}
    assert stored == {body["id"] for body in bodies}


async def test_the_same_ticket_number_on_two_desks_is_two_tickets(
    http: httpx.AsyncClient, client: Client, ticket_id: int
) -> None:
    for desk in ("default", "acme"):
        assert (await Zendesk(http, desk).send(a_body(ticket_id))).status_code == 202
        assert len(await stored_events(client, desk, ticket_id)) == 1


async def test_a_trigger_body_is_stored_as_a_hint(acme: Zendesk, client: Client, ticket_id: int) -> None:
    assert (await acme.send({"ticket_id": str(ticket_id)})).status_code == 202
    [event] = await stored_events(client, "acme", ticket_id)
    assert (event.source, event.hint, event.snapshot) == ("trigger", "trigger", None)


async def test_a_body_is_verified_as_it_was_sent_not_as_we_would_write_it(
    acme: Zendesk, client: Client, ticket_id: int
) -> None:
    raw = json.dumps(a_body(ticket_id), indent=3, sort_keys=True).encode() + b"\n"
    assert (await acme.send(raw)).status_code == 202


async def test_a_body_of_exactly_one_mebibyte_is_taken(acme: Zendesk, ticket_id: int) -> None:
    raw = json.dumps(a_body(ticket_id)).encode()
    assert (await acme.send(raw + b" " * (1024 * 1024 - len(raw)))).status_code == 202


# --- ignored


@pytest.mark.parametrize("kind", ["comment_added", "csat_received", "followers_changed", "tags_changed", "made_up"])
async def test_what_no_task_depends_on_is_ignored(acme: Zendesk, client: Client, ticket_id: int, kind: str) -> None:
    response = await acme.send(a_body(ticket_id, kind))
    assert response.status_code == 200
    assert response.json().keys() == {"status", "reason"}
    assert response.json()["status"] == "ignored"
    assert not await started(client, "acme", ticket_id)


async def test_the_desks_policy_decides_what_matters(client: Client, ticket_id: int) -> None:
    settings = some_settings(a_desk("acme", policy=Policy(include_tags=("checkout",))))
    async with serve(create_app(settings, lambda: client)) as served, httpx.AsyncClient(base_url=served.url) as http:
        assert (await Zendesk(http, "acme").send(a_body(ticket_id, "tags_changed"))).status_code == 202


# --- not an event


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"[]",
        b'"text"',
        b"null",
        b"\xff\xfe",
        b"{}",
        b'{"type":"zen:event-type:ticket.created"}',
        b'{"ticket_id":"-1"}',
        b'{"ticket_id":' + b"[" * 100_000,
    ],
)
async def test_what_is_no_event_of_a_ticket_is_400(acme: Zendesk, raw: bytes, count: Count) -> None:
    response = await acme.send(raw)
    assert response.status_code == 400
    assert response.json()["error"] == "not_an_event"
    assert count("deliveries", desk="acme", outcome="not_an_event") == 1


# --- signatures


async def test_the_published_example_verifies(client: Client) -> None:
    settings = some_settings(a_desk("acme", PUBLIC_TEST_SECRET), signature_age=timedelta(days=3650))
    async with serve(create_app(settings, lambda: client)) as served, httpx.AsyncClient(base_url=served.url) as http:
        headers = {
            "X-Zendesk-Webhook-Signature": VECTOR_SIGNATURE,
            "X-Zendesk-Webhook-Signature-Timestamp": VECTOR_AT,
        }
        assert len(VECTOR) == 890
        response = await Zendesk(http, "acme").post(VECTOR, headers)
    assert response.status_code == 202
    assert [event.hint for event in await stored_events(client, "acme", 35436)] == ["clock"]


async def test_while_a_secret_is_replaced_both_are_good(client: Client, ticket_id: int) -> None:
    settings = some_settings(a_desk("acme", "the-old-secret", "the-new-secret"))
    async with serve(create_app(settings, lambda: client)) as served, httpx.AsyncClient(base_url=served.url) as http:
        acme = Zendesk(http, "acme")
        assert (await acme.send(a_body(ticket_id), secret="the-old-secret")).status_code == 202
        assert (await acme.send(a_body(ticket_id), secret="the-new-secret")).status_code == 202
        assert (await acme.send(a_body(ticket_id), secret="another-secret")).status_code == 401


SIGNATURE, TIMESTAMP = "X-Zendesk-Webhook-Signature", "X-Zendesk-Webhook-Signature-Timestamp"


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        (SIGNATURE, None, "no_signature"),
        (TIMESTAMP, None, "no_signature"),
        (SIGNATURE, "", "no_signature"),
        (SIGNATURE, "A" * 43 + "=", "wrong_signature"),
        (SIGNATURE, "\xe9\xff", "wrong_signature"),
        (TIMESTAMP, "2026-01-15T10:00:01Z", "wrong_signature"),
    ],
)
async def test_a_bad_or_missing_signature_is_401(
    acme: Zendesk, ticket_id: int, *, count: Count, name: str, value: str | None, reason: str
) -> None:
    raw = json.dumps(a_body(ticket_id)).encode()
    changed = {**signed(raw, secret_of("acme")), name: value}
    response = await acme.post(raw, {key: text for key, text in changed.items() if text is not None})
    assert (response.status_code, response.json()["error"]) == (401, reason)
    assert count("signature_failures", desk="acme", reason=reason) == 1


async def test_nothing_unverified_reaches_temporal(acme: Zendesk, client: Client, ticket_id: int) -> None:
    assert (await acme.send(a_body(ticket_id), secret="a-wrong-secret")).status_code == 401
    assert not await started(client, "acme", ticket_id)


async def test_a_body_that_was_changed_on_the_way_is_401(acme: Zendesk, ticket_id: int) -> None:
    raw = json.dumps(a_body(ticket_id)).encode()
    response = await acme.post(raw.replace(b"OPEN", b"HOLD"), signed(raw, secret_of("acme")))
    assert (response.status_code, response.json()["error"]) == (401, "wrong_signature")


async def test_the_secret_of_another_desk_is_not_good(acme: Zendesk, ticket_id: int) -> None:
    response = await acme.send(a_body(ticket_id), secret=secret_of("default"))
    assert (response.status_code, response.json()["error"]) == (401, "wrong_signature")


async def test_the_public_test_secret_is_not_good(acme: Zendesk, ticket_id: int) -> None:
    assert (await acme.send(a_body(ticket_id), secret=PUBLIC_TEST_SECRET)).status_code == 401


async def test_nothing_is_parsed_before_it_is_verified(acme: Zendesk) -> None:
    assert (await acme.send(b"not JSON", secret="a-wrong-secret")).status_code == 401


async def test_a_desk_without_a_secret_takes_nothing(client: Client, ticket_id: int, settings: Settings) -> None:
    desk = a_desk("acme")
    zendesk = desk.zendesk.model_copy(update={"webhook_secrets": ()})
    bare = some_settings(desk.model_copy(update={"zendesk": zendesk}))
    async with serve(create_app(bare, lambda: client)) as served, httpx.AsyncClient(base_url=served.url) as http:
        assert (await Zendesk(http, "acme").send(a_body(ticket_id))).status_code == 401
        assert (await Zendesk(http, "acme").send(a_body(ticket_id), secret="")).status_code == 401


# --- clocks


@pytest.mark.parametrize("minutes", [-4.9, 4.9])
async def test_clocks_that_differ_a_little_change_nothing(
    acme: Zendesk, client: Client, ticket_id: int, minutes: float
) -> None:
    assert (await acme.send(a_body(ticket_id), age=timedelta(minutes=minutes))).status_code == 202
    [event] = await stored_events(client, "acme", ticket_id)
    assert event.hint is None


@pytest.mark.parametrize("minutes", [-60 * 48, -5.1, 5.1, 60 * 23.9])
async def test_a_signature_of_another_time_is_stored_as_a_hint(
    acme: Zendesk, client: Client, ticket_id: int, minutes: float, count: Count
) -> None:
    body = a_body(ticket_id, "agent_assignment_changed", current=None, previous="8447388090777")
    assert (await acme.send(body, age=timedelta(minutes=minutes))).status_code == 202
    [event] = await stored_events(client, "acme", ticket_id)
    assert (event.hint, event.snapshot, event.kind) == ("clock", None, "agent_assignment_changed")
    assert event.previous_assignee_id == 8447388090777
    assert (event.id, event.clock) == (body["id"], None)
    assert count("clock_hints", desk="acme") == 1


async def test_a_hint_still_says_into_what_a_ticket_was_merged(acme: Zendesk, client: Client, ticket_id: int) -> None:
    await acme.send(a_body(ticket_id, "merged", target_ticket_id="35440"), age=timedelta(hours=1))
    [event] = await stored_events(client, "acme", ticket_id)
    assert (event.hint, event.kind, event.merged_into) == ("clock", "merged", 35440)


async def test_a_time_written_in_a_new_way_loses_nothing(acme: Zendesk, client: Client, ticket_id: int) -> None:
    assert (await acme.send(a_body(ticket_id), timestamp="1768471201")).status_code == 202
    [event] = await stored_events(client, "acme", ticket_id)
    assert event.hint == "clock"


async def test_a_signature_older_than_a_day_is_401(acme: Zendesk, client: Client, ticket_id: int) -> None:
    response = await acme.send(a_body(ticket_id), age=timedelta(hours=24, minutes=1))
    assert (response.status_code, response.json()["error"]) == (401, "too_old")
    assert not await started(client, "acme", ticket_id)


async def test_what_is_ignored_is_ignored_at_any_time(acme: Zendesk, ticket_id: int, count: Count) -> None:
    response = await acme.send(a_body(ticket_id, "comment_added"), age=timedelta(hours=1))
    assert response.json()["status"] == "ignored"
    assert count("clock_hints", desk="acme") == 0


# --- accounts


async def test_a_desk_belongs_to_the_account_that_it_first_heard_of(
    acme: Zendesk, client: Client, ticket_id: int
) -> None:
    assert (await acme.send(a_body(ticket_id, account=1))).status_code == 202
    response = await acme.send(a_body(ticket_id, account=2))
    assert (response.status_code, response.json()["error"]) == (401, "account_mismatch")
    assert (await acme.send(a_body(ticket_id, account=1))).status_code == 202
    assert len(await stored_events(client, "acme", ticket_id)) == 2


async def test_each_desk_has_an_account_of_its_own(http: httpx.AsyncClient, ticket_id: int) -> None:
    assert (await Zendesk(http, "default").send(a_body(ticket_id, account=1))).status_code == 202
    assert (await Zendesk(http, "acme").send(a_body(ticket_id, account=2))).status_code == 202


async def test_a_body_that_names_no_account_is_good(acme: Zendesk, ticket_id: int) -> None:
    assert (await acme.send(a_body(ticket_id, account=1))).status_code == 202
    assert (await acme.send({"ticket_id": ticket_id})).status_code == 202


async def test_neither_an_old_nor_a_wrongly_signed_delivery_teaches_the_account(acme: Zendesk, ticket_id: int) -> None:
    assert (await acme.send(a_body(ticket_id, account=1), age=timedelta(hours=1))).status_code == 202
    assert (await acme.send(a_body(ticket_id, account=1), secret="a-wrong-secret")).status_code == 401
    assert (await acme.send(a_body(ticket_id, account=2))).status_code == 202


# --- the older form


async def send_older(http: httpx.AsyncClient, content: Any, secret: str | None) -> httpx.Response:
    headers = {} if secret is None else {"X-Webhook-Secret": secret}
    return await http.post("/webhook", json=content, headers=headers)


async def test_the_older_form_is_a_hint_for_the_desk_default(
    http: httpx.AsyncClient, client: Client, ticket_id: int
) -> None:
    ticket = {"id": ticket_id, "subject": SUBJECT, "status": "open", "assignee_id": 7}
    response = await send_older(http, {"event_type": "ticket.updated", "ticket": ticket}, secret_of("default"))
    assert response.status_code == 202
    assert response.json() == {"status": "stored", "workflow_id": f"ticket-default-{ticket_id}"}
    [event] = await stored_events(client, "default", ticket_id)
    assert (event.hint, event.snapshot, event.previous_assignee_id) == ("older_form", None, 7)


@pytest.mark.parametrize("secret", [None, "", "wrong", secret_of("acme"), f"{secret_of('default')} "[:-2]])
async def test_the_older_form_needs_a_secret_of_its_desk(
    http: httpx.AsyncClient, client: Client, ticket_id: int, secret: str | None, count: Count
) -> None:
    response = await send_older(http, {"event_type": "x", "ticket": {"id": ticket_id}}, secret)
    assert (response.status_code, response.json()["error"]) == (401, "wrong_secret")
    assert not await started(client, "default", ticket_id)
    assert count("signature_failures", desk="default", reason="wrong_secret") == 1


@pytest.mark.parametrize("content", [[], {}, {"ticket": {"id": "x"}}, {"ticket": 5}])
async def test_an_older_form_without_a_ticket_is_400(http: httpx.AsyncClient, content: Any) -> None:
    response = await send_older(http, content, secret_of("default"))
    assert (response.status_code, response.json()["error"]) == (400, "not_an_event")


async def test_without_a_desk_default_there_is_no_older_form(client: Client) -> None:
    app = create_app(some_settings(a_desk("acme")), lambda: client)
    async with serve(app) as served, httpx.AsyncClient(base_url=served.url) as http:
        response = await send_older(http, {"ticket": {"id": 1}}, secret_of("acme"))
    assert (response.status_code, response.json()["error"]) == (404, "unknown_desk")
