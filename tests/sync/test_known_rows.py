"""A row of the export that says nothing new need not be told: which rows that are, and that it changes nothing."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sync.builders import at, codes, decided, event, examples, folded, fresh, row
from tests.sync.histories import History, histories
from tests.sync.reference import expected
from tests.sync.test_any_order import ends_in_step, outcome, world_of
from tests.sync.world import LONG_AGO, World
from tests.sync.zendesk import TICKET
from ticketsync.sync.event import Event
from ticketsync.sync.known import Decided, decided_on
from ticketsync.sync.policy import Policy
from ticketsync.sync.state import TicketState, Trouble
from ticketsync.zendesk.rest import row_event

WITH_TAGS = Policy(include_tags=("vip",))


def is_known(state: TicketState, told: Event, policy: Policy | None = None, *, relinked: bool = False) -> bool:
    hint = decided_on(state, LONG_AGO)
    linked_at = LONG_AGO + timedelta(days=1) if relinked else LONG_AGO
    return hint is not None and hint.covers(told, policy or Policy(), linked_at)


# --- what is known

KNOWN = event(1.4, subject="A", assignee_id=7, tags=("vip", "checkout"))
SAME = {"subject": "A", "assignee_id": 7, "tags": ("vip", "checkout")}


def test_the_row_of_a_change_that_was_decided_on_is_known() -> None:
    assert is_known(folded(KNOWN), row(1, as_of=3, **SAME))


def test_other_tags_than_those_of_the_policy_and_the_channel_make_no_difference() -> None:
    assert is_known(folded(KNOWN), row(1, as_of=3, **SAME | {"tags": ("vip", "other"), "via": "web"}))


NEWS: dict[str, Event] = {
    "another subject": row(1, as_of=3, **SAME | {"subject": "B"}),
    "another person": row(1, as_of=3, **SAME | {"assignee_id": None}),
    "another status": row(1, as_of=3, **SAME | {"status": "solved"}),
    "a merge": row(1, as_of=3, **SAME | {"tags": ("closed_by_merge", "vip")}),
    "a later change that shows nowhere, but may contradict an event on its way": row(2, as_of=3, **SAME),
    "an earlier change": row(0, as_of=1, **SAME),
    "generated long after its change: something else happened": row(1, as_of=9, **SAME),
    "deleted": row(1, as_of=3, **SAME | {"status": "deleted"}),
    "scrubbed": row(1, as_of=3, **SAME | {"scrubbed": True}),
    "a row that could not be read": row(1, as_of=3, **SAME).model_copy(update={"kind": "hint", "snapshot": None}),
    "a row that does not say when it was generated": row(1, as_of=3, **SAME).model_copy(update={"as_of": None}),
}


@pytest.mark.parametrize("what", NEWS)
def test_a_row_with_news_is_told(what: str) -> None:
    assert not is_known(folded(KNOWN), NEWS[what])


def test_what_a_lost_temporal_knew_counts_for_nothing() -> None:
    assert not is_known(folded(KNOWN), row(1, as_of=3, **SAME), relinked=True)


def test_under_a_policy_that_names_other_tags_nothing_is_known() -> None:
    plain: dict[str, Any] = {"subject": "A"}
    state = folded(event(1.4, **plain))
    assert is_known(state, row(1, as_of=3, **plain))
    assert not is_known(state, row(1, as_of=3, **plain), WITH_TAGS)


def test_while_the_ticket_is_to_be_read_nothing_is_known() -> None:
    in_doubt = folded(KNOWN, event(1.4, subject="B", time="", id="another"))
    assert in_doubt.read is not None
    assert decided_on(in_doubt, LONG_AGO) is None
    assert decided_on(TicketState(desk="acme", ticket_id=1), LONG_AGO) is None


def test_a_row_that_was_told_is_known_from_then_on() -> None:
    told = row(1, as_of=9, **SAME)
    assert is_known(folded(KNOWN, told), told)


def test_a_delete_is_known_once_a_row_has_told_of_it_also_when_its_text_was_erased() -> None:
    deleted = row(60, as_of=61, **SAME | {"status": "deleted"})
    by_webhook = folded(KNOWN, event(60.2, "soft_deleted", **SAME))
    assert not is_known(by_webhook, deleted)
    state = folded(deleted, state=by_webhook)
    assert is_known(state, deleted)
    erased = row(60, as_of=2_600_000, **SAME | {"subject": "SCRUBBED", "status": "deleted", "scrubbed": True})
    assert is_known(state, erased)
    assert not is_known(state, row(90, as_of=91, **SAME | {"status": "deleted"}))
    assert not is_known(state, row(90, as_of=91, **SAME))


def test_a_row_that_could_not_be_read_has_the_ticket_read() -> None:
    unreadable = row_event({"id": TICKET, "generated_timestamp": 1768467607, "updated_at": "soon"}, now=at(90))
    assert unreadable is not None
    assert codes(KNOWN, unreadable) == ["first", "hint"]


# --- what is heard after the row that was not told


def test_what_comes_a_minute_late_within_the_second_that_is_known_has_the_ticket_read() -> None:
    late = event(1.6, subject="B", received_at=at(90))
    assert codes(KNOWN, late) == ["first", "in_doubt"]
    assert codes(KNOWN, event(1.6, subject="B")) == ["first", "applied"]


def test_a_delete_that_comes_a_minute_late_counts_and_has_the_ticket_read() -> None:
    late = event(2.6, "soft_deleted", received_at=at(90), **SAME)
    state = folded(KNOWN, late)
    assert state.lifecycle.deleted
    assert state.read is not None
    assert folded(KNOWN, event(2.6, "soft_deleted", **SAME)).read is None


def test_a_delete_long_after_what_is_known_is_believed_however_late_it_comes() -> None:
    assert folded(KNOWN, event(30, "soft_deleted", received_at=at(900), **SAME)).read is None


# --- all of it together


def _hear_late(world: World, told: list[Event]) -> None:
    for one in told:
        world.hear(one.model_copy(update={"received_at": max(one.received_at, world.clock.now)}))
        world.rest()


def _read_row(world: World) -> Event:
    """As the reconciler does, a minute after the last change: what the ticket's hint covers is not told."""
    world.later(seconds=61)
    last = world.zendesk.row_generated(world.zendesk.changed_at)
    hint = decided_on(world.state, LONG_AGO)
    if hint is None or not hint.covers(last, world.policy, LONG_AGO):
        world.hear(last)
    world.rest()
    return last


