"""Zenpy's calls about triggers and webhooks; and that none of its calls for what the sandbox serves is left out."""

import json
from importlib import import_module
from typing import Any

import pytest
from fastapi import Response
from zenpy.lib.api_objects import Trigger, Webhook
from zenpy.lib.exception import RecordNotFoundException

from tests.sandbox.zendesk.conftest import PREFIX, Desk
from tests.sandbox.zendesk.zenpy_calls import COVERED, NOT_SERVED, Z, covers, ids, new, offered

CREATED = [{"field": "update_type", "operator": "is", "value": "Create"}]
# Their tests say what they cover when they are imported.
OTHERS = [import_module(f"tests.sandbox.zendesk.test_zenpy_{name}") for name in ("tickets", "people")]
OPENS = [{"field": "status", "value": "open"}]


def a_webhook(endpoint: str, **fields: Any) -> Webhook:
    return Webhook(
        **{
            "name": "sync",
            "status": "active",
            "endpoint": endpoint,
            "http_method": "POST",
            "request_format": "json",
            "subscriptions": [f"{PREFIX}created"],
        }
        | fields
    )


# --- ticket fields


@covers("ticket_fields.__call__")
def test_ticket_fields_are_listed_and_shown(zenpy: Z) -> None:
    (product,) = [field for field in zenpy.ticket_fields() if field.removable]
    assert (product.title, product.type) == ("Product", "tagger")
    assert ids(zenpy.ticket_fields()) == ids(zenpy.ticket_fields(cursor_pagination=3))
    assert zenpy.ticket_fields(id=product.id).title == "Product"


# --- triggers


@covers("triggers.__call__", "triggers.create", "triggers.update", "triggers.delete")
def test_triggers_are_created_changed_and_deleted(zenpy: Z) -> None:
    made = [zenpy.triggers.create(Trigger(title=f"T{n}", all=CREATED, actions=OPENS)) for n in range(3)]
    assert [trigger.position for trigger in made] == [2, 3, 4]
    assert ids(zenpy.triggers()) == ids(zenpy.triggers(cursor_pagination=1)) == ids(made)
    made[0].title = "Renamed"
    changed = zenpy.triggers.update(made[0])
    assert (changed.title, changed.conditions.all[0]["field"]) == ("Renamed", "update_type")
    assert zenpy.triggers(id=made[0].id).title == "Renamed"
    zenpy.triggers.delete(made[0])
    with pytest.raises(RecordNotFoundException):
        zenpy.triggers.delete(made[0])


@covers("triggers.create", "webhooks.create")
def test_a_trigger_calls_its_webhook(zenpy: Z, desk: Desk) -> None:
    webhook = zenpy.webhooks.create(a_webhook(desk.receiver.url, subscriptions=["conditional_ticket_events"]))
    call = [{"field": "notification_webhook", "value": [webhook.id, '{"ticket_id": {{ticket.id}}}']}]
    zenpy.triggers.create(Trigger(title="tell", all=CREATED, actions=call))
    ticket = new(zenpy)
    (row,) = _settled(zenpy, webhook)
    (attempt,) = zenpy.webhooks.invocation_attempts(webhook.id, row.id)
    assert json.loads(attempt.request.payload) == {"ticket_id": ticket.id}


# --- webhooks


@covers("webhooks.__call__", "webhooks.create", "webhooks.update", "webhooks.patch", "webhooks.delete")
def test_webhooks_are_created_changed_and_deleted(zenpy: Z) -> None:
    made = zenpy.webhooks.create(a_webhook("https://x.example", description="old"))
    made.name = "patched"
    zenpy.webhooks.patch(made)
    assert (zenpy.webhooks(id=made.id).name, zenpy.webhooks(id=made.id).description) == ("patched", "old")
    zenpy.webhooks.update(made.id, a_webhook("https://y.example", name="replaced", subscriptions=None))
    replaced = zenpy.webhooks(id=made.id)
    assert (replaced.name, replaced.endpoint) == ("replaced", "https://y.example")
    assert list(replaced.subscriptions) == [f"{PREFIX}created"]
    zenpy.webhooks.delete(made)
    assert list(zenpy.webhooks.list()) == []


@covers("webhooks.list", "webhooks.clone")
def test_webhooks_are_listed_and_cloned(zenpy: Z) -> None:
    made = [zenpy.webhooks.create(a_webhook("https://x.example", name=name)) for name in ("b", "a")]
    clone = zenpy.webhooks.clone(made[0])
    assert clone.name == "b (copy)"
    assert ids(zenpy.webhooks.list()) == [clone.id, made[1].id, made[0].id]
    assert [one.name for one in zenpy.webhooks.list(sort="name")] == ["a", "b", "b (copy)"]
    assert [one.name for one in zenpy.webhooks.list(filter="b")] == ["b (copy)", "b"]
    assert ids(zenpy.webhooks.list(page_size=1)) == [clone.id, made[1].id, made[0].id]


@covers("webhooks.show_secret", "webhooks.reset_secret")
def test_the_secret_is_shown_and_reset(zenpy: Z) -> None:
    made = zenpy.webhooks.create(a_webhook("https://x.example"))
    first = zenpy.webhooks.show_secret(made)
    assert first.algorithm == "SHA256"
    second = zenpy.webhooks.reset_secret(made)
    assert first.secret != second.secret == zenpy.webhooks.show_secret(made).secret


@covers("webhooks.test")
def test_webhooks_are_tested_as_they_are_with_changes_and_before_they_exist(zenpy: Z, desk: Desk) -> None:
    made = zenpy.webhooks.create(a_webhook("https://nowhere.invalid"))
    desk.receiver.answers = [Response(status_code=418)]
    assert zenpy.webhooks.test(made, request={"endpoint": desk.receiver.url}).status_code == 418
    new_one = {"endpoint": desk.receiver.url, "request_format": "json", "http_method": "POST"}
    assert zenpy.webhooks.test(request=new_one).status_code == 202
    assert zenpy.webhooks.test(made).status_code == 502


@covers("webhooks.invocations", "webhooks.invocation_attempts")
def test_what_became_of_deliveries_is_read(zenpy: Z, desk: Desk) -> None:
    made = zenpy.webhooks.create(a_webhook(desk.receiver.url))
    desk.receiver.answers = [Response(status_code=403)]
    for _ in range(2):
        new(zenpy)
    rows = _settled(zenpy, made)
    assert sorted((row.status, row.status_code) for row in rows) == [("success", 202), ("terminated", 403)]
    refused = next(row for row in rows if row.status == "terminated")
    (attempt,) = zenpy.webhooks.invocation_attempts(made.id, refused.id)
    assert (attempt.status, attempt.invocation_id) == ("terminated", refused.id)
    assert attempt.response.payload == ""
    asked = {"filter[status]": "success"}
    assert [row.status_code for row in zenpy.webhooks.invocations(made.id, **asked)] == [202]


def _settled(zenpy: Z, webhook: Webhook) -> list[Any]:
    """The log when every delivery has ended. Zenpy knows nothing of the control API, so it is asked by its session."""
    api = zenpy._zenpy.tickets
    assert api.session.get(f"http://{api.base_url}/sandbox/idle?wait=10").json()["idle"]
    return list(zenpy.webhooks.invocations(webhook))


# --- all of them


def test_every_call_of_zenpys_for_what_is_served_is_made_or_named(zenpy: Z) -> None:
    calls = set(offered(zenpy._zenpy))
    assert calls - COVERED - NOT_SERVED.keys() == set()
    assert NOT_SERVED.keys() - calls == set()
    assert NOT_SERVED.keys() & COVERED == set()
    assert len(COVERED) > 80
