"""What is unreadable: a hint where the ticket can be named, else not an event."""

from typing import Any

import pytest

from tests.zendesk.bodies import body, content
from tests.zendesk.parsing import hint_of, parse, stored
from ticketsync.zendesk import NotAnEvent


@pytest.mark.parametrize("wrong", [True, 1.5, [], {}, {"id": 1}, "x", "1e3", "-5", -5, 2**63, str(2**63), "9" * 30])
@pytest.mark.parametrize("field", ["assignee_id", "requester_id", "form_id", "custom_status"])
def test_unreadable_id_of_somebody_makes_a_hint(field: str, wrong: Any) -> None:
    assert hint_of(**{field: wrong}) == f"unreadable_{field}"


@pytest.mark.parametrize("wrong", [True, 5, [], {}, ["OPEN"], "\x00", "x" * 50, "é"])
@pytest.mark.parametrize("field", ["status", "priority", "type"])
def test_unreadable_state_makes_a_hint(field: str, wrong: Any) -> None:
    assert hint_of(**{field: wrong}) == f"unreadable_{field}"


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("status", None),
        ("status", ""),
        ("subject", 5),
        ("subject", ["a"]),
        ("tags", {"a": 1}),
        ("tags", [1]),
        ("tags", 7),
        ("updated_at", None),
        ("updated_at", "soon"),
        ("updated_at", 1768467900),
        ("created_at", "soon"),
        ("created_at", 5),
    ],
)
def test_other_unreadable_parts_make_a_hint_that_names_the_field(field: str, wrong: Any) -> None:
    assert hint_of(**{field: wrong}) == f"unreadable_{field}"


@pytest.mark.parametrize("field", ["subject", "status", "assignee_id", "updated_at"])
def test_left_out_field_that_a_task_shows_makes_a_hint_instead_of_unsetting_it(field: str) -> None:
    raw = content("status_changed")
    del raw["detail"][field]
    assert stored(raw).hint == f"unreadable_{field}"


@pytest.mark.parametrize("field", ["updated_at", "created_at"])
@pytest.mark.parametrize(("moment", "hint"), [("09:09:59", None), ("09:10:02", "clock"), ("23:59:59", "clock")])
def test_moment_still_to_come_makes_a_hint_or_it_would_win_over_all_that_follows(
    field: str, moment: str, hint: str | None
) -> None:
    changed: dict[str, Any] = {field: f"2026-01-15T{moment}Z"}
    event = stored(body("status_changed", happened=None, **changed))
    assert (event.hint, event.snapshot is None) == (hint, hint is not None)


@pytest.mark.parametrize("kind", ["created", "soft_deleted", "undeleted"])
@pytest.mark.parametrize("detail", [{}, {"detail": None}])
def test_event_of_a_time_still_to_come_is_a_hint_also_when_it_deletes(kind: str, detail: dict[str, Any]) -> None:
    event = stored(content(kind, id=35436) | {"time": "2036-01-15T09:05:00.4Z"} | detail)
    assert event.kind == kind
    assert event.hint is not None
    assert (event.snapshot, event.time) == (None, "")


@pytest.mark.parametrize("detail", [None, [], "x", {}, {"id": None}])
def test_ticket_is_known_by_the_resource_name_when_the_detail_is_no_use(detail: Any) -> None:
    event = stored(content("status_changed") | {"detail": detail})
    assert (event.ticket_id, event.snapshot) == (35436, None)
    assert event.hint is not None


@pytest.mark.parametrize("wrong", [None, "", 0, "0", -5, "-5", 2**63, "9" * 30, 10**4000, True, 3.5, [], {}, "abc"])
def test_event_without_a_readable_ticket_id_is_not_an_event(wrong: Any) -> None:
    raw = content("status_changed", id=wrong) | {"subject": f"zen:ticket:{2**63}"}
    with pytest.raises(NotAnEvent, match="id is not a number"):
        parse(raw)


def test_largest_id_is_taken() -> None:
    assert stored(body("created", id=str(2**63 - 1))).ticket_id == 2**63 - 1


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"x",
        b"\xff\xfe\x00",
        b"{",
        b"[]",
        b"null",
        b"5",
        b'"text"',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"ticket_id": ' + b"9" * 10_000 + b"}",
        b"{}",
        b'{"type": "zen:event-type:ticket."}',
        b'{"type": "zen:event-type:\\ud800"}',
        b'{"type": 5, "detail": {}}',
    ],
)
def test_what_is_no_event_is_refused_without_repeating_it(raw: bytes) -> None:
    with pytest.raises(NotAnEvent) as refused:
        parse(raw)
    assert len(refused.value.reason) < 100
