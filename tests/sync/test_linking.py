"""Linking by hand: which task is a ticket's, or that it has none, stays as an operator said, whatever is heard."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sync.builders import at, decided, event, examples, fresh
from tests.sync.histories import History, histories, tellings
from tests.sync.teamwork import ANN_IN_TEAMWORK, FIRST_TASK, Task
from tests.sync.test_any_order import ends_in_step, listen, world_of
from tests.sync.world import World
from tests.sync.zendesk import ANN
from ticketsync.sync.decide import EarlierLife
from ticketsync.sync.policy import Policy
from ticketsync.sync.state import Command
from ticketsync.sync.step import AppliedTask, Step, StepResult
from ticketsync.workflows.outcomes import after_success

THEIRS = 7001


def with_their_task(world: World | None = None, **fields: object) -> World:
    """People made a task by hand."""
    world = world or World()
    task = Task(THEIRS, "What people wrote", **{"marked": None, **fields})  # type: ignore[arg-type]
    world.teamwork.tasks[THEIRS] = task
    return world


def opened(**fields: object) -> World:
    world = World()
    world.hear(*world.zendesk.created(assignee=ANN))
    return with_their_task(world, **fields)


def linked() -> World:
    world = opened()
    world.command("link", task_id=THEIRS)
    world.rest()
    return world


def unlinked() -> World:
    world = opened()
    world.command("unlink")
    world.rest()
    return world


# --- link


def test_a_linked_task_is_put_in_step_with_the_ticket() -> None:
    world = linked()
    task = world.teamwork.tasks[THEIRS]
    assert (task.title, task.assignee_id, task.marked) == ("Broken", ANN_IN_TEAMWORK, "ours")
    assert (world.state.task.id, world.state.sync_state, world.state.link_to) == (THEIRS, "in_step", None)


def test_the_task_that_the_ticket_had_is_let_go_as_it_is() -> None:
    former = linked().teamwork.tasks[FIRST_TASK]
    assert (former.marked, former.deleted, former.completed) == (None, None, False)


def test_what_is_heard_after_a_link_goes_to_the_linked_task() -> None:
    world = linked()
    world.hear(*world.zendesk.renamed("Other"))
    world.hear(*world.zendesk.solved())
    assert (world.teamwork.tasks[THEIRS].title, world.teamwork.tasks[THEIRS].standing) == ("Other", "completed")
    assert world.teamwork.tasks[FIRST_TASK].title == "Broken"


def test_a_link_reads_the_ticket_so_that_the_task_shows_what_it_says_now() -> None:
    world = opened()
    world.zendesk.renamed("Nobody told us")
    world.command("link", task_id=THEIRS)
    world.rest()
    assert world.teamwork.tasks[THEIRS].title == "Nobody told us"


@pytest.mark.parametrize("wrong", [{"marked": "another's"}, {"deleted": "by people"}])
def test_a_link_that_is_refused_changes_nothing_and_says_so(wrong: dict[str, object]) -> None:
    world = opened(**wrong)
    world.command("link", task_id=THEIRS)
    world.rest()
    assert (world.state.task.id, world.state.sync_state, world.state.link_to) == (FIRST_TASK, "in_step", None)
    assert world.codes.count("link_refused") == 1
    world.hear(*world.zendesk.renamed("Other"))
    assert world.teamwork.tasks[FIRST_TASK].title == "Other"
    assert world.kinds.count("link") == 1


def test_a_task_that_is_not_there_is_refused() -> None:
    world = opened()
    world.command("link", task_id=1)
    world.rest()
    assert (world.state.task.id, "link_refused" in world.codes) == (FIRST_TASK, True)


def test_a_ticket_outside_the_filter_may_be_linked() -> None:
    world = with_their_task(World(Policy(include_tags=("vip",))))
    world.hear(*world.zendesk.created())
    assert world.state.sync_state == "filtered"
    world.command("link", task_id=THEIRS)
    world.rest()
    assert (world.state.task.id, world.state.sync_state) == (THEIRS, "in_step")


def test_a_refused_link_makes_no_task_for_a_ticket_outside_the_filter() -> None:
    world = World(Policy(include_tags=("vip",)))
    world.hear(*world.zendesk.created())
    world.command("link", task_id=THEIRS)
    world.rest()
    assert (world.no_task, world.state.sync_state) == (True, "filtered")


@pytest.mark.parametrize("end", ["closed", "soft_deleted"])
def test_a_ticket_that_should_have_no_task_is_not_linked_because_it_would_delete_it(end: str) -> None:
    world = opened()
    world.hear(*getattr(world.zendesk, end)())
    world.rest()
    world.command("link", task_id=THEIRS)
    world.rest()
    assert world.codes.count("link_refused") == 1
    assert "link" not in world.kinds
    assert world.teamwork.tasks[THEIRS].deleted is None


def test_a_ticket_that_is_there_again_without_our_knowing_is_linked_after_it_was_read() -> None:
    world = opened()
    world.hear(*world.zendesk.soft_deleted())
    world.rest()
    world.clock.forward(60)
    world.zendesk.undeleted()
    world.command("link", task_id=THEIRS)
    world.rest()
    assert (world.state.task.id, world.teamwork.tasks[THEIRS].standing) == (THEIRS, "open")


def test_a_task_deleted_by_hand_is_replaced_by_a_link() -> None:
    world = opened()
    world.teamwork.tasks[FIRST_TASK].deleted = "by people"
    world.hear(*world.zendesk.renamed("Other"))
    assert world.state.reason == "gone_by_hand"
    world.command("link", task_id=THEIRS)
    world.rest()
    assert (world.state.task.gone, world.task.title) == (False, "Other")


def test_a_ticket_of_which_nothing_was_heard_is_read_and_linked() -> None:
    world = with_their_task()
    world.zendesk.created("Broken", assignee=ANN)
    world.command("link", task_id=THEIRS)
    world.rest()
    assert (world.task.id, world.task.title, world.kinds[0]) == (THEIRS, "Broken", "link")


def test_a_link_whose_answer_was_lost_is_made_again() -> None:
    world = opened()
    world.teamwork.lose.append("landed")
    world.command("link", task_id=THEIRS)
    assert (world.state.trouble is not None, world.state.link_to) == (True, THEIRS)
    world.rest()
    assert (world.state.task.id, world.state.trouble) == (THEIRS, None)
    assert [task.marked for task in world.teamwork.tasks.values()] == [None, "ours"]


def test_a_link_that_waits_for_its_next_try_survives_a_roll_over_and_other_events() -> None:
    world = opened()
    world.teamwork.lose.append("not landed")
    world.command("link", task_id=THEIRS)
    world.continue_as_new()
    world.hear(*world.zendesk.renamed("Other"))
    world.rest()
    assert (world.state.task.id, world.teamwork.tasks[THEIRS].title) == (THEIRS, "Other")


def test_the_newest_of_two_links_counts() -> None:
    world = opened()
    world.teamwork.tasks[THEIRS + 1] = Task(THEIRS + 1, "Another", marked=None)
    world.teamwork.lose.append("not landed")
    world.command("link", task_id=THEIRS)
    world.command("link", task_id=THEIRS + 1)
    world.rest()
    assert (world.state.task.id, world.teamwork.tasks[THEIRS].marked) == (THEIRS + 1, None)


def test_a_link_of_many_words_is_told_by_what_it_links() -> None:
    world = linked()
    done = next(line for line in world.state.journal if line.code == "link_done")
    assert done.text == f"link: task {THEIRS}: the task is the ticket's"


# --- unlink


def test_an_unlinked_ticket_lets_its_task_go_and_says_so() -> None:
    world = unlinked()
    assert (world.state.sync_state, world.state.reason, world.state.task.id) == ("filtered", "unlinked", None)
    assert (world.teamwork.tasks[FIRST_TASK].marked, world.teamwork.tasks[FIRST_TASK].standing) == (None, "open")


def test_nothing_that_happens_to_the_ticket_makes_a_task_or_touches_the_one_that_was_let_go() -> None:
    world = unlinked()
    world.hear(*world.zendesk.renamed("Other"))
    world.hear(*world.zendesk.solved())
    world.hear(*world.zendesk.status("open"))
    world.hear(*world.zendesk.soft_deleted())
    world.rest()
    world.hear(*world.zendesk.undeleted())
    world.command("retry")
    world.command("resync")
    world.rest()
    assert world.kinds == ["create", "unlink"]
    assert (world.state.sync_state, world.state.reason) == ("filtered", "unlinked")


def test_resync_with_recreate_gives_an_unlinked_ticket_a_task_of_its_own() -> None:
    world = unlinked()
    world.command("resync", recreate=True)
    world.rest()
    assert world.state.task.id not in (None, FIRST_TASK, THEIRS)
    assert world.state.sync_state == "in_step"


def test_a_task_that_kept_its_marker_is_found_again_instead_of_making_a_second() -> None:
    world = unlinked()
    world.teamwork.tasks[FIRST_TASK].marked = "ours"
    world.command("resync", recreate=True)
    world.rest()
    assert (world.state.task.id, len(world.teamwork.tasks)) == (FIRST_TASK, 2)


def test_an_unlinked_ticket_can_be_linked() -> None:
    world = unlinked()
    world.command("link", task_id=THEIRS)
    world.rest()
    assert (world.state.task.id, world.state.unlinked, world.state.sync_state) == (THEIRS, False, "in_step")


def test_a_refused_link_leaves_an_unlinked_ticket_as_it_was() -> None:
    world = unlinked()
    world.command("link", task_id=1)
    world.rest()
    assert (world.state.unlinked, world.state.reason, world.kinds) == (True, "unlinked", ["create", "unlink", "link"])


def test_an_unlink_that_gets_no_answer_is_made_again_and_no_other_step_before_it() -> None:
    world = opened()
    world.teamwork.lose.extend(["landed"])
    world.command("unlink")
    world.hear(*world.zendesk.renamed("Other"))
    world.rest()
    assert (world.state.task.id, world.kinds) == (None, ["create", "unlink", "unlink"])
    assert world.teamwork.tasks[FIRST_TASK].title == "Broken"


def test_a_link_that_lands_after_it_was_taken_back_is_let_go_again() -> None:
    """The operator changed his mind while the link was under way."""
    state = fresh(link_to=THEIRS, commands=(Command(kind="unlink", at=at(0)),))
    _, taken_back = decided(state, event())
    result = StepResult(task=AppliedTask(id=THEIRS, standing="open"), answer="the task is the ticket's")
    landed = after_success(taken_back, Step(kind="link", reason="by_hand", task_id=THEIRS), result, at(1))
    assert landed.unlinked
    assert [(step.kind, step.task_id) for step in decided(landed)[0].plan] == [("unlink", THEIRS)]


def test_a_ticket_that_may_have_a_task_is_looked_for_before_it_is_unlinked() -> None:
    world = with_their_task(World(earlier=EarlierLife()), marked="ours")
    world.hear(*world.zendesk.created())
    assert world.state.task.id == THEIRS
    lost = with_their_task(World(earlier=EarlierLife()), marked="ours")
    lost.zendesk.created()
    lost.command("unlink")
    lost.rest()
    assert (lost.kinds, lost.teamwork.tasks[THEIRS].marked) == (["unlink"], None)


def test_an_unlink_takes_a_settling_delete_and_a_refused_person_back() -> None:
    world = opened()
    world.hear(*world.zendesk.closed())
    assert world.state.settle_until is not None
    world.command("unlink")
    world.rest()
    assert world.state.settle_until is None
    assert world.teamwork.tasks[FIRST_TASK].deleted is None
    world.later(days=2)
    assert not any((world.state.trouble, world.state.refused, world.state.waiting, world.state.read))


# --- lives


@pytest.mark.parametrize("how", ["link", "unlink"])
def test_what_an_operator_said_survives_the_end_of_a_run(how: str) -> None:
    world = linked() if how == "link" else unlinked()
    world.hear(*world.zendesk.soft_deleted())
    world.rest()
    world.new_run()
    world.hear(*world.zendesk.undeleted())
    world.rest()
    assert world.state.task.id == (THEIRS if how == "link" else None)
    assert world.kinds.count("create") == 1


def test_a_linked_task_is_found_again_by_its_hint_when_all_else_is_lost() -> None:
    world = linked()
    world.new_run(EarlierLife(task_id=THEIRS))
    world.hear(*world.zendesk.renamed("Other"))
    world.rest()
    assert (world.state.task.id, world.kinds.count("create")) == (THEIRS, 1)


@examples(100)
@given(history=histories(most_actions=6), data=st.data())
def test_an_unlinked_ticket_stays_without_a_task_in_any_order_of_events(history: History, data: st.DataObject) -> None:
    world = world_of(history)
    batches = data.draw(tellings(history)).batches
    for batch in batches[: len(batches) // 2]:
        world.hear(*batch)
    world.command("unlink")
    world.rest()
    before = {task.id: (task.title, task.standing, task.assignee_id) for task in world.teamwork.tasks.values()}
    listen(world, data.draw(tellings(history)), data)
    world.command("retry")  # the last run may have ended: another one begins
    world.rest()
    assert {task.id: (task.title, task.standing, task.assignee_id) for task in world.teamwork.tasks.values()} == before
    assert (world.state.task.id, world.state.unlinked) == (None, True)
    assert ends_in_step(world)


@examples(100)
@given(history=histories(most_actions=6), data=st.data())
def test_a_linked_ticket_never_has_another_task_in_any_order_of_events(history: History, data: st.DataObject) -> None:
    world = with_their_task(world_of(history), worked_on=True)
    lost = st.lists(st.sampled_from(["answered", "landed", "not landed"]), max_size=3)
    world.hear(*history.told[:1])
    world.teamwork.lose.extend(data.draw(lost))  # type: ignore[arg-type]
    world.command("link", task_id=THEIRS)
    world.rest()
    has_it = world.state.task.id == THEIRS
    made = world.kinds.count("create")
    listen(world, data.draw(tellings(history)), data)
    world.command("retry")  # the last run may have ended: another one begins
    world.rest()
    assert world.state.link_to is None
    if has_it:
        assert (world.state.task.id, world.kinds.count("create")) == (THEIRS, made)
    assert sum(task.marked == "ours" for task in world.teamwork.tasks.values()) <= 1
    assert ends_in_step(world)


def test_a_step_that_many_were_told_to_make_gives_way_to_live_changes() -> None:
    state = fresh(commands=(Command(kind="resync", at=at(0), later=True),))
    assert decided(state)[0].live is False
    assert decided(state, event())[0].live is True
    one = state.model_copy(update={"commands": (Command(kind="resync", at=at(0)),)})
    assert decided(one)[0].live is True


def test_only_what_waits_or_failed_has_something_to_retry() -> None:
    world = opened()
    assert not world.state.has_something_to_retry
    world.teamwork.lose.append("not landed")
    world.hear(*world.zendesk.renamed("Other"))
    assert world.state.has_something_to_retry
    world.later(seconds=timedelta(hours=1).total_seconds())
    assert not world.state.has_something_to_retry
