"""The rules "Fresh runs" and "Once only", as far as the rules decide them."""

import pytest

from tests.sync.builders import decided, event, fresh
from tests.sync.teamwork import ANN_IN_TEAMWORK, FIRST_TASK, Task
from tests.sync.world import World
from tests.sync.zendesk import ANN, BOB
from ticketsync.sync.decide import EarlierLife


def with_a_task_from_before(earlier: EarlierLife, *, standing: str = "open") -> World:
    """Temporal has lost the ticket; its task is there and carries the marker."""
    world = World(earlier=earlier)
    deleted = "by us" if standing == "deleted" else None
    task = Task(FIRST_TASK, "An old title", assignee_id=777, completed=standing == "completed", deleted=deleted)  # type: ignore[arg-type]
    world.teamwork.tasks[FIRST_TASK] = task
    return world


LOST = {"only the hint is left": EarlierLife(task_id=FIRST_TASK), "nothing is left": EarlierLife()}


# --- one task, whatever is left


@pytest.mark.parametrize("standing", ["open", "completed", "deleted"])
@pytest.mark.parametrize("left", LOST)
def test_a_run_finds_the_task_of_a_lost_one_and_puts_it_right(left: str, standing: str) -> None:
    world = with_a_task_from_before(LOST[left], standing=standing)
    world.hear(*world.zendesk.created("Broken", assignee=ANN))
    world.rest()
    assert list(world.teamwork.tasks) == [FIRST_TASK]
    assert (world.task.title, world.task.assignee_id, world.task.standing) == ("Broken", ANN_IN_TEAMWORK, "open")


@pytest.mark.parametrize("left", LOST)
def test_a_run_that_puts_a_found_task_right_does_so_once_and_says_so(left: str) -> None:
    world = with_a_task_from_before(LOST[left])
    world.hear(*world.zendesk.created("Broken", assignee=ANN))
    world.rest()
    done = list(world.kinds)
    world.later(hours=1)
    world.hear(*world.zendesk.prioritised("high"))
    assert world.kinds == done
    assert done.count("inspect") + done.count("create") == 1


@pytest.mark.parametrize("end", ["closed", "soft_deleted"])
@pytest.mark.parametrize("left", LOST)
def test_a_run_that_first_hears_of_the_end_still_deletes_the_task_of_a_lost_one(left: str, end: str) -> None:
    world = with_a_task_from_before(LOST[left])
    world.zendesk.created()
    world.hear(*getattr(world.zendesk, end)())
    world.rest()
    assert world.no_task


@pytest.mark.parametrize("left", LOST)
def test_a_task_that_people_had_deleted_before_the_loss_stays_gone(left: str) -> None:
    world = with_a_task_from_before(LOST[left])
    world.teamwork.tasks[FIRST_TASK].deleted = "by people"
    world.hear(*world.zendesk.created())
    world.rest()
    assert world.no_task


def test_a_ticket_without_a_trace_that_is_young_is_not_looked_for() -> None:
    world = World(earlier=EarlierLife(no_trace=True))
    world.hear(*world.zendesk.created())
    assert world.teamwork.calls[0].look == "no"


def test_a_ticket_without_a_trace_that_is_old_is_looked_for_once() -> None:
    world = World(earlier=EarlierLife(no_trace=True))
    created = world.zendesk.created()
    world.clock.forward(25 * 3600)
    world.hear(*created)
    assert world.teamwork.calls[0].look == "once"


@pytest.mark.parametrize("seconds", [0, 5], ids=["in the second of linking", "5 s before"])
def test_a_ticket_that_may_be_older_than_the_link_is_looked_for(seconds: int) -> None:
    world = World(earlier=EarlierLife(no_trace=True))
    created = world.zendesk.created()
    world.clock.forward(seconds)
    world.linked_at = world.clock.now.replace(microsecond=900_000)
    world.hear(*created)
    assert world.teamwork.calls[0].look == "once"


def test_where_linking_is_not_known_the_task_is_looked_for() -> None:
    world = World(earlier=EarlierLife(no_trace=True), linked_at=None)
    world.hear(*world.zendesk.created())
    assert world.teamwork.calls[0].look == "once"


def test_a_create_of_a_lost_run_that_may_be_landing_is_looked_for_patiently() -> None:
    world = World(earlier=EarlierLife(may_be_creating=True))
    world.hear(*world.zendesk.created())
    assert world.teamwork.calls[0].look == "patiently"


def test_every_create_after_the_first_looks_patiently() -> None:
    world = World()
    world.teamwork.lose.append("landed")
    world.hear(*world.zendesk.created())
    world.rest()
    assert [call.look for call in world.teamwork.calls] == ["no", "patiently"]
    assert len(world.teamwork.tasks) == 1


def test_only_a_runs_first_decision_asks_for_an_earlier_life() -> None:
    world = World()
    world.hear(*world.zendesk.created())
    assert not world.state.first_decision
    world.earlier = EarlierLife(task_id=1)
    world.hear(*world.zendesk.renamed("Other"))
    assert world.state.task.id == FIRST_TASK


# --- a run that follows one which ended


def ended() -> World:
    world = World()
    world.hear(*world.zendesk.created(assignee=ANN))
    world.hear(*world.zendesk.soft_deleted())
    world.rest()
    world.later(hours=25)
    world.new_run()
    return world


def test_a_run_goes_on_where_the_one_before_it_ended() -> None:
    world = ended()
    world.hear(*world.zendesk.undeleted())
    world.rest()
    assert world.changes == ["create", "delete", "restore"]
    assert (world.task.id, world.task.assignee_id) == (FIRST_TASK, ANN_IN_TEAMWORK)


def test_a_late_event_after_the_end_brings_nothing_back() -> None:
    world = World()
    created = world.zendesk.created()
    world.hear(*world.zendesk.assigned(BOB))
    world.hear(*world.zendesk.soft_deleted())
    world.rest()
    world.new_run()
    world.hear(*created)
    world.rest()
    assert world.no_task


def test_a_new_run_waits_out_its_own_grace_period() -> None:
    world = ended()
    world.hear(*world.zendesk.permanently_deleted())
    assert world.state.end_at is not None
    assert (world.state.end_at - world.clock.now).total_seconds() == 24 * 3600


def test_troubles_of_the_run_before_are_left_behind() -> None:
    world = World()
    world.teamwork.lose.append("not landed")
    world.hear(*world.zendesk.created())
    assert world.state.trouble is not None
    decision, state = decided(fresh(first_decision=True), event(1), earlier=EarlierLife(state=world.state))
    assert [step.kind for step in decision.plan] == ["create"]
    assert state.trouble is None


def test_a_command_that_starts_a_run_is_obeyed() -> None:
    world = ended()
    world.zendesk.undeleted()
    world.zendesk.renamed("Nobody told us")
    world.command("resync")
    world.rest()
    assert world.task.title == "Nobody told us"
