"""The design's table "What a ticket does to its task", line by line."""

import pytest

from tests.sync.teamwork import ANN_IN_TEAMWORK, BOB_IN_TEAMWORK
from tests.sync.world import World
from tests.sync.zendesk import ANN, BOB, UMA, without_tags
from ticketsync.sync.policy import OnClosed, Policy

DELETIONS = ("soft_deleted", "marked_as_spam", "permanently_deleted")
KEEP, COMPLETE = Policy(on_closed="keep"), Policy(on_closed="complete")


def opened(policy: Policy | None = None, **created: object) -> World:
    world = World(policy)
    world.hear(*world.zendesk.created(**created))  # type: ignore[arg-type]
    return world


# --- created


def test_a_created_ticket_becomes_an_open_task() -> None:
    world = opened(subject="Checkout broken")
    assert world.changes == ["create"]
    assert (world.task.title, world.task.standing) == ("Checkout broken", "open")


def test_a_ticket_created_with_a_mapped_assignee_is_their_task() -> None:
    assert opened(assignee=ANN).task.assignee_id == ANN_IN_TEAMWORK


def test_a_ticket_never_assigned_is_the_task_of_the_mapped_agent_who_opened_it() -> None:
    world = opened(by=BOB)
    assert world.task.assignee_id == BOB_IN_TEAMWORK


def test_a_ticket_opened_by_a_customer_is_nobodys_task() -> None:
    world = opened()
    assert world.task.assignee_id is None
    assert world.state.waiting is None, "a customer is not asked for"


def test_a_ticket_opened_by_an_unmapped_agent_is_nobodys_task() -> None:
    assert opened(by=UMA).task.assignee_id is None


def test_the_assignee_comes_before_the_agent_who_opened_the_ticket() -> None:
    assert opened(by=BOB, assignee=ANN).task.assignee_id == ANN_IN_TEAMWORK


# --- subject changed


def test_a_new_subject_renames_the_task() -> None:
    world = opened()
    world.hear(*world.zendesk.renamed("Checkout broken on mobile"))
    assert world.changes == ["create", "rename"]
    assert world.task.title == "Checkout broken on mobile"


# --- assigned, reassigned, unassigned


def test_an_assignment_reassigns_the_task() -> None:
    world = opened()
    world.hear(*world.zendesk.assigned(ANN))
    assert world.changes == ["create", "reassign"]
    assert world.task.assignee_id == ANN_IN_TEAMWORK


def test_a_reassignment_moves_the_task_to_the_other_person() -> None:
    world = opened(assignee=ANN)
    world.hear(*world.zendesk.assigned(BOB))
    assert world.task.assignee_id == BOB_IN_TEAMWORK


def test_a_reassignment_to_an_unmapped_agent_leaves_the_task_to_nobody_with_a_note() -> None:
    world = opened(assignee=ANN)
    world.hear(*world.zendesk.assigned(UMA))
    assert world.task.assignee_id is None
    assert (world.state.sync_state, world.state.reason) == ("in_step", "no_mapping")
    assert "no_mapping" in world.codes


def test_an_unmapped_person_holds_up_nothing_else() -> None:
    world = opened(assignee=ANN)
    world.hear(*world.zendesk.assigned(UMA), *world.zendesk.renamed("Other"), *world.zendesk.solved())
    assert (world.task.title, world.task.standing) == ("Other", "completed")


def test_an_unassigned_ticket_is_nobodys_task() -> None:
    world = opened(assignee=ANN)
    world.hear(*world.zendesk.unassigned())
    assert world.task.assignee_id is None


def test_an_unassigned_ticket_does_not_go_back_to_the_agent_who_opened_it() -> None:
    world = opened(by=BOB, assignee=ANN)
    world.hear(*world.zendesk.unassigned())
    assert world.task.assignee_id is None
    assert world.state.was_assigned


def test_that_a_ticket_was_assigned_is_known_from_the_event_that_took_it_away() -> None:
    world = World()
    world.zendesk.created(by=BOB, assignee=ANN)
    world.hear(*world.zendesk.unassigned())
    assert world.task.assignee_id is None


# --- statuses


@pytest.mark.parametrize("status", ["open", "pending", "hold"])
def test_a_ticket_that_is_worked_on_stays_an_open_task(status: str) -> None:
    world = opened()
    world.hear(*world.zendesk.status(status))
    assert world.changes == ["create"]
    assert world.task.standing == "open"


@pytest.mark.parametrize(("category", "standing"), [("pending", "open"), ("hold", "open"), ("solved", "completed")])
def test_a_custom_status_counts_by_its_category(category: str, standing: str) -> None:
    world = opened()
    world.hear(*world.zendesk.status(category, custom=777))
    assert world.task.standing == standing


def test_a_solved_ticket_completes_its_task() -> None:
    world = opened()
    world.hear(*world.zendesk.solved())
    assert world.changes == ["create", "complete"]
    assert world.task.standing == "completed"


@pytest.mark.parametrize("status", ["new", "open", "pending", "hold"])
def test_a_reopened_ticket_reopens_its_task(status: str) -> None:
    world = opened()
    world.hear(*world.zendesk.solved())
    world.hear(*world.zendesk.status(status))
    assert world.changes == ["create", "complete", "reopen"]
    assert world.task.standing == "open"


def test_everything_that_changed_at_once_is_applied_with_reopen_first_and_complete_last() -> None:
    world = opened()
    world.hear(*world.zendesk.renamed("B"), *world.zendesk.assigned(ANN), *world.zendesk.solved())
    assert world.changes[1:] == ["rename", "reassign", "complete"]
    world.hear(*world.zendesk.renamed("C"), *world.zendesk.assigned(BOB), *world.zendesk.status("open"))
    assert world.changes[4:] == ["reopen", "rename", "reassign"]