@examples(400)
@given(history=histories(), data=st.data())
def test_with_webhooks_lost_for_good_and_known_rows_not_told_the_task_is_right_in_the_end(
    history: History, data: st.DataObject
) -> None:
    """Some webhooks never come, and some only after the row that shows the ticket as it was in the end."""
    world = world_of(history)
    webhooks = [one for one in history.told if one.source == "webhook"]
    order = data.draw(st.permutations(range(len(webhooks))))
    fates = data.draw(st.tuples(*(st.sampled_from(["in time", "late", "lost"]) for _ in webhooks)))
    _hear_late(world, [webhooks[number] for number in order if fates[number] == "in time"])
    last = _read_row(world)
    _hear_late(world, [webhooks[number] for number in order if fates[number] == "late"])
    heard = [one for one, fate in zip(webhooks, fates, strict=True) if fate != "lost"]
    assert outcome(world) == expected(history.zendesk, [*heard, last], history.policy, history.linked_at)
    assert ends_in_step(world)


# --- a note of ours


def noted(state: TicketState, second: int) -> Decided:
    hint = decided_on(state, LONG_AGO)
    assert hint is not None
    return hint.model_copy(update={"noted_at": at(second)})


def test_the_row_of_our_own_note_is_told_for_what_it_is() -> None:
    hint = noted(folded(KNOWN), 2)
    assert hint.is_own_note(row(2, as_of=3, **SAME), Policy())
    assert not hint.covers(row(2, as_of=3, **SAME), Policy(), LONG_AGO), "it moves the ticket's clock"


@pytest.mark.parametrize("what", NEWS)
def test_a_row_that_says_more_than_a_note_of_ours_is_none(what: str) -> None:
    told, hint = NEWS[what], noted(folded(KNOWN), 2)
    without = told.kind == "hint" or told.scrubbed or told.snapshot is None
    differs = told.snapshot is not None and not SAME.items() <= dict(told.snapshot).items()
    of_another_second = told.snapshot is not None and told.snapshot.updated_at != at(2)
    assert hint.is_own_note(told, Policy()) is not (without or differs or of_another_second)
    if differs and told.snapshot is not None:
        in_that_second = told.snapshot.model_copy(update={"updated_at": at(2)})
        assert not hint.is_own_note(told.model_copy(update={"snapshot": in_that_second}), Policy())


@pytest.mark.parametrize("own_note", [True, False])
def test_for_a_note_of_ours_nothing_is_tried_again_that_is_blocked(own_note: bool) -> None:
    trouble = Trouble(phase="blocked", code="forbidden", what="create", since=at(0), retry_at=at(900))
    blocked = decided(fresh(), KNOWN)[1].model_copy(update={"trouble": trouble})
    told = row(2, as_of=3, **SAME).model_copy(update={"own_note": own_note})
    decision, after = decided(blocked, told, seconds=100)
    assert [step.kind for step in decision.plan] == ([] if own_note else ["create"])
    assert after.clock is not None
    assert after.clock.updated_at == at(2), "it is known for the newest all the same"
    assert after.trouble is not None
    assert after.trouble.code == "forbidden"
