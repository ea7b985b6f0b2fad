"""The rule "Order": which of two snapshots is the newer, and when nobody can tell."""

from itertools import permutations

import pytest

from tests.sync.builders import RULES, codes, event, folded, fresh, hint, read, row, snapshot, unreadable
from tests.sync.zendesk import ANN
from ticketsync.sync.event import Event
from ticketsync.sync.fold import fold
from ticketsync.sync.state import SEEN_KEPT, TicketState


def subject(state: TicketState) -> str | None:
    assert state.snapshot is not None
    return state.snapshot.subject


NEWER_AND_WHY = {
    "a later second": (event(1, subject="old"), event(2, subject="new")),
    "a later second, whatever the events' times say": (
        event(1, subject="old", time="2026-01-15T09:00:59.000000000Z"),
        event(2, subject="new", time="2026-01-15T09:00:01.000000000Z"),
    ),
    "a later time within one second": (event(1.1, subject="old"), event(1.2, subject="new")),
    "a time that is later by one nanosecond": (
        event(1, subject="old", time="2026-01-15T09:00:01.100000000Z"),
        event(1, subject="new", time="2026-01-15T09:00:01.100000001Z"),
    ),
    "a read after the second was over": (event(1.9, subject="old"), read(1, as_of=2, subject="new")),
    "a row generated after the second was over": (event(1.9, subject="old"), row(1, as_of=2, subject="new")),
    "a read after the second was over, also against an event without a time": (
        event(1, subject="old", time=""),
        read(1, as_of=2, subject="new"),
    ),
    "an event after what a read shows": (read(1, as_of=5, subject="old"), event(6.1, subject="new")),
    "the later of two reads that show the same last change": (
        read(1, as_of=5, subject="old"),
        read(1, as_of=9, asked=2, subject="new"),
    ),
    "the later of two rows that show the same last change": (
        row(1, as_of=9, subject="old"),
        row(1, as_of=10, subject="new"),
    ),
}


@pytest.mark.parametrize("why", NEWER_AND_WHY)
def test_newer_wins_in_both_orders_and_nothing_is_read(why: str) -> None:
    old, new = NEWER_AND_WHY[why]
    for order in ((old, new), (new, old)):
        state = folded(*order)
        assert (subject(state), state.read) == ("new", None)


IN_DOUBT = {
    "the same time": (event(1.1, subject="one"), event(1.1, subject="other")),
    "no time at all": (event(1, subject="one", time=""), event(1, subject="other", time="")),
    "one without a time": (event(1.1, subject="one"), event(1, subject="other", time="")),
    "a read within the second": (event(1.1, subject="one"), read(1, as_of=1.5, asked=0, subject="other")),
    "a row generated within the second": (event(1.1, subject="one"), row(1, as_of=1, subject="other")),
    "two reads at one moment": (
        read(1, as_of=5, asked=0, subject="one"),
        read(1, as_of=5, asked=0, id="another read", subject="other"),
    ),
}


@pytest.mark.parametrize("why", IN_DOUBT)
def test_when_clocks_do_not_decide_the_ticket_is_read_after_that_second(why: str) -> None:
    for order in permutations(IN_DOUBT[why]):
        state = folded(*order)
        assert state.read is not None
        assert (state.read.settled, state.read.reason) == (True, "clocks_do_not_decide")
        assert codes(*order)[1] == "in_doubt"


@pytest.mark.parametrize("why", IN_DOUBT)
def test_what_is_kept_while_in_doubt_does_not_depend_on_the_order(why: str) -> None:
    one, other = IN_DOUBT[why]
    assert subject(folded(one, other)) == subject(folded(other, one))


@pytest.mark.parametrize("why", IN_DOUBT)
def test_clocks_that_do_not_decide_do_not_matter_when_the_contents_are_the_same(why: str) -> None:
    one, other = IN_DOUBT[why]
    same = [each.model_copy(update={"snapshot": snapshot(1)}) for each in (one, other)]
    assert folded(*same).read is None


def test_a_read_within_the_second_is_asked_for_again() -> None:
    state = folded(event(1.1, subject="one"), event(1.1, subject="other"))
    asked = state.read.asked if state.read else 0
    again = folded(read(1, as_of=1.9, asked=asked, subject="third"), state=state)
    assert again.read is not None
    assert again.read.asked > asked


def test_a_read_after_the_second_ends_the_doubt() -> None:
    state = folded(event(1.1, subject="one"), event(1.1, subject="other"))
    after = folded(read(1, as_of=2, asked=1, subject="other"), state=state)
    assert (subject(after), after.read) == ("other", None)


def test_anything_newer_ends_the_doubt_without_a_read() -> None:
    state = folded(event(1.1, subject="one"), event(1.1, subject="other"))
    after = folded(event(2.1, subject="new"), state=state)
    assert (subject(after), after.read) == ("new", None)


def test_a_row_of_that_second_generated_later_ends_the_doubt_too() -> None:
    state = folded(event(1.1, subject="one"), event(1.1, subject="other"))
    assert folded(row(1, as_of=4, subject="other"), state=state).read is None


def test_an_event_of_the_same_second_does_not_end_the_doubt() -> None:
    """It is newer than both, but it does not tell what a read would: there may be more in that second."""
    state = folded(event(1.1, subject="one"), event(1.1, subject="other"), event(1.5, subject="third"))
    assert (subject(state), state.read is None) == ("third", False)


