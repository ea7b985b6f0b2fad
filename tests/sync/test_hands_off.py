"""The rule "Hands off": what people change in Teamwork by hand stays until the same field changes in Zendesk."""

import pytest

from tests.sync.teamwork import ANN_IN_TEAMWORK, BOB_IN_TEAMWORK
from tests.sync.world import World
from tests.sync.zendesk import ANN, BOB


def opened() -> World:
    world = World()
    world.hear(*world.zendesk.created(assignee=ANN))
    return world


def deleted_by_hand(*, noticed: bool = True) -> World:
    world = opened()
    world.task.deleted = "by people"
    if noticed:
        world.hear(*world.zendesk.renamed("Other"))
    return world


def test_a_title_changed_by_hand_stays_while_other_fields_change() -> None:
    world = opened()
    world.task.title = "My own words"
    world.hear(*world.zendesk.assigned(BOB))
    world.hear(*world.zendesk.solved())
    assert world.task.title == "My own words"


def test_a_title_changed_by_hand_gives_way_to_a_new_subject() -> None:
    world = opened()
    world.task.title = "My own words"
    world.hear(*world.zendesk.renamed("New subject"))
    assert world.task.title == "New subject"


def test_a_person_changed_by_hand_stays_until_the_ticket_is_reassigned() -> None:
    world = opened()
    world.task.assignee_id = 999
    world.hear(*world.zendesk.renamed("Other"))
    assert world.task.assignee_id == 999
    world.hear(*world.zendesk.assigned(BOB))
    assert world.task.assignee_id == BOB_IN_TEAMWORK


def test_a_task_completed_by_hand_stays_so_until_the_ticket_itself_is_solved_and_reopened() -> None:
    world = opened()
    world.task.completed = True
    world.hear(*world.zendesk.status("pending"), *world.zendesk.renamed("Other"))
    assert world.task.completed
    world.hear(*world.zendesk.solved())
    world.hear(*world.zendesk.status("open"))
    assert not world.task.completed


def test_a_task_deleted_by_hand_stays_gone_and_the_journal_says_why() -> None:
    world = deleted_by_hand()
    assert world.no_task
    assert (world.state.sync_state, world.state.reason) == ("in_step", "gone_by_hand")
    assert world.codes[-1] == "gone_by_hand"


def test_later_changes_of_a_task_deleted_by_hand_do_nothing() -> None:
    world = deleted_by_hand()
    done = list(world.kinds)
    world.hear(*world.zendesk.assigned(BOB))
    world.hear(*world.zendesk.solved())
    world.hear(*world.zendesk.closed())
    world.rest()
    assert world.kinds == done


@pytest.mark.parametrize("noticed", [True, False])
def test_a_reopened_ticket_brings_a_task_deleted_by_hand_back(*, noticed: bool) -> None:
    world = opened()
    world.hear(*world.zendesk.solved())
    world.task.deleted = "by people"
    if noticed:
        world.hear(*world.zendesk.renamed("Other"))
    world.hear(*world.zendesk.status("open"))
    assert (world.task.id, world.task.standing) == (5001, "open")


@pytest.mark.parametrize("noticed", [True, False])
def test_an_undeleted_ticket_brings_a_task_deleted_by_hand_back(*, noticed: bool) -> None:
    world = deleted_by_hand(noticed=noticed)
    world.hear(*world.zendesk.soft_deleted())
    world.rest()
    world.hear(*world.zendesk.undeleted())
    assert (world.task.id, world.task.standing) == (5001, "open")


@pytest.mark.parametrize("order", ["in order", "undelete first"])
def test_an_undelete_brings_a_task_deleted_by_hand_back_in_any_order(order: str) -> None:
    world = deleted_by_hand()
    deleted, undeleted = world.zendesk.soft_deleted(), world.zendesk.undeleted()
    world.hear_each(*((*deleted, *undeleted) if order == "in order" else (*undeleted, *deleted)))
    world.rest()
    assert world.task.id == 5001


@pytest.mark.parametrize("purged", [True, False])
def test_resync_with_recreate_brings_a_task_deleted_by_hand_back(*, purged: bool) -> None:
    world = deleted_by_hand()
    world.teamwork.tasks[5001].purged = purged
    world.command("resync", recreate=True)
    world.rest()
    assert (world.task.title, world.task.assignee_id) == ("Other", ANN_IN_TEAMWORK)


def test_resync_without_recreate_leaves_a_task_deleted_by_hand_alone() -> None:
    world = deleted_by_hand()
    world.command("resync")
    world.rest()
    assert world.no_task


def test_resync_finds_a_task_that_people_took_out_of_the_trash_themselves() -> None:
    world = deleted_by_hand()
    world.teamwork.tasks[5001].deleted = None
    world.command("resync")
    world.rest()
    assert not world.state.task.gone
    assert world.task.title == "Other"


def test_resync_puts_everything_right_that_people_changed_by_hand() -> None:
    world = opened()
    world.task.title, world.task.assignee_id, world.task.completed = "Mine", 999, True
    world.command("resync")
    world.rest()
    assert (world.task.title, world.task.assignee_id, world.task.standing) == ("Broken", ANN_IN_TEAMWORK, "open")


def test_resync_looks_at_the_task_once() -> None:
    world = opened()
    world.command("resync")
    world.rest()
    world.hear(*world.zendesk.renamed("Other"))
    assert world.kinds == ["create", "inspect", "rename"]


def test_a_ticket_that_came_back_before_its_task_was_deleted_by_hand_does_not_bring_it_back() -> None:
    world = opened()
    world.hear(*world.zendesk.soft_deleted())
    world.hear(*world.zendesk.undeleted())
    world.task.deleted = "by people"
    world.hear(*world.zendesk.renamed("Other"))
    assert world.no_task


def test_a_task_that_a_person_deleted_before_we_did_is_brought_back_by_an_undelete() -> None:
    world = deleted_by_hand(noticed=False)
    world.hear(*world.zendesk.soft_deleted())
    world.rest()
    world.hear(*world.zendesk.undeleted())
    assert world.task.standing == "open"