def test_ten_edits_in_one_batch_cost_the_steps_of_the_last_one() -> None:
    world = opened()
    world.hear(*(event for number in range(10) for event in world.zendesk.renamed(f"Subject {number}")))
    assert world.changes == ["create", "rename"]
    assert world.task.title == "Subject 9"


# --- closed


def test_a_closed_ticket_deletes_its_task_by_default() -> None:
    world = opened()
    world.hear(*world.zendesk.closed())
    world.rest()
    assert world.changes == ["create", "delete"]
    assert world.no_task


def test_a_closed_ticket_completes_its_task_where_the_policy_says_complete() -> None:
    world = opened(COMPLETE)
    world.hear(*world.zendesk.closed())
    world.rest()
    assert world.task.standing == "completed"


def test_a_closed_ticket_leaves_its_open_task_open_where_the_policy_says_keep() -> None:
    world = opened(KEEP)
    world.hear(*world.zendesk.status("pending"))
    world.hear(*world.zendesk.closed())
    world.rest()
    assert world.changes == ["create"]
    assert world.task.standing == "open"


def test_a_closed_ticket_leaves_its_completed_task_completed_where_the_policy_says_keep() -> None:
    world = opened(KEEP)
    world.hear(*world.zendesk.solved())
    world.hear(*world.zendesk.closed())
    world.rest()
    assert world.changes == ["create", "complete"]
    assert world.task.standing == "completed"


def test_keep_means_the_status_before_the_close_also_when_both_are_heard_at_once_and_in_the_wrong_order() -> None:
    world = opened(KEEP)
    solved, closed = world.zendesk.solved(), world.zendesk.closed()
    world.hear(*closed, *solved)
    assert world.task.standing == "completed"


def test_archived_counts_as_closed() -> None:
    world = opened()
    world.hear(*world.zendesk.status("archived"))
    world.rest()
    assert world.no_task


# --- deleted, spam, undeleted


@pytest.mark.parametrize("kind", DELETIONS)
def test_a_deleted_ticket_deletes_its_task(kind: str) -> None:
    world = opened()
    world.hear(*getattr(world.zendesk, kind)())
    world.rest()
    assert world.changes == ["create", "delete"]
    assert (world.no_task, world.state.lifecycle.how) == (True, kind)


def test_an_undeleted_ticket_restores_its_task() -> None:
    world = opened()
    world.hear(*world.zendesk.soft_deleted())
    world.rest()
    world.hear(*world.zendesk.undeleted())
    assert world.changes == ["create", "delete", "restore"]
    assert world.task.id == 5001


def test_an_undeleted_ticket_whose_task_left_the_trash_gets_a_new_task() -> None:
    world = opened()
    world.hear(*world.zendesk.soft_deleted())
    world.rest()
    world.teamwork.tasks[5001].purged = True
    world.hear(*world.zendesk.undeleted())
    assert world.changes == ["create", "delete", "restore", "create"]
    assert (world.task.id, world.task.standing) == (5002, "open")


def test_a_restored_task_gets_what_changed_while_it_was_away() -> None:
    world = opened(assignee=ANN)
    world.hear(*world.zendesk.soft_deleted())
    world.rest()
    world.hear(*world.zendesk.undeleted(), *world.zendesk.renamed("Other"), *world.zendesk.solved())
    assert (world.task.title, world.task.standing) == ("Other", "completed")


def test_an_undelete_within_the_settle_window_deletes_nothing() -> None:
    world = opened()
    world.hear(*world.zendesk.soft_deleted())
    world.hear(*world.zendesk.undeleted())
    world.rest()
    assert world.changes == ["create"]


# --- merged


@pytest.mark.parametrize("on_closed", ["delete", "complete", "keep"])
@pytest.mark.parametrize("order", ["merged first", "closed first"])
def test_a_merged_ticket_completes_its_task_whatever_comes_first(order: str, on_closed: OnClosed) -> None:
    world = opened(Policy(on_closed=on_closed))
    events = world.zendesk.merged_into(3500)
    world.hear_each(*(events if order == "merged first" else reversed(events)))
    world.rest()
    assert (world.task.id, world.task.standing) == (5001, "completed")
    assert world.changes == ["create", "complete"]


def test_the_tag_of_a_merge_alone_says_that_the_ticket_was_merged() -> None:
    world = opened()
    _, status_changed, _ = world.zendesk.merged_into(3500)
    world.hear(status_changed)
    world.rest()
    assert world.task.standing == "completed"


def test_a_merge_that_arrives_within_the_settle_window_changes_what_the_close_means() -> None:
    world = opened()
    world.hear(*world.zendesk.closed())
    world.later(seconds=30)
    world.hear(*world.zendesk.merged_into(3500)[:1])
    world.rest()
    assert world.changes == ["create", "complete"]


def test_a_merge_that_arrives_after_the_delete_restores_and_completes() -> None:
    world = opened()
    merged, closed, _ = world.zendesk.merged_into(3500)
    world.hear(without_tags(closed))
    world.rest()
    assert world.no_task
    world.hear(merged)
    world.rest()
    assert world.changes == ["create", "delete", "restore", "complete"]
    assert (world.task.id, world.task.standing) == (5001, "completed")


def test_a_merged_ticket_that_is_deleted_afterwards_has_no_task() -> None:
    world = opened()
    world.hear(*world.zendesk.merged_into(3500))
    world.hear(*world.zendesk.soft_deleted())
    world.rest()
    assert world.no_task


def test_where_a_ticket_was_merged_into_is_remembered() -> None:
    world = opened()
    world.hear(*world.zendesk.merged_into(3500))
    assert world.state.lifecycle.merged_into == 3500
