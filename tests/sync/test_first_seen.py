"""The line "first seen already ended" of the design's table, and "created before the desk was linked"."""

from datetime import timedelta

import pytest

from tests.sync.world import World
from tests.sync.zendesk import START
from ticketsync.sync.policy import OnClosed, Policy

AFTER_THE_TICKET = START + timedelta(days=1)


def ended(how: str, policy: Policy | None = None, *, before_linked: bool = False) -> World:
    """A world that hears of its ticket only when it has already ended."""
    world = World(policy, linked_at=AFTER_THE_TICKET if before_linked else START)
    world.zendesk.created("Broken")
    world.hear(*(world.zendesk.merged_into(1) if how == "merged" else getattr(world.zendesk, how)()))
    world.rest()
    return world


def test_first_seen_solved_is_created_and_completed() -> None:
    world = ended("solved")
    assert world.changes == ["create", "complete"]
    assert world.task.standing == "completed"


@pytest.mark.parametrize("on_closed", ["complete", "keep"])
def test_first_seen_closed_is_what_the_policy_would_leave(on_closed: OnClosed) -> None:
    assert ended("closed", Policy(on_closed=on_closed)).changes == ["create", "complete"]


def test_first_seen_closed_gets_no_task_where_the_policy_deletes() -> None:
    world = ended("closed")
    assert world.changes == []
    assert "no_task" in world.codes


@pytest.mark.parametrize("on_closed", ["delete", "complete", "keep"])
@pytest.mark.parametrize("how", ["soft_deleted", "marked_as_spam", "permanently_deleted", "merged"])
def test_first_seen_deleted_spam_or_merged_gets_no_task_and_the_reason_is_recorded(
    how: str, on_closed: OnClosed
) -> None:
    world = ended(how, Policy(on_closed=on_closed))
    assert world.changes == []
    assert how in world.state.journal[-1].text


@pytest.mark.parametrize("how", ["solved", "closed", "soft_deleted", "marked_as_spam", "merged"])
@pytest.mark.parametrize("on_closed", ["delete", "complete", "keep"])
def test_first_seen_ended_and_created_before_the_desk_was_linked_gets_no_task(how: str, on_closed: OnClosed) -> None:
    world = ended(how, Policy(on_closed=on_closed), before_linked=True)
    assert world.changes == []
    assert world.codes[-1].startswith("no_task")


@pytest.mark.parametrize("status", ["open", "closed"])
def test_first_seen_merged_gets_no_task_also_when_the_tag_of_the_merge_is_not_there_yet(status: str) -> None:
    world = World(Policy(on_closed="complete"), linked_at=START)
    world.zendesk.created()
    merged = world.zendesk.merged_into(1)[0]
    snapshot = merged.snapshot and merged.snapshot.model_copy(update={"tags": (), "status": status})
    world.hear(merged.model_copy(update={"snapshot": snapshot}))
    world.rest()
    assert world.changes == []


def test_first_seen_solved_before_the_desk_was_linked_says_so() -> None:
    world = ended("solved", before_linked=True)
    assert "before the desk was linked" in world.state.journal[-1].text
    assert (world.state.sync_state, world.state.reason) == ("filtered", "solved")


def test_an_open_ticket_created_before_the_desk_was_linked_gets_a_task() -> None:
    world = World(linked_at=AFTER_THE_TICKET)
    world.hear(*world.zendesk.created())
    assert world.changes == ["create"]


def test_a_ticket_first_seen_solved_before_the_desk_was_linked_gets_its_task_when_it_is_reopened() -> None:
    world = ended("solved", before_linked=True)
    world.hear(*world.zendesk.status("open"))
    assert world.changes == ["create"]
    assert world.task.standing == "open"


def test_a_ticket_seen_open_is_completed_also_when_it_was_created_before_the_desk_was_linked() -> None:
    world = World(linked_at=AFTER_THE_TICKET)
    world.hear(*world.zendesk.created())
    world.hear(*world.zendesk.solved())
    assert world.task.standing == "completed"


def test_a_ticket_created_in_the_very_second_of_linking_was_created_since() -> None:
    world = World(linked_at=START + timedelta(seconds=1, milliseconds=700))
    world.zendesk.created()
    world.hear(*world.zendesk.solved())
    assert world.task.standing == "completed"


@pytest.mark.parametrize("missing", ["linked_at", "created_at"])
def test_a_solved_ticket_of_unknown_age_gets_its_task(missing: str) -> None:
    world = World(linked_at=None if missing == "linked_at" else AFTER_THE_TICKET)
    world.zendesk.created()
    if missing == "created_at":
        world.zendesk.snapshot = world.zendesk.snapshot.model_copy(update={"created_at": None})
    world.hear(*world.zendesk.solved())
    assert world.task.standing == "completed"


def test_a_ticket_first_seen_deleted_gets_its_task_when_it_is_undeleted() -> None:
    world = ended("soft_deleted")
    world.hear(*world.zendesk.undeleted())
    assert world.changes == ["create"]


def test_an_older_event_heard_after_the_end_makes_no_task_for_a_deleted_ticket() -> None:
    world = World()
    created = world.zendesk.created()
    world.hear(*world.zendesk.soft_deleted())
    world.hear(*created)
    world.rest()
    assert world.changes == []


def test_a_merged_ticket_whose_earlier_life_is_heard_of_later_gets_a_completed_task() -> None:
    world = World()
    created = world.zendesk.created()
    world.hear(*world.zendesk.merged_into(1))
    assert world.changes == []
    world.hear(*created)
    assert world.task.standing == "completed"
