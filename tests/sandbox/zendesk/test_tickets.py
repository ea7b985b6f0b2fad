"""Tickets over REST: shapes, lifecycle rules, refusals (reference/zendesk-api §7, §10)."""

import re
from typing import Any

import pytest

from tests.sandbox.zendesk.conftest import ANN, CUSTOMER, Desk

TICKET_KEYS = set(
    """
    url id external_id via created_at updated_at type subject raw_subject description priority status recipient
    requester_id submitter_id assignee_id organization_id group_id collaborator_ids follower_ids email_cc_ids
    forum_topic_id problem_id has_incidents is_public due_at tags custom_fields satisfaction_rating
    sharing_agreement_ids custom_status_id fields followup_ids ticket_form_id brand_id allow_channelback
    allow_attachments from_messaging_channel
    """.split()  # noqa: SIM905 - names read better as text
)


async def test_a_created_ticket_answers_201_with_ticket_audit_and_location(desk: Desk) -> None:
    body = {"ticket": {"subject": "Broken", "comment": {"body": "Help <b>"}, "requester_id": CUSTOMER}}
    answer = await desk.client.post("/api/v2/tickets", json=body)
    ticket, audit = answer.json()["ticket"], answer.json()["audit"]
    assert answer.status_code == 201
    assert set(ticket) == {*TICKET_KEYS, "generated_timestamp"}
    assert ticket["generated_timestamp"] == 0
    assert answer.headers["zendesk-ratelimit-ticket-request-create-by-user-and-ip"].startswith("total=300; ")
    assert answer.headers["location"] == ticket["url"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", ticket["created_at"])
    assert (ticket["status"], ticket["subject"], ticket["raw_subject"]) == ("new", "Broken", "Broken")
    assert (ticket["organization_id"], ticket["submitter_id"]) == (8447346622462, 8447388090494)
    told = {event["field_name"]: event["value"] for event in audit["events"] if event["type"] == "Create"}
    assert (told["requester_id"], told["subject"], told["priority"]) == (str(CUSTOMER), "Broken", None)


async def test_a_requester_is_found_by_address_or_created(desk: Desk) -> None:
    known = await desk.create(requester={"name": "Somebody", "email": "Carla@customer.example"})
    assert known["requester_id"] == CUSTOMER
    new = await desk.create(requester={"name": "New Person", "email": "new@customer.example"})
    user = (await desk.get(f"/api/v2/users/{new['requester_id']}"))["user"]
    assert (user["name"], user["role"]) == ("New Person", "end-user")


async def test_a_ticket_without_a_comment_is_refused(desk: Desk) -> None:
    answer = await desk.client.post("/api/v2/tickets", json={"ticket": {"subject": "Empty"}})
    assert answer.status_code == 422
    assert answer.json()["error"] == "RecordInvalid"


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"subject": "no ticket key"}'])
async def test_a_body_that_is_no_ticket_is_a_400(desk: Desk, body: bytes) -> None:
    assert (await desk.client.post("/api/v2/tickets", content=body)).status_code == 400


@pytest.mark.parametrize(
    ("change", "status", "field"),
    [
        ({"status": "done"}, 422, "status"),
        ({"assignee_id": CUSTOMER}, 422, "assignee"),
        ({"assignee_id": 1}, 422, "assignee"),
        ({"custom_status_id": 1}, 422, "custom_status_id"),
        ({"comment": {"body": "x", "author_id": 1}}, 422, "author"),
        ({"assignee_id": "ann"}, 400, None),
    ],
)
async def test_a_refused_change_leaves_the_ticket_as_it_was(
    desk: Desk, change: dict[str, Any], status: int, field: str | None
) -> None:
    ticket = await desk.create(subject="One")
    answer = await desk.client.put(f"/api/v2/tickets/{ticket['id']}", json={"ticket": {"subject": "Two"} | change})
    assert answer.status_code == status
    assert field is None or list(answer.json()["details"]) == [field]
    assert await desk.show(ticket) == ticket


async def test_assigning_a_new_ticket_opens_it(desk: Desk) -> None:
    ticket = await desk.create()
    assert (ticket["status"], ticket["custom_status_id"]) == ("new", 8447320465710)
    assigned = await desk.update(ticket, assignee_id=ANN)
    assert (assigned["status"], assigned["custom_status_id"]) == ("open", 8447320465790)


