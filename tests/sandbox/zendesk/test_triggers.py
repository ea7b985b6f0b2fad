"""Triggers: which changes fire them, and what they have sent (reference/zendesk-api §1.7, §5)."""

import json
from typing import Any
from urllib.parse import parse_qsl

import pytest

from tests.sandbox.zendesk.conftest import ANN, BEN, CUSTOMER, Desk

OF_TRIGGERS = "conditional_ticket_events"
FIELD = 8447320467001  # of the default settings
BODY = '{"id": "{{ticket.id}}", "status": "{{ticket.status}}"}'


async def a_webhook(desk: Desk, **fields: Any) -> str:
    sent = {"name": "of triggers", "status": "active", "endpoint": desk.receiver.url, "http_method": "POST"}
    sent |= {"request_format": "json", "subscriptions": [OF_TRIGGERS]} | fields
    answer = await desk.client.post("/api/v2/webhooks", json={"webhook": sent})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["webhook"]["id"])


async def a_trigger(desk: Desk, webhook_id: str, body: Any = BODY, **fields: Any) -> dict[str, Any]:
    actions = [{"field": "notification_webhook", "value": [webhook_id, body]}]
    answer = await desk.client.post("/api/v2/triggers", json={"trigger": {"title": "t", "actions": actions} | fields})
    assert answer.status_code == 201, answer.text
    trigger: dict[str, Any] = answer.json()["trigger"]
    return trigger


async def sent(desk: Desk) -> list[bytes]:
    """The bodies sent since the last call, when all are through."""
    await desk.settle()
    bodies = [one.raw for one in desk.receiver.received]
    desk.receiver.received.clear()
    return bodies


def condition(field: str, operator: str, value: Any = None) -> dict[str, Any]:
    return {"field": field, "operator": operator, "value": value}


# --- conditions

BEFORE = {"priority": "normal", "tags": ["vip", "red"], "assignee_id": ANN, "requester_id": CUSTOMER}


@pytest.mark.parametrize(
    ("change", "all_of", "is_met"),
    [
        ({}, condition("update_type", "is", "Change"), True),
        ({}, condition("update_type", "is", "Create"), False),
        ({}, condition("status", "is", "open"), True),
        ({}, condition("status", "is_not", "open"), False),
        ({}, condition("status", "less_than", "solved"), True),
        ({}, condition("status", "greater_than", "new"), True),
        ({}, condition("status", "greater_than", "open"), False),
        ({}, condition("priority", "less_than", "high"), True),
        ({}, condition("priority", "greater_than", "normal"), False),
        ({"priority": "high"}, condition("priority", "changed"), True),
        ({"subject": "Other"}, condition("priority", "changed"), False),
        ({"subject": "Other"}, condition("priority", "not_changed"), True),
        ({"priority": "high"}, condition("priority", "not_changed"), False),
        ({"status": "solved"}, condition("status", "value", "solved"), True),
        ({"subject": "Other"}, condition("status", "value", "open"), False),
        ({"status": "solved"}, condition("status", "not_value", "solved"), False),
        ({"subject": "Other"}, condition("status", "not_value", "open"), True),
        ({"status": "solved"}, condition("status", "value_previous", "open"), True),
        ({"status": "solved"}, condition("status", "value_previous", "pending"), False),
        ({"status": "solved"}, condition("status", "not_value_previous", "open"), False),
        ({"status": "solved"}, condition("status", "not_value_previous", "pending"), True),
        ({"assignee_id": BEN}, condition("assignee_id", "is", str(BEN)), True),
        ({}, condition("requester_id", "is", CUSTOMER), True),
        ({"custom_fields": [{"id": FIELD, "value": "x"}]}, condition(f"custom_fields_{FIELD}", "is", "x"), True),
        ({"custom_fields": [{"id": FIELD, "value": True}]}, condition(f"custom_fields_{FIELD}", "is", "true"), True),
        ({}, condition(f"custom_fields_{FIELD}", "is", ""), True),
        ({}, condition("custom_fields_x", "is", "x"), False),
        ({}, condition("current_tags", "includes", "blue vip"), True),
        ({}, condition("current_tags", "includes", "blue"), False),
        ({}, condition("current_tags", "not_includes", "blue"), True),
        ({}, condition("current_tags", "not_includes", "blue red"), False),
        ({"comment": {"body": "x", "public": True}}, condition("comment_is_public", "is", "true"), True),
        ({"comment": {"body": "x", "public": False}}, condition("comment_is_public", "is", "true"), False),
        ({"subject": "Other"}, condition("comment_is_public", "is", "false"), False),
        ({}, condition("weather", "is", "fine"), False),
    ],
)
async def test_a_change_fires_a_trigger_whose_conditions_it_fulfils(
    desk: Desk, change: dict[str, Any], all_of: dict[str, Any], *, is_met: bool
) -> None:
    ticket = await desk.create(**BEFORE)
    await a_trigger(desk, await a_webhook(desk), all=[all_of])
    await desk.update(ticket, **({"subject": "Changed"} | change))
    assert len(await sent(desk)) == is_met


