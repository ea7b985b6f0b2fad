"""The rule "Steps that fail", as far as the rules decide it: what is tried again, when, and after a lost answer."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.sync.builders import at, decided, event, fresh
from tests.sync.teamwork import BOB_IN_TEAMWORK
from tests.sync.world import World
from tests.sync.zendesk import ANN, BOB, ZendeskTicket, without_tags
from ticketsync.sync.event import DESK_HEALED, Event
from ticketsync.sync.people import People
from ticketsync.sync.policy import Policy
from ticketsync.sync.state import Command, Trouble
from ticketsync.sync.step import Step, StepResult
from ticketsync.workflows.attempt import Failure
from ticketsync.workflows.outcomes import after_success, retrying

# --- lost answers: each kind of step, landed or not


STEPS = ["create", "rename", "reassign", "complete", "reopen", "delete", "restore"]


def before(step: str) -> World:
    """A world in which the next thing that happens makes this step."""
    world = World()
    if step != "create":
        world.hear(*world.zendesk.created(assignee=ANN))
    if step == "reopen":
        world.hear(*world.zendesk.solved())
    if step == "restore":
        world.hear(*world.zendesk.soft_deleted())
        world.rest()
    return world


def happen(world: World, step: str) -> None:
    zendesk = world.zendesk
    actions = {
        "create": lambda: zendesk.created(assignee=ANN),
        "rename": lambda: zendesk.renamed("Other"),
        "reassign": lambda: zendesk.assigned(BOB),
        "complete": zendesk.solved,
        "reopen": lambda: zendesk.status("open"),
        "delete": zendesk.soft_deleted,
        "restore": zendesk.undeleted,
    }
    world.hear(*actions[step]())


@pytest.mark.parametrize("fate", ["landed", "not landed"])
@pytest.mark.parametrize("step", STEPS)
def test_a_step_whose_answer_was_lost_is_done_once_more_and_does_no_harm(step: str, fate: str) -> None:
    calm, rough = before(step), before(step)
    rough.teamwork.lose.append(fate)  # type: ignore[arg-type]
    for world in (calm, rough):
        happen(world, step)
        world.rest()
    assert rough.teamwork.tasks == calm.teamwork.tasks
    assert rough.state.task == calm.state.task


@pytest.mark.parametrize("fate", ["landed", "not landed"])
@pytest.mark.parametrize("end", ["closed", "soft_deleted"])
def test_a_ticket_that_ends_while_its_create_has_no_answer_leaves_no_task_behind(end: str, fate: str) -> None:
    world = World()
    world.teamwork.lose.append(fate)  # type: ignore[arg-type]
    world.hear(*world.zendesk.created())
    world.hear(*getattr(world.zendesk, end)())
    world.rest()
    assert world.no_task


@pytest.mark.parametrize("fate", ["landed", "not landed"])
@pytest.mark.parametrize("step", ["delete", "restore"])
def test_a_ticket_that_comes_back_while_its_delete_or_restore_has_no_answer_has_its_task(step: str, fate: str) -> None:
    world = before(step)
    world.teamwork.lose.append(fate)  # type: ignore[arg-type]
    happen(world, step)
    if step == "delete":
        world.later(seconds=60)
        world.hear(*world.zendesk.undeleted())
    world.hear(*world.zendesk.renamed("Other"))
    world.rest()
    assert (world.task.id, world.task.title, world.task.standing) == (5001, "Other", "open")


@pytest.mark.parametrize("fate", ["landed", "not landed"])
def test_a_merge_heard_of_while_the_delete_has_no_answer_completes(fate: str) -> None:
    world = before("delete")
    merged, closed, _ = world.zendesk.merged_into(1)
    world.hear(without_tags(closed))
    world.teamwork.lose.append(fate)  # type: ignore[arg-type]
    world.later(seconds=60)
    world.hear(merged)
    world.rest()
    assert (world.task.id, world.task.standing) == (5001, "completed")


@pytest.mark.parametrize("fate", ["landed", "not landed"])
def test_a_ticket_that_comes_back_into_the_filter_while_its_delete_has_no_answer_has_its_task(fate: str) -> None:
    world = World(Policy(exclude_tags=("internal",), on_filtered="delete"))
    world.hear(*world.zendesk.created())
    world.hear(*world.zendesk.tagged("internal"))
    world.teamwork.lose.append(fate)  # type: ignore[arg-type]
    world.later(seconds=60)
    world.hear(*world.zendesk.tagged())
    world.rest()
    assert (world.task.id, world.task.standing) == (5001, "open")


BACK_AND_FORTH: dict[str, tuple[str, Callable[[ZendeskTicket], tuple[Event, ...]]]] = {
    "a title": ("rename", lambda zendesk: zendesk.renamed("Broken")),
    "a person": ("reassign", lambda zendesk: zendesk.assigned(ANN)),
    "completed": ("complete", lambda zendesk: zendesk.status("open")),
    "reopened": ("reopen", lambda zendesk: zendesk.solved()),
    "restored": ("restore", lambda zendesk: zendesk.soft_deleted()),
}


@pytest.mark.parametrize("fate", ["landed", "not landed"])
@pytest.mark.parametrize("what", BACK_AND_FORTH)
def test_what_is_taken_back_after_a_lost_answer_is_written_once_more(what: str, fate: str) -> None:
    """What we last told Teamwork is what is wanted again, but the change in between may have landed."""
    step, take_back = BACK_AND_FORTH[what]
    world = before(step)
    at_first = (world.teamwork.tasks[5001].title, world.teamwork.tasks[5001].assignee_id, world.state.task.standing)
    world.teamwork.lose.append(fate)  # type: ignore[arg-type]
    happen(world, step)
    world.hear(*take_back(world.zendesk))
    world.rest()
    task = world.teamwork.tasks[5001]
    assert (task.title, task.assignee_id, task.standing) == at_first


# --- blocked


@pytest.mark.parametrize("what", ["create", "rename"])
def test_a_blocked_step_is_not_tried_again_because_another_timer_rings(what: str) -> None:
    world = World(people=People())
    if what == "rename":
        world.hear(*world.zendesk.created(assignee=ANN))
        world.teamwork.lose.append("not landed")
        world.hear(*world.zendesk.renamed("Other"))
    else:
        world.teamwork.lose.append("not landed")
        world.hear(*world.zendesk.created(assignee=ANN))
    tried = list(world.kinds)
    world.later(minutes=1)
    world.later(minutes=1)
    assert world.state.trouble is not None
    assert world.kinds == tried
    world.later(minutes=15)
    assert world.kinds == [*tried, what]


def test_nothing_that_needs_the_task_is_tried_before_its_blocked_create() -> None:
    world = World(people=People())
    world.zendesk.created(assignee=ANN)
    world.teamwork.lose.append("not landed")
    world.hear(*world.zendesk.solved())
    world.later(minutes=1)
    assert world.kinds == ["create"]


def test_a_blocked_step_that_is_tried_again_is_not_called_back_because_another_timer_rings() -> None:
    trouble = Trouble(phase="blocked", code="forbidden", what="create", since=at(0), retry_at=at(900))
    state = decided(fresh(trouble=trouble), event(1), seconds=100)[1]
    assert [step.kind for step in decided(state, seconds=160)[0].plan] == ["create"]


def test_what_a_run_left_to_the_next_one_is_tried_at_once_and_only_then() -> None:
    trouble = Trouble(phase="blocked", code="forbidden", what="create", since=at(0), retry_at=at(900))
    state = decided(fresh(), event(1))[1].model_copy(update={"trouble": trouble, "anew": True})
    decision, after = decided(state, seconds=100)
    assert [step.kind for step in decision.plan] == ["create"]
    assert not after.anew


def test_what_does_not_hang_on_the_blocked_step_goes_on() -> None:
    world = World(people=People())
    world.hear(*world.zendesk.created(assignee=BOB))
    world.teamwork.lose.append("not landed")
    world.hear(*world.zendesk.renamed("Other"))
    world.people = People(generation=1, known={BOB: BOB_IN_TEAMWORK})
    world.later(minutes=1)
    assert world.task.assignee_id == BOB_IN_TEAMWORK
    assert world.task.title == "Broken"


@pytest.mark.parametrize("news", ["an event", "an operator's retry"])
def test_a_blocked_step_is_tried_again_at_once_on_anything_new(news: str) -> None:
    world = World()
    world.hear(*world.zendesk.created())
    world.teamwork.lose.append("not landed")
    world.hear(*world.zendesk.renamed("Other"))
    if news == "an event":
        world.hear(*world.zendesk.prioritised("high"))
    else:
        world.command("retry")
    assert world.task.title == "Other"
    assert world.state.trouble is None


def test_trouble_with_a_step_that_nobody_wants_any_more_is_forgotten() -> None:
    world = World()
    world.hear(*world.zendesk.created("A"))
    world.teamwork.lose.append("not landed")
    world.hear(*world.zendesk.renamed("B"))
    world.state = world.state.model_copy(update={"task": world.state.task.model_copy(update={"uncertain": ()})})
    world.hear(*world.zendesk.renamed("A"))
    assert world.state.trouble is None


# --- several kinds of steps blocked at once


def with_two_blocked() -> World:
    """A wrong route, and a tag that may not be made."""
    world = World(Policy(routes=("group:36=1235",), task_tags=("vip",)))
    world.teamwork.missing_lists, world.teamwork.bad_tags = {1235}, {"vip"}
    world.hear(*world.zendesk.created(group_id=36, tags=("vip",)))
    return world


def test_steps_that_are_blocked_together_wait_longer_each_time() -> None:
    world, pauses = with_two_blocked(), []
    for _ in range(7):
        tried = len(world.steps)
        pauses.append(world.until_the_next_moment())
        assert world.kinds[tried:] == ["move", "update"]
    assert [pause.total_seconds() / 900 for pause in pauses] == [1, 2, 4, 8, 16, 24, 24]


def test_none_of_the_steps_that_are_blocked_together_is_tried_again_because_another_timer_rings() -> None:
    world = with_two_blocked()
    tried = list(world.kinds)
    world.later(minutes=1)
    assert world.kinds == tried


def test_of_what_is_blocked_that_is_shown_which_matters_most_and_nothing_is_forgotten() -> None:
    world = with_two_blocked()
    assert [trouble.what for trouble in world.state.step_troubles] == ["move", "update"]
    world.teamwork.lose.extend(["answered", "answered", "not landed"])
    world.hear(*world.zendesk.solved())
    assert [trouble.what for trouble in world.state.step_troubles] == ["complete", "move", "update"]
    assert world.state.trouble is not None
    assert (world.state.trouble.what, world.state.trouble.code) == ("complete", "unreachable")


def test_what_is_done_leaves_the_other_blocked_and_tried_again() -> None:
    world = with_two_blocked()
    world.teamwork.missing_lists = set()
    world.until_the_next_moment()
    assert [(trouble.what, trouble.tries) for trouble in world.state.step_troubles] == [("update", 2)]
    world.teamwork.bad_tags = set()
    world.until_the_next_moment()
    assert (world.state.trouble, world.task.tags, world.task.tasklist_id) == (None, {"vip"}, 1235)


def test_what_is_blocked_is_not_forgotten_over_a_step_that_passes_by_itself() -> None:
    world, failure = with_two_blocked(), Failure(code="answer_lost", passing=True)
    state = retrying(world.state, "trouble", "rename", failure, world.clock.now)
    assert [trouble.what for trouble in state.step_troubles] == ["rename", "move", "update"]
    renamed = Step(kind="rename", reason="subject", title="B")
    state = after_success(state, renamed, StepResult(task=state.task, answer="200"), world.clock.now)
    assert [trouble.what for trouble in state.step_troubles] == ["move", "update"]


def test_only_what_is_wanted_still_is_in_trouble() -> None:
    world = with_two_blocked()
    world.hear(*world.zendesk.grouped(None))
    assert [trouble.what for trouble in world.state.step_troubles] == ["update"]
    world.hear(*world.zendesk.tagged())
    assert (world.state.step_troubles, world.state.trouble) == ((), None)


# --- pauses


@pytest.mark.parametrize(
    ("told", "tries"),
    [
        ({"commands": (Command(kind="retry", at=at(90)),)}, 0),
        ({"events": (event(90, DESK_HEALED, source="desk", snapshot=None),)}, 0),
        ({"events": (event(90, subject="B"),)}, 5),
    ],
    ids=["an operator's retry", "the desk is well again", "a new event"],
)
def test_only_tries_that_nobody_asked_for_lengthen_the_pauses(told: dict[str, Any], tries: int) -> None:
    trouble = Trouble(phase="blocked", code="forbidden", what="create", since=at(0), tries=5, retry_at=at(9999))
    _, state = decided(fresh(), event(0, "created"))
    state = state.model_copy(update={"trouble": trouble, "commands": told.get("commands", ())})
    _, after = decided(state, *told.get("events", ()))
    assert after.trouble is not None
    assert after.trouble.tries == tries
