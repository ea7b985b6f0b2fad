"""What a decision returns instead of the whole state, and how it is put down again."""

from hypothesis import given

from tests.sync.builders import examples
from tests.sync.test_total import states
from ticketsync.sync.decide import NOT_CHANGES, _changes
from ticketsync.sync.state import Decision, TicketState


@examples(80)
@given(states, states)
def test_changes_put_down_give_the_state_that_was_decided(before: TicketState, after: TicketState) -> None:
    """All but the fields that are returned apart, or that only the workflow writes."""
    put_down = before.with_decision(Decision(changes=_changes(before, after)))
    kept = {name: getattr(before, name) for name in NOT_CHANGES}
    assert put_down == after.model_copy(update=kept)


@examples(60)
@given(states)
def test_where_nothing_changes_nothing_is_returned(state: TicketState) -> None:
    assert _changes(state, state) == {}
