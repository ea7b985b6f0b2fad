"""Which events one action makes, and what is in them (reference/zendesk-api §1)."""

import re
from typing import Any

import pytest

from tests.sandbox.zendesk.conftest import ANN, BEN, CUSTOMER, Desk


async def test_a_created_ticket_is_told_with_its_first_comment(desk: Desk) -> None:
    await desk.subscribe()
    ticket = await desk.create(subject="Checkout broken", submitter_id=CUSTOMER, via={"channel": "email"})
    await desk.settle()
    created = desk.receiver.of("created")
    assert created["account_id"] == 11223344
    assert created["subject"] == f"zen:ticket:{ticket['id']}"
    assert created["zendesk_event_version"] == "2022-11-06"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z", created["time"])
    assert set(created["event"]) == {"meta"}
    comment = desk.receiver.of("comment_added")["event"]["comment"]
    assert (comment["body"], comment["is_public"]) == ("Help", True)
    assert comment["author"] == {"id": str(CUSTOMER), "is_staff": False, "name": "Carla Customer"}


async def test_the_snapshot_has_string_ids_and_upper_case_states(desk: Desk) -> None:
    await desk.subscribe("created")
    ticket = await desk.create(
        subject="Checkout broken", priority="high", type="incident", tags=["Checkout"], assignee_id=ANN
    )
    await desk.settle()
    detail = desk.receiver.of("created")["detail"]
    assert detail == {
        "actor_id": "8447388090494",
        "assignee_id": str(ANN),
        "brand_id": "8447346621310",
        "created_at": ticket["created_at"],
        "custom_status": "8447320465790",
        "description": "Help",
        "external_id": None,
        "form_id": "8646151517822",
        "group_id": "8447320466430",
        "id": str(ticket["id"]),
        "is_public": True,
        "organization_id": None,
        "priority": "HIGH",
        "requester_id": "8447388090494",
        "status": "OPEN",
        "subject": "Checkout broken",
        "submitter_id": "8447388090494",
        "tags": ["checkout"],
        "type": "INCIDENT",
        "updated_at": ticket["updated_at"],
        "via": {"channel": "web_service"},
    }


async def test_events_of_one_action_share_a_sequence_and_the_snapshot_after_it(desk: Desk) -> None:
    await desk.subscribe()
    ticket = await desk.create()
    await desk.told()
    await desk.update(ticket, subject="New name", assignee_id=ANN, priority="urgent")
    await desk.settle()
    events = [one.event for one in desk.receiver.received]
    sequences = [event["event"]["meta"]["sequence"] for event in events]
    assert len({sequence["id"] for sequence in sequences}) == 1
    assert [sequence["position"] for sequence in sequences] == list(range(1, len(events) + 1))
    assert all(event["detail"] == events[0]["detail"] for event in events)
    times = [event["time"] for event in events]
    assert times == sorted(set(times))


@pytest.mark.parametrize(
    ("change", "name", "current", "previous"),
    [
        ({"subject": "Two"}, "subject_changed", "Two", "One"),
        ({"status": "pending"}, "status_changed", "PENDING", "OPEN"),
        ({"priority": "urgent"}, "priority_changed", "URGENT", None),
        ({"type": "question"}, "type_changed", "QUESTION", None),
        ({"assignee_id": BEN}, "agent_assignment_changed", str(BEN), str(ANN)),
        ({"assignee_id": None}, "agent_assignment_changed", None, str(ANN)),
        ({"assignee_email": "BEN@sandbox.example"}, "agent_assignment_changed", str(BEN), str(ANN)),
        ({"group_id": 8447320466999}, "group_assignment_changed", "8447320466999", "8447320466430"),
        ({"external_id": "abc"}, "external_id_changed", "abc", None),
        ({"custom_status_id": 8447320465950}, "custom_status_changed", "8447320465950", "8447320465790"),
        ({"requester_id": CUSTOMER}, "requester_changed", str(CUSTOMER), "8447388090494"),
        ({"due_at": "2030-01-02T03:04:05Z"}, "task_due_at_changed", "2030-01-02T03:04:05Z", None),
    ],
)
async def test_a_changed_field_is_told_with_both_values(
    desk: Desk, change: dict[str, Any], name: str, current: str | None, previous: str | None
) -> None:
    await desk.subscribe(name)
    ticket = await desk.create(subject="One", assignee_id=ANN)
    await desk.told()
    await desk.update(ticket, **change)
    await desk.settle()
    event = desk.receiver.of(name)["event"]
    assert (event["current"], event["previous"]) == (current, previous)


async def test_tags_are_told_as_added_and_removed(desk: Desk) -> None:
    await desk.subscribe("tags_changed")
    ticket = await desk.create(tags=["checkout", "kept"])
    await desk.update(ticket, tags="vip kept")
    await desk.settle()
    event = desk.receiver.of("tags_changed")["event"]
    assert (event["tags_added"], event["tags_removed"]) == (["vip"], ["checkout"])