@pytest.mark.parametrize("status", ["pending", "hold", "solved"])
async def test_a_reply_of_the_requester_opens_a_waiting_ticket(desk: Desk, status: str) -> None:
    ticket = await desk.create(requester_id=CUSTOMER, status=status)
    replied = await desk.update(ticket, comment={"body": "Here I am", "author_id": CUSTOMER})
    assert replied["status"] == "open"


async def test_a_reply_of_an_agent_leaves_the_status(desk: Desk) -> None:
    ticket = await desk.create(requester_id=CUSTOMER, status="pending")
    assert (await desk.update(ticket, comment={"body": "Any news?"}))["status"] == "pending"


async def test_a_custom_status_brings_its_category(desk: Desk) -> None:
    ticket = await desk.create(status="pending")
    changed = await desk.update(ticket, custom_status_id=8447320465950)
    assert (changed["status"], changed["custom_status_id"]) == ("open", 8447320465950)


async def test_a_closed_ticket_cannot_be_changed(desk: Desk) -> None:
    ticket = await desk.create(status="closed")
    answer = await desk.client.put(f"/api/v2/tickets/{ticket['id']}", json={"ticket": {"subject": "x"}})
    assert answer.status_code == 422
    assert answer.json()["details"]["status"][0]["description"] == "Status: closed prevents ticket update"


async def test_a_follow_up_points_to_the_closed_ticket(desk: Desk) -> None:
    closed = await desk.create(status="closed")
    follow_up = await desk.create(via_followup_source_id=closed["id"])
    assert follow_up["via"]["source"] == {"from": {"ticket_id": closed["id"]}, "to": {}, "rel": "follow_up"}
    assert (await desk.show(closed))["followup_ids"] == [follow_up["id"]]


async def test_updated_at_moves_only_with_a_change(desk: Desk) -> None:
    ticket = await desk.create(subject="One")
    await desk.control("PUT", "/clock", offset_seconds=100)
    assert (await desk.update(ticket, subject="One"))["updated_at"] == ticket["updated_at"]
    assert (await desk.update(ticket, subject="Two"))["updated_at"] > ticket["updated_at"]


async def test_safe_update_refuses_a_stale_stamp(desk: Desk) -> None:
    ticket = await desk.create(subject="One")
    await desk.control("PUT", "/clock", offset_seconds=100)
    changed = await desk.update(ticket, subject="Two", safe_update=True, updated_stamp=ticket["updated_at"])
    stale = {"subject": "Three", "safe_update": True, "updated_stamp": ticket["updated_at"]}
    answer = await desk.client.put(f"/api/v2/tickets/{ticket['id']}", json={"ticket": stale})
    assert (answer.status_code, answer.json()["error"]) == (409, "UpdateConflict")
    assert await desk.show(ticket) == changed


async def test_tags_replace_the_set_and_fields_merge_by_id(desk: Desk) -> None:
    ticket = await desk.create(tags=["b", "a"], custom_fields=[{"id": 8447320467001, "value": "web"}])
    changed = await desk.update(ticket, tags=["c"])
    assert changed["tags"] == ["c"]
    assert changed["custom_fields"] == changed["fields"] == [{"id": 8447320467001, "value": "web"}]


async def test_keys_that_do_not_belong_there_are_named_in_a_header(desk: Desk) -> None:
    ticket = await desk.create(subject="One")
    sent = {"ticket": {"bogus": 1, "description": "ignored silently"}}
    answer = await desk.client.put(f"/api/v2/tickets/{ticket['id']}", json=sent)
    assert answer.status_code == 200
    assert '"ticket.bogus"' in answer.headers["x-zendesk-api-warn"]
    assert answer.json()["ticket"]["description"] == "Help"


