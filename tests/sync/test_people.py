"""The section "People", as far as the rules decide it: what a directory that cannot answer holds up, and how long."""

from datetime import timedelta

import pytest

from tests.sync.builders import decided, event, fresh
from tests.sync.teamwork import ANN_IN_TEAMWORK, BOB_IN_TEAMWORK
from tests.sync.world import PEOPLE, World
from tests.sync.zendesk import ANN, BOB, NEW_AGENT, TICKET
from ticketsync.sync.event import DIRECTORY_CHANGED, Event
from ticketsync.sync.people import People
from ticketsync.sync.policy import Policy

NO_DIRECTORY = People()
NEW_IN_TEAMWORK = 204


def changed(generation: int) -> Event:
    return Event(
        id=f"directory {generation}",
        ticket_id=TICKET,
        kind=DIRECTORY_CHANGED,
        source="desk",
        received_at=event(0).received_at,
        generation=generation,
    )


# --- no directory


def test_a_create_never_waits_for_a_person() -> None:
    world = World(people=NO_DIRECTORY)
    world.hear(*world.zendesk.created(assignee=ANN))
    assert world.task.assignee_id is None
    assert (world.state.sync_state, world.state.reason) == ("pending", "waiting_for_directory")
    assert "directory_missing" in world.codes


def test_the_person_follows_when_the_directory_stands() -> None:
    world = World(people=NO_DIRECTORY)
    world.hear(*world.zendesk.created(assignee=ANN))
    world.people = PEOPLE
    world.hear(changed(1))
    assert world.kinds == ["create", "reassign"]
    assert world.task.assignee_id == ANN_IN_TEAMWORK
    assert (world.state.sync_state, world.state.waiting) == ("in_step", None)


def test_an_outage_holds_up_a_change_of_person_only() -> None:
    world = World()
    world.hear(*world.zendesk.created(assignee=ANN))
    world.people = NO_DIRECTORY
    world.hear(*world.zendesk.assigned(BOB), *world.zendesk.renamed("Other"), *world.zendesk.solved())
    assert (world.task.title, world.task.standing) == ("Other", "completed")
    assert world.task.assignee_id == ANN_IN_TEAMWORK, "it stays as it is for now"


def test_nobody_needs_no_directory() -> None:
    world = World()
    world.hear(*world.zendesk.created(assignee=ANN))
    world.people = NO_DIRECTORY
    world.hear(*world.zendesk.unassigned())
    assert world.task.assignee_id is None
    assert world.state.waiting is None


def test_whether_the_opener_is_an_agent_is_asked_of_the_directory_too() -> None:
    world = World(people=NO_DIRECTORY)
    world.hear(*world.zendesk.created(by=BOB))
    assert world.state.waiting is not None
    world.people = PEOPLE
    world.later(seconds=60)
    assert world.task.assignee_id == BOB_IN_TEAMWORK


def test_it_asks_again_after_a_minute_and_then_less_and_less_often_up_to_half_an_hour() -> None:
    world = World(people=NO_DIRECTORY)
    world.hear(*world.zendesk.created(assignee=ANN))
    pauses = []
    for _ in range(20):
        assert world.state.waiting is not None
        pauses.append((world.state.waiting.retry_at - world.clock.now) / timedelta(seconds=1))
        world.clock.forward_to(world.state.waiting.retry_at)
        world.hear()
    assert pauses[:3] == [60, 60, 60]
    assert pauses == sorted(pauses)
    assert pauses[-1] == 1800


def test_asking_again_and_again_fills_no_journal() -> None:
    world = World(people=NO_DIRECTORY)
    world.hear(*world.zendesk.created(assignee=ANN))
    world.later(minutes=1)
    world.later(minutes=1)
    lines = len(world.state.journal)
    for _ in range(20):
        world.later(minutes=30)
    assert len(world.state.journal) == lines


@pytest.mark.parametrize("policy", [Policy(include_tags=("vip",)), Policy(include_tags=("vip",), on_filtered="delete")])
def test_a_ticket_without_a_task_waits_for_no_directory(policy: Policy) -> None:
    world = World(policy, people=NO_DIRECTORY)
    world.hear(*world.zendesk.created(assignee=ANN))
    world.rest()
    assert (world.state.sync_state, world.state.waiting) == ("filtered", None)


@pytest.mark.parametrize("end", ["closed", "soft_deleted"])
def test_an_ended_ticket_whose_task_is_deleted_waits_for_no_directory(end: str) -> None:
    world = World(people=NO_DIRECTORY)
    world.hear(*world.zendesk.created(assignee=ANN))
    world.hear(*getattr(world.zendesk, end)())
    world.rest()
    assert (world.state.sync_state, world.state.waiting) == ("ended", None)


# --- an agent whom the directory does not know


def test_an_unknown_assignee_is_asked_for_and_the_person_stays_until_then() -> None:
    world = World()
    world.hear(*world.zendesk.created(assignee=ANN))
    world.hear(*world.zendesk.assigned(NEW_AGENT))
    assert world.task.assignee_id == ANN_IN_TEAMWORK
    assert world.state.waiting is not None
    assert (world.state.waiting.agent_id, world.state.waiting.generation) == (NEW_AGENT, 1)