async def test_a_custom_field_is_told_by_id_and_title(desk: Desk) -> None:
    await desk.subscribe("custom_field_changed")
    ticket = await desk.create()
    await desk.update(ticket, custom_fields=[{"id": 8447320467001, "value": "web"}, {"id": 1, "value": "unknown"}])
    await desk.settle()
    event = desk.receiver.of("custom_field_changed")["event"]
    assert event["custom_field"] == {"id": "8447320467001", "title": "Product", "type": "tagger"}
    assert (event["current"], event["previous"]) == ({"value": "web"}, {"value": None})


async def test_an_update_that_changes_nothing_tells_nothing(desk: Desk) -> None:
    await desk.subscribe()
    ticket = await desk.create(subject="Same")
    await desk.told()
    await desk.update(ticket, subject="Same")
    assert await desk.told() == []


async def test_the_events_of_each_action(desk: Desk) -> None:
    await desk.subscribe()
    ticket = await desk.create()
    assert await desk.told() == ["created", "comment_added"]
    await desk.update(ticket, assignee_id=ANN)
    assert await desk.told() == [
        "status_changed",
        "custom_status_changed",
        "agent_assignment_changed",
        "group_assignment_changed",
    ]
    await desk.update(ticket, status="solved", comment={"body": "Done"})
    assert await desk.told() == ["comment_added", "status_changed", "custom_status_changed"]
    await desk.update(ticket, comment={"body": "No, again", "author_id": ticket["requester_id"]})
    assert await desk.told() == ["comment_added", "status_changed", "custom_status_changed"]
    await desk.client.delete(f"/api/v2/tickets/{ticket['id']}")
    assert await desk.told() == ["soft_deleted"]
    await desk.client.put(f"/api/v2/deleted_tickets/{ticket['id']}/restore")
    assert await desk.told() == ["undeleted"]
    await desk.client.put(f"/api/v2/tickets/{ticket['id']}/mark_as_spam")
    assert await desk.told() == ["marked_as_spam"]
    await desk.client.delete(f"/api/v2/deleted_tickets/{ticket['id']}")
    assert await desk.told() == ["permanently_deleted"]


async def test_an_assignment_at_creation_is_told_beside_created(desk: Desk) -> None:
    await desk.subscribe()
    await desk.create(assignee_id=ANN)
    assert await desk.told() == ["created", "comment_added", "agent_assignment_changed", "group_assignment_changed"]


async def test_custom_status_events_can_be_switched_off(desk: Desk) -> None:
    await desk.control("PATCH", "/settings", custom_statuses_enabled=False)
    await desk.subscribe()
    ticket = await desk.create()
    await desk.told()
    await desk.update(ticket, status="solved")
    assert await desk.told() == ["status_changed"]


@pytest.mark.parametrize("ending", ["soft_deleted", "marked_as_spam"])
async def test_a_deleted_ticket_is_told_with_status_deleted(desk: Desk, ending: str) -> None:
    await desk.subscribe(ending)
    ticket = await desk.create()
    if ending == "soft_deleted":
        await desk.client.delete(f"/api/v2/tickets/{ticket['id']}")
    else:
        await desk.client.put(f"/api/v2/tickets/{ticket['id']}/mark_as_spam")
    await desk.settle()
    event = desk.receiver.of(ending)
    assert event["detail"]["status"] == "DELETED"
    assert set(event["event"]) == {"meta"}


async def test_a_merge_is_told_on_the_source_and_commented_on_the_target(desk: Desk) -> None:
    await desk.subscribe()
    source, target = await desk.create(subject="Double"), await desk.create(subject="First")
    await desk.told()
    await desk.client.post(f"/api/v2/tickets/{target['id']}/merge", json={"ids": [source["id"]]})
    await desk.settle()
    by_ticket: dict[int, list[str]] = {source["id"]: [], target["id"]: []}
    for one in desk.receiver.received:
        by_ticket[int(one.event["detail"]["id"])].append(one.name)
    assert by_ticket[source["id"]] == ["merged", "status_changed", "tags_changed", "comment_added"]
    assert by_ticket[target["id"]] == ["comment_added"]
    merged = desk.receiver.of("merged")
    assert merged["event"]["target_ticket_id"] == str(target["id"])
    assert (merged["detail"]["status"], merged["detail"]["tags"]) == ("CLOSED", ["closed_by_merge"])


async def test_the_requesters_reply_counts_as_the_requesters_act(desk: Desk) -> None:
    await desk.subscribe("status_changed")
    ticket = await desk.create(requester_id=CUSTOMER, status="solved")
    await desk.update(ticket, comment={"body": "Still broken", "author_id": CUSTOMER})
    await desk.settle()
    assert desk.receiver.of("status_changed")["detail"]["actor_id"] == str(CUSTOMER)


async def test_an_automation_closes_as_the_system(desk: Desk) -> None:
    await desk.subscribe("status_changed")
    ticket = await desk.create(status="solved")
    await desk.control("POST", f"/tickets/{ticket['id']}/close")
    await desk.settle()
    event = desk.receiver.of("status_changed")
    assert (event["event"]["current"], event["detail"]["actor_id"]) == ("CLOSED", "-1")
