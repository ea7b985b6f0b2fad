"""The rule "Assignee refused": the task goes on without that person, who alone is tried again slowly."""

from datetime import timedelta

import pytest

from tests.sync.teamwork import ANN_IN_TEAMWORK, BOB_IN_TEAMWORK
from tests.sync.world import World
from tests.sync.zendesk import ANN, BOB, UMA
from ticketsync.sync.policy import Policy
from ticketsync.sync.status import shown


def refused(*, at_create: bool = True) -> World:
    """Ann is not a member of the project."""
    world = World()
    world.teamwork.strangers.add(ANN_IN_TEAMWORK)
    world.hear(*world.zendesk.created(assignee=ANN if at_create else BOB))
    if not at_create:
        world.hear(*world.zendesk.assigned(ANN))
    return world


def test_a_task_is_created_without_a_person_whom_teamwork_refuses() -> None:
    world = refused()
    assert world.kinds == ["create"]
    assert world.task.assignee_id is None


def test_a_task_is_kept_without_a_person_whom_teamwork_refuses() -> None:
    world = refused(at_create=False)
    assert world.task.assignee_id is None
    assert world.kinds == ["create", "reassign", "reassign"]


def test_it_is_blocked_not_a_member() -> None:
    assert shown(refused().state, busy=False) == ("blocked", "not_a_member")


def test_only_the_person_is_held_up() -> None:
    world = refused()
    world.hear(*world.zendesk.renamed("Other"), *world.zendesk.solved())
    assert (world.task.title, world.task.standing) == ("Other", "completed")


def test_the_person_is_not_tried_again_before_the_pause_is_over() -> None:
    world = refused()
    world.later(minutes=14)
    assert world.kinds == ["create"]


def test_the_person_is_tried_again_after_the_pause() -> None:
    world = refused()
    world.teamwork.strangers.clear()
    world.later(minutes=15)
    assert world.kinds == ["create", "reassign"]
    assert world.task.assignee_id == ANN_IN_TEAMWORK


def test_the_pause_doubles_up_to_six_hours() -> None:
    world = refused()
    pauses = []
    for _ in range(7):
        assert world.state.refused is not None
        pauses.append(world.state.refused.retry_at - world.clock.now)
        world.clock.forward_to(world.state.refused.retry_at)
        world.hear()
    minutes = [pause / timedelta(minutes=1) for pause in pauses]
    assert minutes == [15, 30, 60, 120, 240, 360, 360]


def test_the_pause_begins_with_what_the_policy_says() -> None:
    world = World(Policy(blocked_retry=timedelta(seconds=5)))
    world.teamwork.strangers.add(ANN_IN_TEAMWORK)
    world.hear(*world.zendesk.created(assignee=ANN))
    assert world.state.refused is not None
    assert world.state.refused.retry_at - world.clock.now == timedelta(seconds=5)


def test_an_operators_retry_tries_the_person_at_once() -> None:
    world = refused()
    world.teamwork.strangers.clear()
    world.command("retry")
    assert world.task.assignee_id == ANN_IN_TEAMWORK


def test_a_new_event_tries_the_person_at_once() -> None:
    world = refused()
    world.teamwork.strangers.clear()
    world.hear(*world.zendesk.renamed("Other"))
    assert world.task.assignee_id == ANN_IN_TEAMWORK


def test_a_person_taken_after_all_is_not_blocked_any_more() -> None:
    world = refused()
    world.teamwork.strangers.clear()
    world.command("retry")
    assert shown(world.state, busy=False) == ("in_step", "")


def test_a_refusal_is_forgotten_when_somebody_else_is_assigned() -> None:
    world = refused()
    world.hear(*world.zendesk.assigned(BOB))
    assert world.task.assignee_id == BOB_IN_TEAMWORK
    assert world.state.refused is None


def test_a_refusal_is_forgotten_when_the_new_assignee_has_no_mapping() -> None:
    world = refused()
    world.hear(*world.zendesk.assigned(UMA))
    assert world.state.refused is None
    assert shown(world.state, busy=False) == ("in_step", "no_mapping")


@pytest.mark.parametrize("end", ["closed", "soft_deleted"])
def test_a_refusal_does_not_keep_an_ended_ticket_from_ending(end: str) -> None:
    world = refused()
    world.hear(*getattr(world.zendesk, end)())
    world.rest()
    assert world.state.refused is None
    assert world.state.sync_state == "ended"


def test_a_refusal_is_forgotten_when_the_task_was_deleted_by_hand() -> None:
    world = refused()
    world.task.deleted = "by people"
    world.hear(*world.zendesk.renamed("Other"))
    assert shown(world.state, busy=False) == ("in_step", "gone_by_hand")


def test_a_second_refused_person_begins_with_a_short_pause_again() -> None:
    world = refused()
    world.later(minutes=15)
    world.teamwork.strangers.add(BOB_IN_TEAMWORK)
    world.hear(*world.zendesk.assigned(BOB))
    assert world.state.refused is not None
    assert (world.state.refused.user_id, world.state.refused.tries) == (BOB_IN_TEAMWORK, 1)
    assert world.task.assignee_id is None
