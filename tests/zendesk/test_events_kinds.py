"""Which of the 37 kinds are stored, triggers, and the older form."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.zendesk.bodies import body, content
from tests.zendesk.parsing import NOW, parse, stored
from ticketsync.sync.event import DELETIONS, HINT, MERGED, Event
from ticketsync.sync.policy import Policy
from ticketsync.zendesk import NotAnEvent, ParsedDelivery, parse_event, parse_older_form
from ticketsync.zendesk.kinds import ALWAYS_STORED, KNOWN


def test_all_37_ticket_events_are_known() -> None:
    assert len(KNOWN) == 37


def test_what_a_task_depends_on_is_stored_under_every_policy() -> None:
    kinds = {kind for kind in KNOWN if parse(body(kind)).event is not None}
    assert kinds == ALWAYS_STORED
    assert kinds == DELETIONS | {
        "created",
        "subject_changed",
        "agent_assignment_changed",
        "status_changed",
        "custom_status_changed",
        "merged",
        "undeleted",
    }


@pytest.mark.parametrize(
    ("policy", "more"),
    [
        (Policy(include_tags=("vip",)), {"tags_changed"}),
        (Policy(exclude_tags=("spam",)), {"tags_changed"}),
        (Policy(title="{priority} {subject}"), {"priority_changed"}),
        (Policy(title="[{type}/{status}] {{tags}}"), {"type_changed"}),
        (Policy(title="{requester_id}"), {"requester_changed"}),
        (Policy(include_groups=(36,)), {"group_assignment_changed"}),
        (Policy(exclude_brands=(61,)), {"brand_changed"}),
        (Policy(include_forms=(51,)), {"form_changed"}),
        (Policy(exclude_priorities=("low",)), {"priority_changed"}),
        (Policy(include_organizations=(7,)), {"organization_changed"}),
        (Policy(routes=("group:36=1235", "tag:vip=1236")), {"group_assignment_changed", "tags_changed"}),
        (Policy(task_priorities=("urgent=high",)), {"priority_changed"}),
        (Policy(task_tags=("vip",)), {"tags_changed"}),
        (Policy(task_tags=("*=Zendesk",), description="{type} {description}"), set()),
    ],
)
def test_events_that_the_policy_uses_are_stored_too(policy: Policy, more: set[str]) -> None:
    kinds = {kind for kind in KNOWN if parse(body(kind), policy=policy).event is not None}
    assert kinds - ALWAYS_STORED == more


@pytest.mark.parametrize(
    ("event_type", "reason"),
    [
        ("zen:event-type:ticket.comment_added", "changes_no_task"),
        ("zen:event-type:ticket.solved", "unknown_event_type"),
        ("zen:event-type:messaging_ticket.message_added", "not_about_a_ticket"),
        ("zen:event-type/user.created", "not_about_a_ticket"),
    ],
)
def test_other_events_are_ignored_with_a_reason(event_type: str, reason: str) -> None:
    delivery = parse({"type": event_type, "detail": {"id": "no ticket"}})
    assert (delivery.event, delivery.ignored) == (None, reason)


@pytest.mark.parametrize(("previous", "read"), [("77", 77), (77, 77), (None, None), ("0", None), ([], None)])
def test_previous_assignee_is_kept_as_a_fact(previous: Any, read: int | None) -> None:
    event = stored(body("agent_assignment_changed", happened={"current": None, "previous": previous}))
    assert event.previous_assignee_id == read


def test_previous_of_another_change_is_no_assignee() -> None:
    raw = body("custom_status_changed", happened={"current": "5", "previous": "6"})
    assert stored(raw).previous_assignee_id is None


@pytest.mark.parametrize("target", ["35440", 35440])
def test_merge_names_the_ticket_that_it_went_into(target: Any) -> None:
    event = stored(body("merged", happened={"target_ticket_id": target}, status="CLOSED"))
    assert (event.kind, event.merged_into) == ("merged", 35440)


@pytest.mark.parametrize("kind", sorted(DELETIONS))
@pytest.mark.parametrize("detail", [None, {}, {"id": "35436", "subject": None, "updated_at": "2026-01-15T09:05:00Z"}])
def test_delete_is_certain_by_its_type_even_without_a_readable_snapshot(kind: str, detail: Any) -> None:
    event = stored(content(kind) | {"detail": detail})
    assert (event.ticket_id, event.kind, event.hint) == (35436, kind, None)
    assert event.clock is not None
    assert event.clock.updated_at == datetime(2026, 1, 15, 9, 5, tzinfo=UTC)
    assert event.clock.time == "2026-01-15T09:05:00.412938114Z"


def test_delete_without_any_time_is_a_hint() -> None:
    event = stored(content("soft_deleted") | {"detail": {"id": "35436"}, "time": "?"})
    assert (event.hint, event.clock) == ("unreadable_subject", None)


def test_scrubbed_ticket_is_marked() -> None:
    assert stored(body("status_changed", status="SCRUBBED")).scrubbed
    assert not stored(body("status_changed", status="CLOSED")).scrubbed


@pytest.mark.parametrize("ticket_id", ["35436", 35436])
def test_trigger_is_a_hint_known_by_its_invocation(ticket_id: Any) -> None:
    delivery = parse({"ticket_id": ticket_id, "kind": "updated", "type": "incident"}, invocation_id="01HANA")
    assert delivery == ParsedDelivery(
        "trigger",
        event=Event(
            id="invocation-01HANA",
            ticket_id=35436,
            kind=HINT,
            source="trigger",
            received_at=NOW,
            hint="trigger",
            invocation_id="01HANA",
        ),
    )


def test_triggers_without_an_invocation_are_told_apart_by_time() -> None:
    raw = b'{"ticket_id": 5}'
    first, later = parse_event(raw, now=NOW), parse_event(raw, now=NOW + timedelta(microseconds=1))
    assert first.event is not None
    assert later.event is not None
    assert first.event.id != later.event.id


@pytest.mark.parametrize("ticket_id", [None, "", "{{ticket.id}}", -1, 0, 2**63, [], True])
def test_trigger_without_a_ticket_is_not_an_event(ticket_id: Any) -> None:
    with pytest.raises(NotAnEvent):
        parse({"ticket_id": ticket_id})


def older(raw: dict[str, Any], now: datetime = NOW) -> Event:
    return parse_older_form(json.dumps(raw).encode(), now=now)


def test_older_form_is_a_hint_that_keeps_who_was_assigned() -> None:
    ticket = {"id": 35436, "subject": "Checkout", "status": "open", "assignee_id": 77}
    event = older({"event_type": "ticket.updated", "ticket": ticket})
    assert (event.ticket_id, event.kind, event.hint) == (35436, HINT, "older_form")
    assert (event.previous_assignee_id, event.snapshot, event.clock) == (77, None, None)


@pytest.mark.parametrize(
    ("more", "merged_into"),
    [
        ({"merged_into_ticket_id": "35440"}, 35440),
        ({"event_type": "ticket.merged"}, None),
        ({"ticket": {"id": "35436", "tags": "a closed_by_merge"}}, None),
    ],
)
def test_older_form_tells_of_a_merge(more: dict[str, Any], merged_into: int | None) -> None:
    event = older({"event_type": "ticket.updated", "ticket": {"id": "35436"}} | more)
    assert (event.kind, event.merged_into, event.clock) == (MERGED, merged_into, None)


def test_the_same_older_form_twice_is_two_hints() -> None:
    raw = {"event_type": "ticket.updated", "ticket": {"id": 5}}
    assert older(raw).id != older(raw, NOW + timedelta(seconds=1)).id


@pytest.mark.parametrize("ticket", [None, [], {}, {"id": None}, {"id": "x"}, {"id": -1}, 5])
def test_older_form_without_a_ticket_is_not_an_event(ticket: Any) -> None:
    with pytest.raises(NotAnEvent):
        older({"event_type": "ticket.created", "ticket": ticket})


@pytest.mark.parametrize("wrong", [[], {}, "x", True, -7, 2**70])
def test_unreadable_facts_of_the_older_form_are_left_out(wrong: Any) -> None:
    event = older(
        {"event_type": wrong, "ticket": {"id": 5, "assignee_id": wrong, "tags": [1]}, "merged_into_ticket_id": wrong}
    )
    assert (event.kind, event.merged_into, event.previous_assignee_id) == (HINT, None, None)
