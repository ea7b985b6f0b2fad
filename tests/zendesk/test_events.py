"""Real shapes of webhooks, and the odd ones: how each is normalised."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.zendesk.bodies import FULL_VECTOR, body, content
from tests.zendesk.parsing import snapshot_of, stored
from ticketsync.sync.event import Event
from ticketsync.sync.snapshot import TicketSnapshot
from ticketsync.zendesk import parse_event


def test_full_vector_becomes_a_normalised_event() -> None:
    just_after = datetime(2026, 1, 15, 10, 0, 1, tzinfo=UTC)
    delivery = parse_event(FULL_VECTOR, now=just_after, invocation_id="01HANA2B5D5W9XSJS3NE5SQA1J")
    assert (delivery.event_type, delivery.account_id, delivery.ignored) == ("ticket.status_changed", 11223344, None)
    assert delivery.event == Event(
        id="6f3c2a10-0000-4000-8000-000000000008",
        ticket_id=35436,
        kind="status_changed",
        received_at=just_after,
        time="2026-01-15T10:00:00.100000000Z",
        position=1,
        invocation_id="01HANA2B5D5W9XSJS3NE5SQA1J",
        snapshot=TicketSnapshot(
            id=35436,
            subject="Checkout broken",
            status="solved",
            custom_status_id=8447320465790,
            priority="normal",
            type="incident",
            assignee_id=8447388090777,
            submitter_id=8447388091001,
            requester_id=8447388091001,
            group_id=8447320466430,
            organization_id=8447346622462,
            brand_id=8447346621310,
            form_id=8646151517822,
            tags=("checkout",),
            created_at=datetime(2026, 1, 15, 9, tzinfo=UTC),
            updated_at=datetime(2026, 1, 15, 10, tzinfo=UTC),
            via="email",
        ),
    )


@pytest.mark.parametrize("unset", [None, "", "0", 0, " ", "-1"])
def test_each_way_to_say_unset_means_that_there_is_none(unset: Any) -> None:
    fields = ("assignee_id", "group_id", "organization_id", "requester_id", "submitter_id", "brand_id", "form_id")
    snapshot = snapshot_of(**dict.fromkeys((*fields, "custom_status"), unset))
    assert [getattr(snapshot, field) for field in (*fields, "custom_status_id")] == [None] * 8


@pytest.mark.parametrize(
    ("key", "field"),
    [
        ("priority", "priority"),
        ("type", "type"),
        ("requester_id", "requester_id"),
        ("group_id", "group_id"),
        ("organization_id", "organization_id"),
        ("brand_id", "brand_id"),
        ("form_id", "form_id"),
        ("tags", "tags"),
    ],
)
def test_a_field_that_is_not_there_is_not_taken_for_one_that_is_unset(key: str, field: str) -> None:
    raw = content("status_changed")
    left_out = {**raw, "detail": {name: value for name, value in raw["detail"].items() if name != key}}
    snapshot, unset = stored(left_out).snapshot, snapshot_of(**{key: None})
    assert snapshot is not None
    assert (snapshot.left_out, unset.left_out) == ((field,), ())
    assert snapshot.model_copy(update={"left_out": ()}) == unset


@pytest.mark.parametrize("number", ["8447388090777", 8447388090777, " 8447388090777 "])
def test_ids_are_read_as_text_and_as_numbers(number: Any) -> None:
    assert snapshot_of(assignee_id=number, id=number).assignee_id == 8447388090777
    assert snapshot_of(assignee_id=number, id=number).id == 8447388090777


@pytest.mark.parametrize("tags", [["a", "b"], "a b", "a  b ", ["a", "b", "a", ""]])
def test_tags_are_read_as_a_list_and_as_text_with_spaces(tags: Any) -> None:
    assert snapshot_of(tags=tags).tags == ("a", "b")


def test_absurdly_many_tags_are_cut_but_not_that_of_a_merge() -> None:
    tags = snapshot_of(tags=[f"tag_number_{number}" for number in range(1000)] + ["closed_by_merge"]).tags
    assert len(tags) <= 200
    assert sum(map(len, tags)) <= 5000
    assert "closed_by_merge" in tags


@pytest.mark.parametrize("tags", [None, "", []])
def test_no_tags_are_an_empty_tuple(tags: Any) -> None:
    assert snapshot_of(tags=tags).tags == ()


@pytest.mark.parametrize(
    ("time", "nine_digits"),
    [
        ("2026-01-15T09:05:00Z", "2026-01-15T09:05:00.000000000Z"),
        ("2026-01-15T09:05:00.1Z", "2026-01-15T09:05:00.100000000Z"),
        ("2026-01-15T09:05:00.906323869Z", "2026-01-15T09:05:00.906323869Z"),
        ("2026-01-15T09:05:00.9063238691Z", "2026-01-15T09:05:00.906323869Z"),
        ("2026-01-15T09:05:00.5+02:00", "2026-01-15T07:05:00.500000000Z"),
        ("2026-01-14T23:35:00-0930", "2026-01-15T09:05:00.000000000Z"),
        ("2026-01-15t09:05:00.000000001z", "2026-01-15T09:05:00.000000001Z"),
    ],
)
def test_event_time_keeps_all_its_digits_in_utc(time: str, nine_digits: str) -> None:
    event = stored(content("status_changed") | {"time": time})
    assert event.time == nine_digits
    assert event.clock is not None


@pytest.mark.parametrize(
    "time",
    [
        None,
        "",
        "now",
        1768467900,
        "2026-01-15",
        "2026-01-15T09:05:00",
        "2026-13-15T09:05:00Z",
        "2026-01-15T09:05:60Z",
        "0000-01-15T09:05:00Z",
        "0001-01-01T00:00:00+23:59",
        "9999-12-31T23:59:59-23:59",
        "\uff12\uff10\uff12\uff16-01-15T09:05:00Z",
        ["2026"],
    ],
)
def test_unreadable_event_time_leaves_no_clock_but_the_facts(time: Any) -> None:
    event = stored(content("status_changed", assignee_id="7") | {"time": time})
    assert (event.hint, event.time, event.clock) == ("unreadable_time", "", None)
    assert event.snapshot is not None
    assert event.snapshot.assignee_id == 7


def test_fractions_of_updated_at_are_dropped_as_rest_has_none() -> None:
    assert snapshot_of(updated_at="2026-01-15T09:05:00.999Z").updated_at == datetime(2026, 1, 15, 9, 5, tzinfo=UTC)


@pytest.mark.parametrize("separator", [":", "/"])
def test_event_type_has_a_colon_or_a_slash(separator: str) -> None:
    event = stored(content("created") | {"type": f"zen:event-type{separator}ticket.created"})
    assert event.kind == "created"


def test_unknown_fields_are_kept_out_of_the_way() -> None:
    raw = content("created", custom_fields=[{"id": 1, "value": "x" * 5000}], brand_new={"deep": [1]})
    assert stored(raw | {"more": 1}) == stored(content("created"))


@pytest.mark.parametrize("happened", [None, {}, [], "x", {"meta": None}, {"meta": {"sequence": []}}])
def test_missing_meta_means_position_0(happened: Any) -> None:
    event = stored(content("created") | {"event": happened})
    assert (event.position, event.hint) == (0, None)


@pytest.mark.parametrize(
    ("position", "read"), [(3, 3), ("3", 3), (None, 0), ("x", 0), (-4, 0), (10**30, 0), (2.5, 0), (10**9, 10**6)]
)
def test_position_is_read_where_it_is_one(position: Any, read: int) -> None:
    event = stored(content("created") | {"event": {"meta": {"sequence": {"position": position}}}})
    assert event.position == read


def test_via_has_the_name_that_rest_uses() -> None:
    channels = ["web_form", "mail", "web_service", "CHAT", "rule"]
    assert [snapshot_of(via={"channel": name}).via for name in channels] == ["web", "email", "api", "chat", "rule"]


@pytest.mark.parametrize("via", [None, "mail", {}, {"channel": 5}, {"channel": "\ud800"}, {"channel": "x" * 500}])
def test_unreadable_via_is_none_and_no_hint(via: Any) -> None:
    assert snapshot_of(via=via).via is None


@pytest.mark.parametrize("subject", ["with\x00nul", "مرحبا \u202eabc", "x" * 300, "🎉 ﷽", "'; drop\r\n\ttable"])
def test_subjects_are_kept_as_sent(subject: str) -> None:
    assert snapshot_of(subject=subject).subject == subject


def test_lone_surrogates_are_replaced_so_that_the_event_can_be_stored() -> None:
    event = stored(body("status_changed", subject="a\ud83db\udc00", tags=["t\ud800"]))
    assert event.snapshot is not None
    assert event.snapshot.subject == "a\ufffdb\ufffd"
    assert Event.model_validate_json(event.model_dump_json()) == event


def test_subjects_are_cut_at_1000_characters() -> None:
    assert snapshot_of(subject="é" * 5000).subject == "é" * 1000


@pytest.mark.parametrize("subject", [None, ""])
def test_no_subject_is_none(subject: Any) -> None:
    assert snapshot_of(subject=subject).subject is None


@pytest.mark.parametrize(("sent", "read"), [("01HAN", "01HAN"), (12345678901234567890, "12345678901234567890")])
def test_event_id_is_text(sent: Any, read: str) -> None:
    assert stored(content("created") | {"id": sent}).id == read


@pytest.mark.parametrize("sent", [None, "", "x" * 500, "a b", "\ud800", True, [], {}])
def test_event_without_a_usable_id_has_that_of_its_body(sent: Any) -> None:
    first, again = stored(content("created") | {"id": sent}), stored(content("created") | {"id": sent})
    other = stored(content("created", subject="other") | {"id": sent})
    assert first.id == again.id != other.id
    assert first.id.isascii()


@pytest.mark.parametrize("header", ["", "a\x00b", "é", "x" * 101])
def test_unusable_invocation_id_is_left_out(header: str) -> None:
    assert stored(body("created"), invocation_id=header).invocation_id is None
