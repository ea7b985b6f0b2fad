"""What a backfill does with a ticket: by its row of the export, the desk's policy, and what is known of it."""

from datetime import timedelta
from typing import Any

import pytest

from tests.sync.builders import at, decided, event, fresh, read, row
from tests.sync.zendesk import START
from ticketsync.sync.backfill import BackfillState, BackfillTurn, Counts, Fate, Place, fate_of
from ticketsync.sync.event import DIRECTORY_CHANGED, HINT, Event
from ticketsync.sync.fold import Rules
from ticketsync.sync.policy import Policy
from ticketsync.sync.state import Command

VIP_ONLY = Policy(include_tags=("vip",))
LINKED_LATER = START + timedelta(days=30)


def fate(told: Event, policy: Policy | None = None, **known: Any) -> Fate:
    rules = Rules(policy=policy or Policy(), linked_at=LINKED_LATER)
    return fate_of(told, rules, **{"only_open": False, "known": False, "has_task": False, **known})


def told(**fields: Any) -> Event:
    return row(1, as_of=3, **fields)


UNREADABLE = told().model_copy(update={"kind": HINT, "hint": "unreadable_status", "snapshot": None})
ENDED = {
    "solved": told(status="solved"),
    "closed": told(status="closed"),
    "deleted": told(status="deleted"),
    "merged": told(status="closed", tags=("closed_by_merge",)),
    "scrubbed": told(status="deleted", scrubbed=True),
}


@pytest.mark.parametrize("status", ["new", "open", "pending", "hold"])
def test_an_open_ticket_gets_a_task(status: str) -> None:
    assert fate(told(status=status)) == fate(told(status=status), only_open=True) == "new"


@pytest.mark.parametrize("how", ENDED)
def test_an_ended_ticket_from_before_the_link_gets_none(how: str) -> None:
    assert fate(ENDED[how]) == fate(ENDED[how], only_open=True) == "ended"


@pytest.mark.parametrize("how", ENDED)
def test_an_ended_ticket_that_has_a_task_is_adopted_unless_only_open_ones_are_wanted(how: str) -> None:
    assert fate(ENDED[how], has_task=True) == "adopted"
    assert fate(ENDED[how], has_task=True, only_open=True) == "ended"


def test_a_ticket_outside_the_filters_is_left_out_unless_it_has_a_task() -> None:
    assert fate(told(tags=("other",)), VIP_ONLY) == "filtered"
    assert fate(told(tags=("vip",)), VIP_ONLY) == "new"
    assert fate(told(tags=("other",)), VIP_ONLY, has_task=True) == "adopted"


def test_an_ended_ticket_outside_the_filters_counts_as_ended() -> None:
    assert fate(told(status="solved", tags=("other",)), VIP_ONLY) == "ended"


def test_a_known_ticket_costs_nothing_whatever_it_is() -> None:
    assert fate(told(), known=True, has_task=True) == "known"
    assert fate(told(tags=("other",)), VIP_ONLY, known=True) == "known"
    assert fate(told(status="solved"), known=True, only_open=True) == "known"


def test_a_known_ticket_without_a_task_that_the_policy_now_wants_gets_one() -> None:
    assert fate(told(tags=("vip",)), VIP_ONLY, known=True) == "new"


def test_a_row_that_says_too_little_is_read() -> None:
    assert fate(UNREADABLE) == "unclear"
    assert fate(told(left_out=("tags",)), VIP_ONLY) == "unclear"


# --- counts


def test_counts_are_added_and_say_how_many_are_brought_in() -> None:
    counts = Counts.of(["new", "new", "known"]) + Counts.of(["adopted", "unclear", "ended", "filtered"])
    assert counts == Counts(new=2, known=1, adopted=1, unclear=1, ended=1, filtered=1)
    assert (counts.read, counts.brought_in) == (7, 4)


def test_in_a_project_of_more_tasks_than_a_page_each_look_takes_three_calls() -> None:
    assert Counts(new=100, adopted=10).calls == 100 * 2 + 10 * 2
    assert Counts(new=300, adopted=10).calls == 300 * 4 + 10 * 2


# --- the place in the export


def test_what_was_passed_is_not_handed_over_again_and_what_follows_is() -> None:
    place = Place().behind(row(1, as_of=3, ticket_id=7))
    assert place.has_passed(row(1, as_of=2, ticket_id=9))
    assert place.has_passed(row(1, as_of=3, ticket_id=7))
    assert not place.has_passed(row(1, as_of=3, ticket_id=8))
    assert not place.has_passed(row(1, as_of=4, ticket_id=1))


def test_a_row_without_a_moment_is_never_passed_and_moves_nothing() -> None:
    nameless = row(1, as_of=3).model_copy(update={"as_of": None})
    place = Place(moment=at(9))
    assert (place.has_passed(nameless), place.behind(nameless)) == (False, place)


# --- how far it is


def begun(**fields: Any) -> BackfillState:
    known = {"desk": "acme", "begun_at": at(0), "until": at(0), "planned": Counts(new=100)}
    return BackfillState.model_validate({**known, **fields})


def test_it_is_done_when_all_is_read_and_nothing_is_on_its_way() -> None:
    place = Place()
    assert not begun().after(BackfillTurn(place=place)).is_done
    assert not begun().after(BackfillTurn(place=place, all_read=True, on_their_way=(7,))).is_done
    assert begun().after(BackfillTurn(place=place, all_read=True)).is_done


def test_a_turn_adds_up_and_ends_a_trouble() -> None:
    turn = BackfillTurn(place=Place(cursor="b"), on_their_way=(7, 8), counts=Counts(new=5, known=2), blocked=1)
    state = begun(trouble="paused", counts=Counts(new=10), blocked=2).after(turn)
    assert (state.place.cursor, state.trouble, state.blocked) == ("b", None, 3)
    assert (state.counts, state.at_rest) == (Counts(new=15, known=2), 13)


def test_the_forecast_goes_by_the_pace_so_far() -> None:
    assert begun(counts=Counts(new=20)).time_left(at(60)) == timedelta(seconds=240)
    assert begun().time_left(at(60)) is None
    assert begun(counts=Counts(new=100)).time_left(at(60)) == timedelta(0)


# --- priority


def test_what_a_backfill_brings_in_stands_behind_until_something_else_is_told() -> None:
    brought_in, state = decided(fresh(), row(1, as_of=3, source="backfill"))
    assert brought_in.backfill is True
    live, _ = decided(state, event(5, subject="B"))
    assert (live.backfill, live.live) == (False, True)


def test_a_webhook_in_the_same_batch_makes_it_live() -> None:
    assert decided(fresh(), row(1, as_of=3, source="backfill"), event(5, subject="B"))[0].backfill is False


def test_the_answer_to_a_read_and_a_timer_leave_it_where_it_was() -> None:
    _, state = decided(fresh(), UNREADABLE.model_copy(update={"source": "backfill"}))
    assert decided(state, read(1, as_of=9))[0].backfill is None
    assert decided(state)[0].backfill is None


def test_an_operator_and_the_desk_bring_it_forward() -> None:
    asked = fresh(commands=(Command(kind="retry", at=at(9)),))
    assert decided(asked)[0].backfill is False
    assert decided(fresh(), event(9, DIRECTORY_CHANGED, source="desk", snapshot=None))[0].backfill is False
