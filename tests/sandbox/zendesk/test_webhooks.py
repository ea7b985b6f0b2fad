"""The webhooks API (reference/zendesk-api §4, §14)."""

import re
from typing import Any

import pytest

from tests.sandbox.zendesk.conftest import ANN, PREFIX, Desk, webhook_body


async def _shown(desk: Desk, webhook_id: str) -> dict[str, Any]:
    webhook: dict[str, Any] = (await desk.get(f"/api/v2/webhooks/{webhook_id}"))["webhook"]
    return webhook


async def test_a_created_webhook_is_shown_without_what_was_not_given(desk: Desk) -> None:
    sent = webhook_body("https://x.example/zendesk", [PREFIX + "created"])
    answer = await desk.client.post("/api/v2/webhooks", json={"webhook": sent})
    created = answer.json()["webhook"]
    assert answer.status_code == 201
    assert set(created) == {*sent, "id", "created_at", "created_by"}
    assert re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{26}", created["id"])
    assert created["created_by"] == "8447388090494"
    assert re.search(r"\.\d{9}Z$", created["created_at"])
    shown = await _shown(desk, created["id"])
    assert shown == created | {"created_at": shown["created_at"]}
    assert "." not in shown["created_at"]


async def test_the_secret_is_read_apart_and_can_be_reset(desk: Desk) -> None:
    webhook_id = await desk.subscribe("created")
    first = await desk.get(f"/api/v2/webhooks/{webhook_id}/signing_secret")
    reset = await desk.client.post(f"/api/v2/webhooks/{webhook_id}/signing_secret")
    second = await desk.get(f"/api/v2/webhooks/{webhook_id}/signing_secret")
    assert first["signing_secret"]["algorithm"] == "SHA256"
    assert (reset.status_code, reset.json()) == (201, second)
    assert first["signing_secret"]["secret"] != second["signing_secret"]["secret"]


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (
            {"type": "basic_auth", "data": {"username": "u", "password": "p"}, "add_position": "header"},
            {"type": "basic_auth", "data": {"username": "u"}, "add_position": "header"},
        ),
        (
            {"type": "bearer_token", "data": {"token": "t"}, "add_position": "header"},
            {"type": "bearer_token", "add_position": "header"},
        ),
    ],
)
async def test_reads_never_tell_credentials(desk: Desk, given: dict[str, Any], shown: dict[str, Any]) -> None:
    webhook_id = await desk.subscribe("created", authentication=given)
    assert (await _shown(desk, webhook_id))["authentication"] == shown


async def test_put_clears_what_is_left_out_but_keeps_the_subscriptions(desk: Desk) -> None:
    webhook_id = await desk.subscribe("created", description="old")
    bare = {name: value for name, value in webhook_body("https://y.example", []).items() if name != "subscriptions"}
    body = {"webhook": bare | {"name": "new", "status": "inactive"}}
    assert (await desk.client.put(f"/api/v2/webhooks/{webhook_id}", json=body)).status_code == 204
    shown = await _shown(desk, webhook_id)
    assert "description" not in shown
    assert (shown["name"], shown["status"], shown["subscriptions"]) == ("new", "inactive", [PREFIX + "created"])
    assert shown["updated_by"] == "8447388090494"


async def test_patch_changes_only_what_is_sent(desk: Desk) -> None:
    webhook_id = await desk.subscribe("created", description="old")
    before = await _shown(desk, webhook_id)
    answer = await desk.client.patch(f"/api/v2/webhooks/{webhook_id}", json={"webhook": {"status": "inactive"}})
    assert (answer.status_code, answer.content) == (204, b"")
    after = await _shown(desk, webhook_id)
    assert after == before | {"status": "inactive"} | {name: after[name] for name in ("updated_at", "updated_by")}


async def test_a_deleted_webhook_is_gone(desk: Desk) -> None:
    webhook_id = await desk.subscribe("created")
    assert (await desk.client.delete(f"/api/v2/webhooks/{webhook_id}")).status_code == 204
    assert (await desk.client.get(f"/api/v2/webhooks/{webhook_id}")).status_code == 404
    assert (await desk.client.delete(f"/api/v2/webhooks/{webhook_id}")).status_code == 404