async def test_the_same_idempotency_key_creates_one_ticket(desk: Desk) -> None:
    body, headers = {"ticket": {"comment": {"body": "Once"}}}, {"Idempotency-Key": "abc"}
    first = await desk.client.post("/api/v2/tickets", json=body, headers=headers)
    second = await desk.client.post("/api/v2/tickets", json=body, headers=headers)
    assert [first.headers["x-idempotency-lookup"], second.headers["x-idempotency-lookup"]] == ["miss", "hit"]
    assert first.json() == second.json()
    other = await desk.client.post("/api/v2/tickets", json={"ticket": {"comment": {"body": "Two"}}}, headers=headers)
    assert (other.status_code, other.json()["error"]) == (400, "IdempotentRequestError")
    assert (await desk.get("/api/v2/tickets"))["count"] == 1


async def test_an_idempotency_key_is_forgotten_after_two_hours(desk: Desk) -> None:
    body, headers = {"ticket": {"comment": {"body": "Once"}}}, {"Idempotency-Key": "abc"}
    await desk.client.post("/api/v2/tickets", json=body, headers=headers)
    await desk.control("PUT", "/clock", offset_seconds=7300)
    again = await desk.client.post("/api/v2/tickets", json=body, headers=headers)
    assert again.headers["x-idempotency-lookup"] == "miss"


async def test_show_many_leaves_unknown_and_deleted_tickets_out(desk: Desk) -> None:
    kept, gone = await desk.create(), await desk.create()
    await desk.client.request("DELETE", f"/api/v2/tickets/{gone['id']}", json={})
    shown = await desk.get("/api/v2/tickets/show_many.json", ids=f"{gone['id']},99,{kept['id']}")
    assert [ticket["id"] for ticket in shown["tickets"]] == [kept["id"]]


async def test_more_than_a_hundred_ids_are_refused(desk: Desk) -> None:
    ids = ",".join(str(number) for number in range(101))
    answer = await desk.client.get("/api/v2/tickets/show_many", params={"ids": ids})
    assert (answer.status_code, answer.json()["error"], answer.json()["max_count"]) == (400, "TooManyValues", 100)


async def test_tickets_are_found_by_external_id(desk: Desk) -> None:
    await desk.create()
    wanted = await desk.create(external_id=77)
    found = await desk.get("/api/v2/tickets", external_id="77")
    assert [ticket["id"] for ticket in found["tickets"]] == [wanted["id"]]


async def test_users_come_beside_the_ticket_when_asked_for(desk: Desk) -> None:
    ticket = await desk.create(requester_id=CUSTOMER, assignee_id=ANN)
    shown = await desk.get(f"/api/v2/tickets/{ticket['id']}", include="users")
    assert [user["name"] for user in shown["users"]] == ["Sync Admin", "Ann Agent", "Carla Customer"]


async def test_comments_are_listed_in_order_and_newest_first_on_request(desk: Desk) -> None:
    ticket = await desk.create(comment={"body": "First & <only>"})
    await desk.update(ticket, comment={"body": "Second", "public": False, "author_id": ANN})
    comments = (await desk.get(f"/api/v2/tickets/{ticket['id']}/comments"))["comments"]
    assert [(comment["body"], comment["public"]) for comment in comments] == [
        ("First & <only>", True),
        ("Second", False),
    ]
    html = '<div class="zd-comment" dir="auto"><p dir="auto">First &amp; &lt;only&gt;</p></div>'
    assert comments[0]["html_body"] == html
    newest = await desk.get(f"/api/v2/tickets/{ticket['id']}/comments", **{"sort": "-created_at", "page[size]": 1})
    assert [comment["author_id"] for comment in newest["comments"]] == [ANN]
    assert newest["meta"]["has_more"] is True


async def test_an_unknown_ticket_is_a_404(desk: Desk) -> None:
    for method, path in [("GET", ""), ("PUT", ""), ("DELETE", ""), ("GET", "/comments"), ("PUT", "/mark_as_spam")]:
        answer = await desk.client.request(method, f"/api/v2/tickets/99{path}", json={"ticket": {}})
        assert (answer.status_code, answer.json()["error"]) == (404, "RecordNotFound"), (method, path)


async def test_an_unknown_path_is_an_invalid_endpoint(desk: Desk) -> None:
    answer = await desk.client.get("/api/v2/tickits.json")
    assert (answer.status_code, answer.json()["error"]) == (404, "InvalidEndpoint")