def test_an_older_event_does_not_end_the_doubt() -> None:
    state = folded(event(1.1, subject="one"), event(1.1, subject="other"), event(0.5, subject="old"))
    assert state.read is not None


def test_a_hint_is_read_also_when_something_newer_is_heard() -> None:
    assert folded(hint(), event(5, subject="new")).read is not None


@pytest.mark.parametrize("first", ["doubt", "hint"])
def test_a_hint_beside_a_doubt_is_read_also_when_something_newer_ends_the_doubt(first: str) -> None:
    doubt = (event(1.1, subject="one"), event(1.1, subject="other"))
    events = (*doubt, hint()) if first == "doubt" else (hint(), *doubt)
    assert folded(*events, event(5, subject="new")).read is not None


def test_a_hint_makes_an_unsettled_wish_and_a_doubt_keeps_it_settled() -> None:
    state = folded(event(1.1, subject="one"), event(1.1, subject="other"), hint())
    assert state.read is not None
    assert state.read.settled


NO_CLOCK = {
    "no snapshot": hint(),
    "no moment of change": event(None, subject="A"),
    "declared a hint": event(1, subject="A", hint="its timestamp is too old"),
    "a delete without a clock": hint("soft_deleted"),
    "a merge without a clock": hint("merged", merged_into=7),
}


@pytest.mark.parametrize("why", NO_CLOCK)
def test_what_has_no_clock_is_a_hint(why: str) -> None:
    state = folded(NO_CLOCK[why])
    assert state.read is not None
    assert codes(NO_CLOCK[why]) == ["hint"]
    assert state.snapshot is None


def test_a_hint_keeps_what_stays_true_however_late_it_arrives() -> None:
    state = folded(hint("agent_assignment_changed", previous_assignee_id=ANN), hint("merged", merged_into=7))
    assert (state.was_assigned, state.lifecycle.merged, state.lifecycle.merged_into) == (True, True, 7)


# --- duplicates


def test_a_duplicate_is_explained_and_changes_nothing() -> None:
    state, _, seen = fold(fresh(), (event(1),), RULES)
    once = state.model_copy(update={"seen": tuple(seen)})
    twice, lines, seen_again = fold(once, (event(1),), RULES)
    assert [line.code for line in lines] == ["duplicate"]
    assert (twice, seen_again) == (once, [])


def test_a_duplicate_in_the_same_batch_is_explained_too() -> None:
    assert codes(event(1), event(1)) == ["first", "duplicate"]


def test_a_duplicate_that_is_not_remembered_any_more_changes_nothing_either() -> None:
    once = folded(event(1), event(2, subject="B"))
    again = folded(event(1), event(2, subject="B"), state=once)
    assert again == once


def test_200_events_are_remembered() -> None:
    state = fresh()
    for number in range(SEEN_KEPT + 50):
        seen = fold(state, (event(number),), RULES)[2]
        state = state.model_copy(update={"seen": (*state.seen, *seen)[-SEEN_KEPT:]})
    assert len(state.seen) == 200
    assert codes(event(SEEN_KEPT + 49), state=state) == ["duplicate"]
    assert all(len(one) == 16 for one in state.seen), "eight bytes as hex"


# --- reads answer wishes


def test_a_read_meets_the_wishes_that_were_made_before_it_was_begun() -> None:
    state = folded(hint())
    assert state.read is not None
    assert folded(read(1, as_of=5, asked=state.read.asked), state=state).read is None


def test_a_read_does_not_meet_a_wish_that_was_made_after_it_was_begun() -> None:
    state = folded(hint(), event(None, id="a second hint"))
    assert state.read is not None
    assert folded(read(1, as_of=5, asked=state.read.asked - 1), state=state).read is not None


def test_a_late_answer_changes_nothing_but_is_folded() -> None:
    state = folded(event(9, subject="new"))
    assert folded(read(1, as_of=5, asked=1, subject="old"), state=state).snapshot == state.snapshot


def test_a_404_answers_the_wish_and_changes_nothing_else() -> None:
    state = folded(event(1), hint())
    after = folded(unreadable(asked=state.reads_asked), state=state)
    assert (after.read, after.snapshot, after.lifecycle) == (None, state.snapshot, state.lifecycle)


# --- what stays true


@pytest.mark.parametrize("order", ["in order", "late"])
def test_that_a_ticket_was_merged_stays_true_however_late_it_is_heard(order: str) -> None:
    merged = event(1, "merged", merged_into=7, status="closed")
    events: tuple[Event, ...] = (merged, event(2, subject="new"))
    state = folded(*(events if order == "in order" else reversed(events)))
    assert (state.lifecycle.merged, state.lifecycle.merged_into, subject(state)) == (True, 7, "new")


def test_that_a_ticket_was_assigned_is_known_from_an_older_snapshot_too() -> None:
    assert folded(event(2), event(1, assignee_id=ANN)).was_assigned


def test_the_status_before_the_close_is_the_newest_other_than_closed_in_any_order() -> None:
    events = (event(1, status="open"), event(2, status="solved"), event(3, status="closed"))
    states = [folded(*order) for order in permutations(events)]
    assert {state.status_before_close for state in states} == {"solved"}