async def test_the_list_is_filtered_and_paged(desk: Desk) -> None:
    ids = [await desk.subscribe("created", name=name) for name in ("sync a", "sync b", "other")]
    everything = await desk.get("/api/v2/webhooks")
    assert {one["id"] for one in everything["webhooks"]} == set(ids)
    assert (everything["meta"], "links" in everything) == ({"has_more": False}, False)
    assert len((await desk.get("/api/v2/webhooks?filter[name_contains]=sync"))["webhooks"]) == 2
    assert (await desk.get("/api/v2/webhooks?filter[status]=inactive"))["webhooks"] == []
    first = await desk.get("/api/v2/webhooks?page[size]=2")
    rest = (await desk.client.get(first["links"]["next"])).json()
    assert (first["meta"]["has_more"], rest["meta"]["has_more"]) == (True, False)
    assert {one["id"] for one in first["webhooks"] + rest["webhooks"]} == set(ids)


async def test_the_list_has_the_newest_first_and_can_be_sorted(desk: Desk) -> None:
    ids = [await desk.subscribe("created", name=name) for name in ("b", "c", "a")]

    async def listed(query: str) -> list[str]:
        return [one["id"] for one in (await desk.get(f"/api/v2/webhooks{query}"))["webhooks"]]

    assert await listed("") == ids[::-1]
    assert await listed("?sort=name") == [ids[2], ids[0], ids[1]]
    assert await listed("?sort=-name") == [ids[1], ids[0], ids[2]]
    assert (await desk.client.get("/api/v2/webhooks?sort=endpoint")).status_code == 400


async def test_the_list_can_be_read_backwards(desk: Desk) -> None:
    for _ in range(3):
        await desk.subscribe("created")
    first = await desk.get("/api/v2/webhooks?page[size]=2")
    rest = (await desk.client.get(first["links"]["next"])).json()
    assert (await desk.client.get(rest["links"]["prev"])).json()["webhooks"] == first["webhooks"]


async def test_a_clone_is_a_copy_with_a_secret_of_its_own(desk: Desk) -> None:
    webhook_id = await desk.subscribe("created", name="sync", description="old")
    answer = await desk.client.post("/api/v2/webhooks", params={"clone_webhook_id": webhook_id})
    original, clone = await _shown(desk, webhook_id), answer.json()["webhook"]
    assert answer.status_code == 201
    assert clone == original | {"name": "sync (copy)", "id": clone["id"], "created_at": clone["created_at"]}
    secrets = [await desk.get(f"/api/v2/webhooks/{one}/signing_secret") for one in (webhook_id, clone["id"])]
    assert secrets[0] != secrets[1]
    assert (await desk.client.post("/api/v2/webhooks", params={"clone_webhook_id": "01HAN"})).status_code == 404


@pytest.mark.parametrize(
    "change",
    [
        {"subscriptions": [PREFIX + "updated"]},
        {"subscriptions": ["conditional_ticket_events", PREFIX + "created"]},
        {"endpoint": "ftp://x.example"},
        {"status": "asleep"},
        {"name": None},
        {"http_method": None},
    ],
)
async def test_a_webhook_that_makes_no_sense_is_refused(desk: Desk, change: dict[str, Any]) -> None:
    webhook = webhook_body("https://x.example", [PREFIX + "created"])
    answer = await desk.client.post("/api/v2/webhooks", json={"webhook": webhook | change})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "InvalidValue")
    assert (await desk.get("/api/v2/webhooks"))["webhooks"] == []


async def test_a_webhook_only_hears_what_it_subscribed_to(desk: Desk) -> None:
    await desk.subscribe("subject_changed")
    ticket = await desk.create()
    await desk.update(ticket, subject="New", assignee_id=ANN)
    assert await desk.told() == ["subject_changed"]


async def test_an_inactive_webhook_and_the_trigger_kind_hear_nothing(desk: Desk) -> None:
    await desk.subscribe("created", status="inactive")
    await desk.subscribe(subscriptions=["conditional_ticket_events"])
    await desk.create()
    assert await desk.told() == []


async def test_each_webhook_hears_an_event_with_its_own_secret(desk: Desk) -> None:
    ids = [await desk.subscribe("created"), await desk.subscribe("created")]
    await desk.create()
    await desk.settle()
    secrets = {
        one: (await desk.get(f"/api/v2/webhooks/{one}/signing_secret"))["signing_secret"]["secret"] for one in ids
    }
    assert len(desk.receiver.received) == 2
    assert all(one.signed_with(secrets[one.headers["x-zendesk-webhook-id"]]) for one in desk.receiver.received)
    assert len({one.event["id"] for one in desk.receiver.received}) == 1
