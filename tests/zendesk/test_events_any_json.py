"""Whatever JSON comes, parsing raises nothing but NotAnEvent, and what it makes can be stored."""

import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.zendesk.bodies import DETAIL, content
from ticketsync.sync.event import Event
from ticketsync.sync.policy import Policy
from ticketsync.zendesk import NotAnEvent, parse_event, parse_older_form
from ticketsync.zendesk.fields import LARGEST_ID, Unreadable, read_time
from ticketsync.zendesk.kinds import KNOWN
from ticketsync.zendesk.rest import row_event

NOW = datetime(2026, 1, 15, 9, 5, 1, tzinfo=UTC)
POLICY = Policy(include_tags=("vip",), title="{priority} {type}")

# How long an example takes says something about the machine, not about the parser.
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

TEXT = st.text(st.characters(codec=None), max_size=20)  # surrogates and NUL too
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | TEXT | st.sampled_from(["0", "5", "OPEN", "-1"])
ANYTHING = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4), max_leaves=10
)
TYPES = st.sampled_from(sorted(KNOWN)).map(lambda kind: f"zen:event-type:ticket.{kind}")
NAMES = ["type", "detail", "event", "id", "subject", "time", "account_id", "ticket_id", "ticket", "event_type", "extra"]


def encoded(value: Any) -> bytes:
    return json.dumps(value).encode()


def parsed(raw: bytes) -> Event | None:
    try:
        return parse_event(raw, now=NOW, policy=POLICY).event
    except NotAnEvent:
        return None


def assert_storable(event: Event | None) -> None:
    if event is not None:
        assert 1 <= event.ticket_id <= LARGEST_ID
        assert Event.model_validate_json(event.model_dump_json()) == event
        assert event.clock is not None or event.hint is not None


@unhurried
@given(st.binary(max_size=200))
def test_any_bytes(raw: bytes) -> None:
    assert_storable(parsed(raw))


@unhurried
@given(ANYTHING)
def test_any_json(value: Any) -> None:
    assert_storable(parsed(encoded(value)))


@unhurried
@given(st.dictionaries(st.sampled_from(NAMES), ANYTHING), TYPES | ANYTHING)
def test_any_value_in_every_place_of_the_envelope(fields: dict[str, Any], event_type: Any) -> None:
    assert_storable(parsed(encoded({"type": event_type} | fields)))


@unhurried
@given(st.sampled_from(sorted(KNOWN)), st.dictionaries(st.sampled_from(sorted(DETAIL)), ANYTHING), ANYTHING)
def test_any_value_in_every_field_of_the_ticket(kind: str, fields: dict[str, Any], happened: Any) -> None:
    raw = content(kind) | {"detail": DETAIL | fields, "event": happened}
    event = parsed(encoded(raw))
    assert_storable(event)
    if event is not None:
        assert event.kind == kind


@unhurried
@given(st.dictionaries(st.sampled_from(NAMES), ANYTHING))
def test_any_older_form(fields: dict[str, Any]) -> None:
    try:
        event = parse_older_form(encoded(fields), now=NOW)
    except NotAnEvent:
        return
    assert event.hint == "older_form"
    assert_storable(event)


@unhurried
@given(ANYTHING | st.fixed_dictionaries({"id": st.just(5), "generated_timestamp": ANYTHING}, optional={}))
def test_any_row_of_the_export(row: Any) -> None:
    assert_storable(row_event(row, now=NOW))


@unhurried
@given(st.dictionaries(st.sampled_from([*DETAIL, "generated_timestamp", "raw_subject"]), ANYTHING))
def test_any_value_in_every_field_of_a_row(fields: dict[str, Any]) -> None:
    assert_storable(row_event(DETAIL | {"generated_timestamp": 1768467900} | fields, now=NOW))


@unhurried
@given(
    st.datetimes(datetime(1970, 1, 1), datetime(2999, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001 - it adds the zone
    st.integers(0, 10**9 - 1),
)
def test_order_of_times_is_the_order_of_their_texts(moment: datetime, nanoseconds: int) -> None:
    text = f"{moment.replace(microsecond=0).isoformat()[:19]}.{nanoseconds:09d}Z"
    read = read_time(text)
    assert read.nine_digits == text
    assert read.moment == moment.replace(microsecond=nanoseconds // 1000)


@unhurried
@given(ANYTHING)
def test_time_is_read_or_unreadable(value: Any) -> None:
    with suppress(Unreadable):
        assert len(read_time(value).nine_digits) == 30
