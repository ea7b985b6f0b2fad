"""Any order and any duplication of the same events ends in the same task, and a second pass gives no steps."""

from hypothesis import given
from hypothesis import strategies as st

from tests.sync.builders import examples
from tests.sync.histories import History, Telling, histories, tellings
from tests.sync.reference import Expected, expected
from tests.sync.world import World

PAUSES = (0.0, 0.0, 5.0, 61.0, 7200.0)


def world_of(history: History) -> World:
    return World(history.policy, linked_at=history.linked_at, zendesk=history.zendesk)


def outcome(world: World) -> Expected | None:
    """The one task that people see; the world never made two."""
    assert len(world.teamwork.tasks) <= 1
    if world.no_task:
        return None
    return Expected(world.task.standing, world.task.title, world.task.assignee_id)


def listen(world: World, telling: Telling, data: st.DataObject) -> None:
    """Hear it all; in between time passes, windows end, and reads of the true ticket are answered or not."""
    for batch in telling.batches:
        world.hear(*batch)
        pause = data.draw(st.sampled_from(PAUSES))
        if data.draw(st.booleans()):
            world.rest()
        elif pause:
            world.later(seconds=pause)
    world.rest()


@examples(150)
@given(history=histories(), data=st.data())
def test_any_order_and_any_duplication_end_in_the_task_that_the_true_ticket_should_have(
    history: History, data: st.DataObject
) -> None:
    world = world_of(history)
    listen(world, data.draw(tellings(history)), data)
    assert outcome(world) == expected(history.zendesk, history.told, history.policy, history.linked_at)


@examples(150)
@given(history=histories(most_actions=5), data=st.data())
def test_lost_answers_of_teamwork_change_nothing_in_the_end(history: History, data: st.DataObject) -> None:
    world = world_of(history)
    fates = st.lists(st.sampled_from(["answered", "landed", "not landed"]), max_size=8)
    world.teamwork.lose.extend(data.draw(fates))  # type: ignore[arg-type]
    listen(world, data.draw(tellings(history)), data)
    assert outcome(world) == expected(history.zendesk, history.told, history.policy, history.linked_at)


@examples(150)
@given(history=histories(), data=st.data())
def test_a_second_pass_gives_no_steps(history: History, data: st.DataObject) -> None:
    world = world_of(history)
    listen(world, data.draw(tellings(history)), data)
    done = list(world.steps)
    forgetful = data.draw(st.booleans())
    for batch in data.draw(tellings(history, doubled=False)).batches:
        if forgetful:  # more than 200 events later
            world.state = world.state.model_copy(update={"seen": ()})
        world.hear(*batch)
    world.rest()
    assert world.steps == done