def test_a_new_agent_gets_the_task_as_soon_as_the_directory_knows_them() -> None:
    world = World()
    world.hear(*world.zendesk.created(assignee=NEW_AGENT))
    world.people = People(generation=2, known={**PEOPLE.known, NEW_AGENT: NEW_IN_TEAMWORK})
    world.hear(changed(2))
    assert world.task.assignee_id == NEW_IN_TEAMWORK


def test_an_agent_whom_a_newer_directory_does_not_know_either_has_no_mapping() -> None:
    world = World()
    world.hear(*world.zendesk.created(assignee=ANN))
    world.hear(*world.zendesk.assigned(NEW_AGENT))
    world.people = People(generation=2, known=PEOPLE.known)
    world.later(seconds=60)
    assert world.task.assignee_id is None
    assert (world.state.sync_state, world.state.reason, world.state.waiting) == ("in_step", "no_mapping", None)


def test_a_directory_from_before_it_was_asked_for_the_agent_proves_nothing() -> None:
    """Redis was down when the ticket came, and what it has now may be old."""
    world = World(people=NO_DIRECTORY)
    world.hear(*world.zendesk.created(assignee=NEW_AGENT))
    world.people = PEOPLE
    world.later(seconds=60)
    assert world.state.waiting is not None
    world.people = People(generation=2, known={**PEOPLE.known, NEW_AGENT: NEW_IN_TEAMWORK})
    world.later(seconds=60)
    assert world.task.assignee_id == NEW_IN_TEAMWORK


def test_the_same_directory_asked_again_proves_nothing() -> None:
    world = World()
    world.hear(*world.zendesk.created(assignee=NEW_AGENT))
    world.later(seconds=60)
    assert world.state.waiting is not None


def test_which_directory_did_not_know_the_agent_is_remembered_through_an_outage() -> None:
    world = World()
    world.hear(*world.zendesk.created(assignee=NEW_AGENT))
    world.people = NO_DIRECTORY
    world.later(seconds=60)
    world.people = People(generation=2, known=PEOPLE.known)
    world.later(seconds=60)
    assert world.state.reason == "no_mapping"


def test_waiting_begins_anew_for_another_agent() -> None:
    world = World()
    world.hear(*world.zendesk.created(assignee=NEW_AGENT))
    world.later(minutes=10)
    world.hear(*world.zendesk.assigned(NEW_AGENT + 1))
    assert world.state.waiting is not None
    assert (world.state.waiting.agent_id, world.state.waiting.since) == (NEW_AGENT + 1, world.clock.now)


def test_an_unknown_opener_is_a_customer_and_not_asked_for() -> None:
    world = World()
    world.hear(*world.zendesk.created(by=NEW_AGENT))
    assert (world.state.sync_state, world.state.waiting) == ("in_step", None)


# --- mappings that change


def test_a_changed_mapping_reassigns() -> None:
    world = World()
    world.hear(*world.zendesk.created(assignee=ANN))
    world.people = People(generation=2, known={ANN: BOB_IN_TEAMWORK})
    world.hear(changed(2))
    assert world.task.assignee_id == BOB_IN_TEAMWORK


def test_a_removed_mapping_leaves_the_task_to_nobody() -> None:
    world = World()
    world.hear(*world.zendesk.created(assignee=ANN))
    world.people = People(generation=2, known={ANN: None})
    world.hear(changed(2))
    assert world.task.assignee_id is None


def test_a_directory_older_than_the_one_that_is_known_to_exist_is_not_believed() -> None:
    world = World()
    world.hear(*world.zendesk.created(assignee=ANN))
    world.hear(changed(5))
    world.hear(*world.zendesk.assigned(BOB))
    assert world.task.assignee_id == ANN_IN_TEAMWORK
    assert world.state.waiting is not None
    world.people = PEOPLE.model_copy(update={"generation": 5})
    world.later(seconds=60)
    assert world.task.assignee_id == BOB_IN_TEAMWORK


@pytest.mark.parametrize("order", [(3, 5), (5, 3)])
def test_the_newest_generation_counts_in_any_order(order: tuple[int, int]) -> None:
    state = decided(fresh(), event(1), *(changed(generation) for generation in order))[1]
    assert state.generation_needed == 5


def test_the_same_news_of_the_desk_counts_every_time() -> None:
    world = World()
    world.hear(*world.zendesk.created(assignee=ANN))
    world.hear(changed(2))
    world.people = People(generation=2, known={ANN: BOB_IN_TEAMWORK})
    world.hear(changed(2))
    assert world.task.assignee_id == BOB_IN_TEAMWORK


def test_news_of_the_desk_alone_is_nothing_that_people_wait_for() -> None:
    assert decided(fresh(), event(1))[0].live is True
    assert decided(fresh(), changed(2))[0].live is False
