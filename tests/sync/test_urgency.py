"""What goes first, as far as the rules say it: what was stored before the worker began gives way to what came since."""

from functools import partial

from tests.sync.builders import at, decided, event, fresh, read, row
from ticketsync.sync.event import DESK_HEALED, Event
from ticketsync.sync.state import Command, Decision

BEGUN = 40
LONG_AFTER = 80

_decided = partial(decided, seconds=LONG_AFTER, working_since=at(BEGUN))


def _first(*events: Event) -> Decision:
    return _decided(fresh(), *events)[0]


def test_what_was_stored_before_the_worker_began_is_told_from_what_came_since() -> None:
    assert _first(event(1, received_at=at(2))).stored is True
    assert _first(event(BEGUN, received_at=at(BEGUN + 1))).stored is False, "however long it waited for its turn"


def test_what_came_while_a_worker_was_just_replaced_is_not_called_stored() -> None:
    just_before = event(1, received_at=at(BEGUN - 1))
    assert decided(fresh(), just_before, seconds=BEGUN + 4, working_since=at(BEGUN))[0].stored is False


def test_one_that_has_just_happened_brings_forward_what_was_stored() -> None:
    stored, now = event(1, received_at=at(2)), event(LONG_AFTER, subject="B", received_at=at(LONG_AFTER))
    assert _first(stored, now).stored is False


def test_a_row_is_as_old_as_its_change_however_late_it_is_read() -> None:
    assert _first(row(1, as_of=2, received_at=at(LONG_AFTER))).stored is True
    assert _first(event(1, received_at=at(2)), row(1, as_of=2, received_at=at(LONG_AFTER))).stored is True
    assert _first(row(BEGUN + 1, as_of=BEGUN + 2, received_at=at(LONG_AFTER))).stored is False


def test_an_operator_is_waited_for_at_once() -> None:
    asked = fresh(commands=(Command(kind="retry", at=at(LONG_AFTER)),))
    assert _decided(asked, event(1, received_at=at(2)))[0].stored is False


def test_the_answer_to_a_read_and_a_timer_leave_all_where_it_was() -> None:
    answer = _first(read(1, as_of=LONG_AFTER))
    assert (answer.live, answer.stored, answer.backfill) == (None, None, None)
    assert (_first().live, _first().stored, _first().backfill) == (None, None, None)


def test_what_the_desk_asks_of_all_its_tickets_is_not_live_nor_the_reads_that_follow() -> None:
    healed = Event(id="healed", ticket_id=1, kind=DESK_HEALED, received_at=at(LONG_AFTER))
    assert _first(healed).live is False
    assert _first(healed, read(1, as_of=LONG_AFTER)).live is False
