"""Reading the ticket: when it is wanted, what an answer ends, and what a 404 means for the ticket."""

from datetime import timedelta

import pytest

from tests.sync.builders import at, decided, event, fresh, hint, listed, read, unreadable
from tests.sync.world import World
from ticketsync.sync.event import Event
from ticketsync.sync.state import Command
from ticketsync.sync.status import shown


def test_a_ticket_of_which_nothing_is_known_is_read() -> None:
    decision, state = decided(fresh())
    assert (decision.plan, state.sync_state, state.reason) == ((), "pending", "nothing_known")
    assert state.read is not None


def test_a_hint_reads_the_ticket_and_the_answer_makes_its_task() -> None:
    world = World()
    world.zendesk.created("Broken")
    world.hear(hint())
    world.rest()
    assert world.changes == ["create"]
    assert world.state.read is None


def test_a_hint_about_a_deleted_ticket_is_answered_by_the_list_of_deleted_tickets() -> None:
    world = World()
    world.hear(*world.zendesk.created())
    world.zendesk.soft_deleted()
    world.hear(hint())
    world.rest()
    assert world.no_task
    assert world.state.read is None


def test_events_with_a_snapshot_are_decided_while_a_read_waits() -> None:
    state = decided(fresh(), hint())[1]
    decision, after = decided(state, event(5))
    assert [step.kind for step in decision.plan] == ["create"]
    assert after.read is not None


def test_an_undelete_whose_snapshot_still_says_deleted_is_read() -> None:
    """What is in the body of an undelete is not known for sure."""
    state = decided(fresh(), event(5, "undeleted", status="deleted"))[1]
    assert state.read is not None


# --- 404


def unreadable_state() -> World:
    world = World()
    world.hear(*world.zendesk.created())
    world.hear(hint())
    assert world.state.read is not None
    world.hear(unreadable(asked=world.state.read.asked))
    return world


def test_a_404_blocks_and_leaves_the_task_alone() -> None:
    world = unreadable_state()
    assert world.task.standing == "open"
    assert shown(world.state, busy=False) == ("blocked", "ticket_unreadable")
    assert world.state.read is not None, "it is tried again"


def test_a_404_is_tried_again_slowly_and_doubling() -> None:
    world = unreadable_state()
    pauses = []
    for _ in range(3):
        trouble, wanted = world.state.read_trouble, world.state.read
        assert trouble is not None
        assert trouble.retry_at is not None
        assert wanted is not None
        pauses.append(trouble.retry_at - world.clock.now)
        world.clock.forward_to(trouble.retry_at)
        world.hear(unreadable(asked=wanted.asked))
    assert pauses == [timedelta(minutes=15), timedelta(minutes=30), timedelta(minutes=60)]


@pytest.mark.parametrize("news", ["an event", "an operator"])
def test_a_404_is_tried_again_at_once_on_anything_new(news: str) -> None:
    world = unreadable_state()
    if news == "an event":
        world.hear(*world.zendesk.renamed("Other"))
    else:
        world.command("retry")
    assert world.state.read_trouble is None
    assert world.state.read is not None


def test_a_ticket_that_can_be_read_again_is_not_blocked_any_more() -> None:
    world = unreadable_state()
    world.later(minutes=15)
    world.rest()
    assert (world.state.read, world.state.read_trouble) == (None, None)


ENDS: list[tuple[Event, ...]] = [(event(100.1, "permanently_deleted", status="deleted"),), (listed(100, asked=0),)]


@pytest.mark.parametrize("end", ENDS)
def test_a_404_of_a_ticket_that_is_known_to_be_deleted_blocks_nothing(end: tuple[Event, ...]) -> None:
    """After thirty days it is not even in the list of deleted tickets."""
    state = decided(fresh(), event(1), *end, hint())[1]
    after = decided(state, unreadable(asked=state.reads_asked))[1]
    assert (after.read, after.read_trouble) == (None, None)


def test_a_404_of_a_ticket_that_may_have_been_restored_does_block() -> None:
    state = decided(fresh(), event(100.1, "soft_deleted"), event(110.1, "undeleted"), hint())[1]
    after = decided(state, unreadable(asked=state.reads_asked))[1]
    assert after.read_trouble is not None


# --- operators


def test_resync_reads_the_ticket() -> None:
    world = World()
    world.hear(*world.zendesk.created())
    world.zendesk.renamed("Nobody told us")
    world.command("resync")
    world.rest()
    assert world.task.title == "Nobody told us"
    assert "resync" in world.codes


def test_retry_reads_nothing() -> None:
    world = World()
    world.hear(*world.zendesk.created())
    world.command("retry")
    assert world.state.read is None
    assert world.codes[-2:] == ["retry", "in_step"]


def test_a_resync_is_not_met_by_an_answer_that_was_under_way_already() -> None:
    state = decided(fresh(), hint())[1]
    assert state.read is not None
    under_way = read(1, as_of=5, asked=state.read.asked)
    asked = decided(state.model_copy(update={"commands": (Command(kind="resync", at=at(3)),)}))[1]
    assert decided(asked, under_way)[1].read is not None