@pytest.mark.parametrize(
    ("operator", "value", "is_met"),
    [("value", "new", False), ("changed", None, False), ("not_changed", None, False), ("is", "new", True)],
)
async def test_nothing_was_before_a_ticket_was_created(
    desk: Desk, operator: str, value: str | None, *, is_met: bool
) -> None:
    await a_trigger(desk, await a_webhook(desk), all=[condition("status", operator, value)])
    await desk.create()
    assert len(await sent(desk)) == is_met


async def test_all_of_one_list_and_one_of_the_other_must_hold(desk: Desk) -> None:
    either = [condition("priority", "is", "high"), condition("priority", "is", "urgent")]
    both = [condition("update_type", "is", "Create"), condition("current_tags", "includes", "vip")]
    await a_trigger(desk, await a_webhook(desk), conditions={"all": both, "any": either})
    await desk.create(priority="high")
    await desk.create(priority="low", tags=["vip"])
    assert await sent(desk) == []
    for priority in ("high", "urgent"):
        await desk.create(priority=priority, tags=["vip"])
    assert len(await sent(desk)) == 2


async def test_the_update_that_closes_a_ticket_fires_and_none_after_it(desk: Desk) -> None:
    ticket = await desk.create()
    await a_trigger(desk, await a_webhook(desk), all=[condition("update_type", "is", "Change")])
    await desk.update(ticket, status="closed")
    assert json.loads((await sent(desk))[0])["status"] == "Closed"
    await desk.client.delete(f"/api/v2/tickets/{ticket['id']}")
    assert await sent(desk) == []


async def test_an_inactive_trigger_and_a_deleted_one_are_silent(desk: Desk) -> None:
    webhook = await a_webhook(desk)
    await a_trigger(desk, webhook, active=False)
    gone = await a_trigger(desk, webhook)
    assert (await desk.client.delete(f"/api/v2/triggers/{gone['id']}")).status_code == 204
    await desk.create()
    assert await sent(desk) == []


@pytest.mark.parametrize("fields", [{"status": "inactive"}, {"subscriptions": ["zen:event-type:ticket.merged"]}])
async def test_a_webhook_that_is_not_for_triggers_is_not_called_by_one(desk: Desk, fields: dict[str, Any]) -> None:
    await a_trigger(desk, await a_webhook(desk, **fields))
    await desk.create()
    assert await sent(desk) == []


async def test_triggers_fire_in_their_order_and_are_listed_in_it(desk: Desk) -> None:
    webhook = await a_webhook(desk)
    made = [await a_trigger(desk, webhook, body=name, position=place) for name, place in (("b", 9), ("a", 3))]
    listed = (await desk.get("/api/v2/triggers"))["triggers"]
    assert [one["id"] for one in listed] == [made[1]["id"], made[0]["id"]]
    await desk.create()
    log = await desk.get("/sandbox/deliveries")
    assert [(one["event_type"], one["body"]) for one in log["deliveries"]] == [(OF_TRIGGERS, "a"), (OF_TRIGGERS, "b")]


# --- what is sent


