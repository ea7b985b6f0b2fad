"""The rule "Never destroy work", as far as the rules decide it: what a delete answered by *protected* means."""

from tests.sync.world import World
from tests.sync.zendesk import without_tags
from ticketsync.sync.policy import Policy


def protected() -> World:
    world = World()
    world.hear(*world.zendesk.created())
    world.task.worked_on = True
    world.hear(*world.zendesk.soft_deleted())
    world.rest()
    return world


def test_a_task_that_people_worked_on_is_completed_instead_of_deleted_and_the_journal_says_so() -> None:
    world = protected()
    assert world.task.standing == "completed"
    assert "completed, not deleted" in " ".join(line.text for line in world.state.journal)
    assert world.codes[-1] == "protected"


def test_a_protected_task_satisfies_no_task() -> None:
    world = protected()
    done = world.changes
    world.hear(*world.zendesk.permanently_deleted())
    world.rest()
    assert world.changes == done
    assert world.state.settle_until is None


def test_a_protected_task_is_reopened_when_its_ticket_comes_back() -> None:
    world = protected()
    world.hear(*world.zendesk.undeleted())
    assert world.task.standing == "open"
    assert not world.state.task.protected


def test_a_protected_task_whose_ticket_came_back_is_looked_at_again_by_the_next_delete() -> None:
    world = protected()
    world.hear(*world.zendesk.undeleted())
    world.task.worked_on = False
    world.hear(*world.zendesk.soft_deleted())
    world.rest()
    assert world.no_task


def test_a_protected_task_whose_ticket_came_back_solved_is_looked_at_again_by_the_next_delete() -> None:
    """Nothing is to be done when it comes back, because the task is completed as it should be."""
    world = World()
    world.hear(*world.zendesk.created())
    world.hear(*world.zendesk.solved())
    world.task.worked_on = True
    world.hear(*world.zendesk.soft_deleted())
    world.rest()
    world.hear(*world.zendesk.undeleted())
    world.task.worked_on = False
    world.hear(*world.zendesk.soft_deleted())
    world.rest()
    assert world.no_task


def test_a_protected_task_of_a_closed_ticket_stays_completed_when_a_merge_is_heard_of_late() -> None:
    world = World()
    world.hear(*world.zendesk.created())
    world.task.worked_on = True
    merged, closed, _ = world.zendesk.merged_into(1)
    world.hear(without_tags(closed))
    world.rest()
    world.hear(merged)
    world.rest()
    assert world.changes == ["create", "delete"]
    assert world.task.standing == "completed"


def test_every_delete_goes_through_the_step_that_looks_for_work_first() -> None:
    """Whatever wants the task away, it asks for a delete and never for anything that destroys without looking."""
    for policy, how in ((Policy(), "closed"), (Policy(), "soft_deleted"), (Policy(on_filtered="delete"), "tagged")):
        world = World(policy.model_copy(update={"exclude_tags": ("internal",)}))
        world.hear(*world.zendesk.created())
        world.task.worked_on = True
        world.hear(*(world.zendesk.tagged("internal") if how == "tagged" else getattr(world.zendesk, how)()))
        world.rest()
        assert world.task.standing == "completed"
