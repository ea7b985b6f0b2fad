"""Any order and any duplication of the same events ends in the same task, and a second pass gives no steps."""

from hypothesis import given
from hypothesis import strategies as st

from tests.sync.builders import examples
from tests.sync.histories import BILLING_LIST, VIP_LIST, History, Telling, histories, tellings
from tests.sync.reference import Expected, expected
from tests.sync.teamwork import ANN_IN_TEAMWORK, BOB_IN_TEAMWORK
from tests.sync.world import PEOPLE, World
from ticketsync.sync.decide import EarlierLife
from ticketsync.sync.people import People
from ticketsync.sync.status import shown


def world_of(history: History) -> World:
    return World(history.policy, linked_at=history.linked_at, zendesk=history.zendesk)


def outcome(world: World) -> Expected | None:
    """The one task that people see; the world never made two."""
    assert len(world.teamwork.tasks) <= 1
    if world.no_task:
        return None
    task = world.task
    return Expected(task.standing, task.title, task.assignee_id, task.tasklist_id, task.priority, frozenset(task.tags))


def ends_in_step(world: World) -> bool:
    """Whether a ticket that has ended leaves nothing behind that would keep its workflow from ending."""
    if world.state.end_at is None:
        return True
    world.later(days=2)
    state = world.state
    return not any((state.trouble, state.refused, state.settle_until, state.waiting, state.read, state.read_trouble))


def listen(world: World, telling: Telling, data: st.DataObject) -> None:
    """Hear it all; in between time passes, reads of the true ticket are answered, and one run follows another."""
    for batch in telling.batches:
        world.hear(*batch)
        match data.draw(st.sampled_from(["next", "time passes", "rest", "new run", "continue as new"])):
            case "time passes":
                world.later(seconds=data.draw(st.sampled_from([5.0, 61.0, 7200.0])))
            case "rest":
                world.rest()
            case "new run":
                world.rest()
                world.new_run()
            case "continue as new":
                world.continue_as_new()
    world.rest()


@examples(150)
@given(history=histories(), data=st.data())
def test_any_order_and_any_duplication_end_in_the_task_that_the_true_ticket_should_have(
    history: History, data: st.DataObject
) -> None:
    world = world_of(history)
    listen(world, data.draw(tellings(history)), data)
    assert outcome(world) == expected(history.zendesk, history.told, history.policy, history.linked_at)
    assert ends_in_step(world)


@examples(150)
@given(history=histories(most_actions=5), data=st.data())
def test_lost_answers_of_teamwork_change_nothing_in_the_end(history: History, data: st.DataObject) -> None:
    world = world_of(history)
    fates = st.lists(st.sampled_from(["answered", "landed", "not landed"]), max_size=8)
    world.teamwork.lose.extend(data.draw(fates))  # type: ignore[arg-type]
    listen(world, data.draw(tellings(history)), data)
    assert outcome(world) == expected(history.zendesk, history.told, history.policy, history.linked_at)
    assert ends_in_step(world)


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


@examples(100)
@given(history=histories(most_actions=5), data=st.data())
def test_people_who_are_not_known_or_not_taken_for_a_while_change_nothing_in_the_end(
    history: History, data: st.DataObject
) -> None:
    world = world_of(history)
    for batch in data.draw(tellings(history)).batches:
        world.people = data.draw(st.sampled_from([PEOPLE, People()]))
        world.teamwork.strangers = data.draw(st.sets(st.sampled_from([ANN_IN_TEAMWORK, BOB_IN_TEAMWORK])))
        world.hear(*batch)
        world.later(seconds=data.draw(st.sampled_from([1.0, 70.0, 2000.0])))
    world.people, world.teamwork.strangers = PEOPLE, set()
    world.command("retry")
    world.rest()
    assert outcome(world) == expected(history.zendesk, history.told, history.policy, history.linked_at)
    assert ends_in_step(world)
    assert world.state.waiting is None
    assert shown(world.state, busy=False)[1] != "not_a_member"


@examples(100)
@given(history=histories(most_actions=5), data=st.data())
def test_task_lists_and_tags_that_are_not_taken_for_a_while_change_nothing_in_the_end(
    history: History, data: st.DataObject
) -> None:
    world = world_of(history)
    for batch in data.draw(tellings(history)).batches:
        world.teamwork.missing_lists = data.draw(st.sets(st.sampled_from([BILLING_LIST, VIP_LIST])))
        world.teamwork.bad_tags = data.draw(st.sets(st.sampled_from(["Zendesk", "Important"])))
        world.hear(*batch)
        world.later(seconds=data.draw(st.sampled_from([1.0, 70.0, 2000.0])))
    world.teamwork.missing_lists, world.teamwork.bad_tags = set(), set()
    world.command("retry")
    world.rest()
    assert outcome(world) == expected(history.zendesk, history.told, history.policy, history.linked_at)
    assert ends_in_step(world)
    assert world.state.trouble is None


@examples(100)
@given(history=histories(most_actions=5), data=st.data())
def test_there_are_never_two_tasks_whatever_is_lost(history: History, data: st.DataObject) -> None:
    """Answers of Teamwork, and all that Temporal knew: then the hint in Redis is left, or only the marker."""
    world = world_of(history)
    for batch in data.draw(tellings(history)).batches:
        fates = st.lists(st.sampled_from(["answered", "landed", "not landed"]), max_size=3)
        world.teamwork.lose.extend(data.draw(fates))  # type: ignore[arg-type]
        world.hear(*batch)
        if data.draw(st.booleans()):
            world.rest()
        if data.draw(st.booleans()):
            hint = EarlierLife(task_id=world.state.task.id)
            world.new_run(data.draw(st.sampled_from([hint, EarlierLife(may_be_creating=True)])))
    world.rest()
    assert len(world.teamwork.tasks) <= 1