async def test_placeholders_are_filled_in_as_they_are(desk: Desk) -> None:
    names = ["ticket.title", "ticket.priority", "ticket.requester.name", "ticket.assignee.email", "ticket.tags"]
    names += ["ticket.organization.name", "ticket.group.name", "ticket.latest_public_comment", "current_user.name"]
    names += ["ticket.ticket_field_8447320467001", "ticket.external_id", "ticket.unheard_of", "ticket.assignee.id"]
    template = "|".join(f"{{{{ {name} }}}}" for name in names)
    await a_trigger(desk, await a_webhook(desk), body=template)
    custom = [{"id": FIELD, "value": "seven"}]
    await desk.create(**BEFORE, subject='"Fire"', comment={"body": "It\nburns"}, custom_fields=custom)
    (body,) = await sent(desk)
    told = dict(zip(names, body.decode().split("|"), strict=True))
    assert told == {
        "ticket.title": '"Fire"',
        "ticket.priority": "Normal",
        "ticket.requester.name": "Carla Customer",
        "ticket.assignee.email": "ann@sandbox.example",
        "ticket.assignee.id": str(ANN),
        "ticket.tags": "red vip",
        "ticket.organization.name": "Customer Ltd",
        "ticket.group.name": "Support",
        "ticket.latest_public_comment": "It\nburns",
        "current_user.name": "Sync Admin",
        "ticket.ticket_field_8447320467001": "seven",
        "ticket.external_id": "",
        "ticket.unheard_of": "",
    }


async def test_a_form_is_sent_as_pairs(desk: Desk) -> None:
    webhook = await a_webhook(desk, request_format="form_encoded")
    await a_trigger(desk, webhook, body=[["id", "{{ticket.id}}"], ["what", "a & b"]])
    ticket = await desk.create()
    (body,) = await sent(desk)
    assert parse_qsl(body.decode()) == [("id", str(ticket["id"])), ("what", "a & b")]


async def test_what_a_trigger_sends_is_signed(desk: Desk) -> None:
    webhook = await a_webhook(desk)
    await a_trigger(desk, webhook)
    await desk.create()
    await desk.settle()
    secret = (await desk.get(f"/api/v2/webhooks/{webhook}/signing_secret"))["signing_secret"]["secret"]
    (received,) = desk.receiver.received
    assert received.signed_with(secret)
    assert received.headers["x-zendesk-webhook-id"] == webhook


# --- refusals


@pytest.mark.parametrize(
    "trigger",
    [
        {"actions": [{"field": "status", "value": "open"}]},
        {"title": "t"},
        {"title": "t", "actions": [{"field": "notification_webhook", "value": ["01NOBODYS", "x"]}]},
        {"title": "t", "actions": [{"field": "notification_webhook", "value": "x"}]},
        {
            "title": "t",
            "actions": [{"field": "status", "value": "open"}],
            "all": [condition("status", "rhymes_with", "open")],
        },
    ],
)
async def test_a_trigger_that_could_not_work_is_refused(desk: Desk, trigger: dict[str, Any]) -> None:
    answer = await desk.client.post("/api/v2/triggers", json={"trigger": trigger})
    assert (answer.status_code, answer.json()["error"]) == (422, "RecordInvalid")
    assert (await desk.get("/api/v2/triggers"))["count"] == 0


async def test_an_update_replaces_all_conditions_and_keeps_what_is_not_sent(desk: Desk) -> None:
    first = [condition("status", "is", "open")]
    made = await a_trigger(desk, await a_webhook(desk), conditions={"all": first, "any": first})
    path = f"/api/v2/triggers/{made['id']}"
    changed = (await desk.client.put(path, json={"trigger": {"title": "Renamed"}})).json()["trigger"]
    assert (changed["title"], changed["conditions"], changed["actions"]) == (
        "Renamed",
        made["conditions"],
        made["actions"],
    )
    sent_now = {"conditions": {"all": [], "any": first}}
    changed = (await desk.client.put(path, json={"trigger": sent_now})).json()["trigger"]
    assert changed["conditions"] == sent_now["conditions"]
    assert [one["id"] for one in (await desk.get("/api/v2/triggers/search", query="RENAM"))["triggers"]] == [made["id"]]
