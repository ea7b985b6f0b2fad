"""Which delivery a step goes back to: the last that had an effect, whatever comes in between."""

from tests.sync.world import World
from tests.sync.zendesk import ANN
from ticketsync.sync.event import Cause, Event

FIRST, SECOND, THIRD = "01KF0000000000000000000001", "01KF0000000000000000000002", "01KF0000000000000000000003"
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def told_by(delivery: str, events: tuple[Event, ...]) -> tuple[Event, ...]:
    return tuple(event.model_copy(update={"invocation_id": delivery}) for event in events)


def test_the_delivery_that_created_the_ticket_is_the_cause_with_its_trace() -> None:
    world = World()
    (created, *_) = told_by(FIRST, world.zendesk.created())
    world.hear(created.model_copy(update={"traceparent": TRACE}))
    assert world.state.cause == Cause(delivery=FIRST, traceparent=TRACE)


def test_an_event_that_changes_nothing_is_the_cause_of_nothing() -> None:
    world = World()
    created = told_by(FIRST, world.zendesk.created())
    world.hear(*created)
    world.hear(*told_by(SECOND, created))
    world.hear(*told_by(THIRD, world.zendesk.prioritised("high")))
    assert world.state.cause == Cause(delivery=FIRST)


def test_of_several_at_once_the_last_with_an_effect_is_the_cause() -> None:
    world = World()
    world.hear(*told_by(FIRST, world.zendesk.created()))
    renamed, assigned = world.zendesk.renamed("Broken on mobile"), world.zendesk.assigned(ANN)
    world.hear(*told_by(SECOND, renamed), *told_by(THIRD, assigned), *told_by(FIRST, renamed))
    assert world.state.cause == Cause(delivery=THIRD)


def test_without_an_invocation_id_the_event_itself_is_named() -> None:
    world = World()
    (created, *_) = world.zendesk.created()
    world.hear(created.model_copy(update={"invocation_id": None, "id": "older-" + "9" * 64}))
    assert world.state.cause == Cause(delivery="older-" + "9" * 58)


def test_the_answer_to_a_read_goes_back_to_what_asked_for_it() -> None:
    world = World()
    (created, *_) = told_by(FIRST, world.zendesk.created())
    world.hear(created.model_copy(update={"snapshot": None, "hint": "trigger"}))
    world.hear(world.zendesk.read(1))
    assert world.state.snapshot is not None
    assert world.state.cause == Cause(delivery=FIRST)
