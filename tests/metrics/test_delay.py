"""From which moment on the delay of a step is measured, and which waits are no delay."""

from datetime import UTC, datetime, timedelta

from tests.support.tickets import Ticket
from ticketsync.sync.event import Event, Source
from ticketsync.workflows.heard import Heard

NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)


def _event(seconds: int, source: Source = "webhook") -> Event:
    came_in = {"received_at": NOON + timedelta(seconds=seconds), "source": source}
    return Ticket().created().model_copy(update=came_in)


def test_it_begins_when_the_oldest_of_several_events_came_in() -> None:
    heard = Heard()
    heard.take([_event(5), _event(2)])
    heard.take([_event(9)])
    assert heard.since == NOON + timedelta(seconds=2)


def test_it_goes_on_while_something_is_under_way_and_is_over_afterwards() -> None:
    heard = Heard()
    heard.take([_event(2)])
    heard.go_on(waits=True)
    assert heard.since is not None
    heard.go_on(waits=False)
    assert heard.since is None


def test_what_nobody_waits_for_is_no_delay() -> None:
    heard = Heard()
    heard.take([_event(1, "backfill"), _event(2, "desk"), _event(3, "read"), _event(4, "operator")])
    assert heard.since is None
    heard.take([_event(5, "export")])
    assert heard.since == NOON + timedelta(seconds=5)
