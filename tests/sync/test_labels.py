"""Priority and tags of a task: off by default, ours only, and never at the cost of anything else."""

import pytest
from pydantic import ValidationError

from tests.sync.world import World
from tests.sync.zendesk import ANN
from ticketsync.sync.decide import EarlierLife
from ticketsync.sync.policy import Policy
from ticketsync.sync.step import TaskPriority

PRIORITIES = Policy(task_priorities=("urgent=high", "high=high", "normal=medium", "low=low"))
TAGGED = Policy(task_tags=("*=Zendesk", "vip=Important", "billing"))


def opened(policy: Policy, **fields: object) -> World:
    world = World(policy)
    world.hear(*world.zendesk.created(**fields))  # type: ignore[arg-type]
    return world


def by_hand(world: World, priority: TaskPriority) -> None:
    world.task.priority = priority


# --- priority


@pytest.mark.parametrize(
    ("ticket", "task"), [("urgent", "high"), ("high", "high"), ("normal", "medium"), ("low", "low"), (None, "none")]
)
def test_a_task_is_created_with_its_priority_without_a_further_step(ticket: str | None, task: str) -> None:
    world = opened(PRIORITIES, priority=ticket)
    assert (world.changes, world.task.priority) == (["create"], task)


def test_priorities_are_off_by_default() -> None:
    world = opened(Policy(), priority="urgent")
    world.hear(*world.zendesk.prioritised("low"))
    assert (world.changes, world.task.priority) == (["create"], "none")


def test_a_changed_priority_updates_the_task_and_only_that() -> None:
    world = opened(PRIORITIES, priority="low")
    world.hear(*world.zendesk.prioritised("urgent"))
    assert (world.changes, world.task.priority) == (["create", "update"], "high")
    assert world.last.plan[0].summary == "update: priority high"


def test_a_priority_that_is_taken_away_is_taken_from_the_task() -> None:
    world = opened(PRIORITIES, priority="low")
    world.hear(*world.zendesk.prioritised(None))
    assert (world.changes, world.task.priority) == (["create", "update"], "none")


def test_a_change_between_priorities_that_mean_the_same_updates_nothing() -> None:
    world = opened(PRIORITIES, priority="high")
    world.hear(*world.zendesk.prioritised("urgent"))
    assert world.changes == ["create"]


def test_a_priority_without_a_rule_is_none() -> None:
    assert opened(Policy(task_priorities=("urgent=high",)), priority="low").task.priority == "none"


def test_a_priority_set_by_hand_stays_until_the_tickets_changes() -> None:
    world = opened(PRIORITIES, priority="low")
    by_hand(world, "high")
    world.hear(*world.zendesk.renamed("Other"))
    assert world.changes == ["create", "rename"]
    world.hear(*world.zendesk.prioritised("normal"))
    assert world.task.priority == "medium"


def test_priorities_that_are_turned_on_later_update_the_task_once_the_ticket_was_read() -> None:
    world = opened(Policy(), priority="urgent")
    world.policy = PRIORITIES
    world.later(hours=1)
    world.rest()
    assert (world.changes, world.task.priority) == (["create", "update"], "high")


def test_a_priority_set_by_hand_outlives_turning_on_priorities_for_tickets_that_have_none() -> None:
    world = opened(Policy())
    by_hand(world, "high")
    world.policy = PRIORITIES
    world.later(hours=1)
    world.rest()
    assert (world.changes, world.task.priority) == (["create"], "high")


def test_priorities_that_are_turned_off_leave_tasks_as_they_are() -> None:
    world = opened(PRIORITIES, priority="urgent")
    world.policy = Policy()
    world.hear(*world.zendesk.renamed("Other"))
    assert (world.changes, world.task.priority) == (["create", "rename"], "high")


# --- tags


def test_a_task_is_created_with_its_tags_without_a_further_step() -> None:
    world = opened(TAGGED, tags=("VIP", "checkout"))
    assert (world.changes, world.task.tags) == (["create"], {"Zendesk", "Important"})


def test_a_changed_tag_updates_only_what_differs() -> None:
    world = opened(TAGGED, tags=("vip",))
    world.hear(*world.zendesk.tagged("billing", "checkout"))
    assert (world.changes, world.task.tags) == (["create", "update"], {"Zendesk", "billing"})
    assert world.last.plan[0].summary == "update: tags +billing -Important"


def test_tags_that_no_rule_names_change_nothing() -> None:
    world = opened(TAGGED)
    world.hear(*world.zendesk.tagged("checkout"))
    assert world.changes == ["create"]


def test_tags_of_people_stay_and_ours_that_they_took_off_stay_off() -> None:
    world = opened(TAGGED, tags=("vip",))
    world.task.tags = {"Important", "Ann's own"}
    world.hear(*world.zendesk.tagged("vip", "billing"))
    assert world.task.tags == {"Important", "Ann's own", "billing"}


def test_two_tags_that_mean_the_same_tag_are_one() -> None:
    world = opened(Policy(task_tags=("vip=Important", "escalated=Important")), tags=("vip", "escalated"))
    world.hear(*world.zendesk.tagged("escalated"))
    assert (world.changes, world.task.tags) == (["create"], {"Important"})
    world.hear(*world.zendesk.tagged())
    assert (world.changes, world.task.tags) == (["create", "update"], set())


def test_a_rule_that_is_taken_away_takes_its_tag_off_at_the_next_decision() -> None:
    world = opened(TAGGED, tags=("vip",))
    world.policy = Policy()
    world.hear(*world.zendesk.renamed("Other"))
    assert (world.changes, world.task.tags) == (["create", "rename", "update"], set())


def test_a_run_that_finds_its_task_by_marker_puts_its_labels_right() -> None:
    """It cannot see which tags are ours: of those that the policy names it writes all, and takes off the others."""
    world = opened(Policy(task_tags=TAGGED.task_tags, task_priorities=PRIORITIES.task_priorities), tags=("vip",))
    world.task.tags |= {"Ann's own"}
    world.new_run(EarlierLife(may_be_creating=True))
    world.hear(*world.zendesk.tagged("billing"), *world.zendesk.prioritised("urgent"))
    world.rest()
    assert world.task.tags == {"Zendesk", "billing", "Ann's own"}
    assert (world.task.priority, world.state.task.uncertain) == ("high", ())


@pytest.mark.parametrize("fate", ["landed", "not landed"])
def test_an_update_whose_answer_was_lost_is_made_once_more_and_whole(fate: str) -> None:
    world = opened(TAGGED, tags=("vip",))
    world.teamwork.lose.append(fate)  # type: ignore[arg-type]
    world.hear(*world.zendesk.tagged("billing"))
    world.rest()
    assert (world.changes, world.task.tags) == (["create", "update", "update"], {"Zendesk", "billing"})


def test_an_update_that_may_have_landed_is_taken_back_when_its_priority_comes_back() -> None:
    world = opened(PRIORITIES, priority="low")
    world.teamwork.lose.append("landed")
    world.hear(*world.zendesk.prioritised("urgent"))
    world.hear(*world.zendesk.prioritised("low"))
    assert (world.changes, world.task.priority) == (["create", "update", "update"], "low")


def test_a_task_whose_labels_are_not_known_is_deleted_once() -> None:
    world = opened(TAGGED, tags=("vip",))
    world.teamwork.lose.append("not landed")
    world.hear(*world.zendesk.tagged("billing"))
    world.hear(*world.zendesk.soft_deleted())
    world.rest()
    world.hear(*world.zendesk.permanently_deleted())
    world.command("retry")
    world.rest()
    assert world.kinds.count("delete") == 1


def test_resync_writes_labels_only_where_they_differ() -> None:
    for policy in (TAGGED, PRIORITIES):
        world = opened(policy, priority="low", tags=("vip",))
        world.command("resync")
        world.rest()
        assert world.changes == ["create"]


def test_resync_puts_on_again_what_people_took_off() -> None:
    world = opened(TAGGED, tags=("vip",))
    world.task.tags = {"Zendesk", "Ann's own"}
    world.command("resync")
    world.rest()
    assert world.task.tags == {"Zendesk", "Important", "Ann's own"}


# --- what people have put on


def test_a_tag_of_people_that_a_rule_names_too_outlives_a_resync() -> None:
    world = opened(TAGGED)
    world.task.tags |= {"Important"}
    world.command("resync")
    world.rest()
    assert world.task.tags == {"Zendesk", "Important"}


def test_a_task_that_is_known_by_its_number_alone_is_labelled_like_one_that_is_found() -> None:
    world = opened(TAGGED, tags=("vip",))
    world.new_run(EarlierLife(task_id=world.task.id))
    world.hear(*world.zendesk.tagged("billing"))
    world.rest()
    assert world.task.tags == {"Zendesk", "billing"}


@pytest.mark.parametrize("fate", ["landed", "not landed"])
def test_a_lost_answer_makes_nothing_doubtful_but_what_its_update_was_about(fate: str) -> None:
    policy = Policy(task_priorities=("urgent=high",), task_tags=TAGGED.task_tags)
    world = opened(policy, priority="low")
    world.task.tags |= {"Important"}
    by_hand(world, "medium")
    world.teamwork.lose.append(fate)  # type: ignore[arg-type]
    world.hear(*world.zendesk.tagged("billing"))
    world.rest()
    assert (world.task.tags, world.task.priority) == ({"Zendesk", "billing", "Important"}, "medium")


@pytest.mark.parametrize("fate", ["landed", "not landed"])
def test_a_tag_of_ours_that_people_took_off_stays_off_after_a_lost_answer(fate: str) -> None:
    world = opened(TAGGED, tags=("vip",))
    world.task.tags = {"Zendesk"}
    world.teamwork.lose.append(fate)  # type: ignore[arg-type]
    world.hear(*world.zendesk.tagged("vip", "billing"))
    world.rest()
    assert world.task.tags == {"Zendesk", "billing"}


@pytest.mark.parametrize("fate", ["landed", "not landed"])
def test_a_tag_that_may_be_on_is_taken_off_when_it_is_not_wanted_any_more(fate: str) -> None:
    world = opened(TAGGED)
    world.teamwork.lose.append(fate)  # type: ignore[arg-type]
    world.hear(*world.zendesk.tagged("vip"))
    world.hear(*world.zendesk.tagged())
    world.rest()
    assert (world.task.tags, world.state.task.tags, world.state.task.unsure_tags) == ({"Zendesk"}, ("Zendesk",), ())


# --- names that are one tag


SPELLINGS = Policy(task_tags=("vip=Important", "gold=important", "top= IMPORTANT "))


def test_tags_that_differ_in_case_only_are_one_tag() -> None:
    world = opened(SPELLINGS, tags=("gold", "vip"))
    assert world.task.tags == {"Important"}
    world.hear(*world.zendesk.tagged("vip"))
    assert (world.changes, world.task.tags) == (["create"], {"Important"})
    world.hear(*world.zendesk.tagged("top"))
    assert (world.changes, world.task.tags) == (["create"], {"Important"})
    world.hear(*world.zendesk.tagged())
    assert (world.changes, world.task.tags) == (["create", "update"], set())


def test_a_rule_that_spells_its_tag_anew_changes_nothing() -> None:
    world = opened(Policy(task_tags=("vip=Very important",)), tags=("vip",))
    world.policy = Policy(task_tags=("vip=very  Important",))
    world.hear(*world.zendesk.renamed("Other"))
    assert (world.changes, world.task.tags) == (["create", "rename"], {"Very important"})


def test_a_found_task_is_not_told_to_gain_and_lose_the_same_tag() -> None:
    world = opened(SPELLINGS, tags=("vip",))
    world.new_run(EarlierLife(may_be_creating=True))
    world.hear(*world.zendesk.tagged("vip", "other"))
    assert [(step.tags, step.untag) for step in world.steps if step.kind == "update"] == [(("Important",), ())]


# --- a tag that is not taken


def test_a_tag_that_is_refused_holds_up_nothing_else() -> None:
    world = World(TAGGED)
    world.teamwork.bad_tags = {"Zendesk"}
    world.hear(*world.zendesk.created(assignee=ANN))
    assert (world.task.assignee_id, world.task.tags) == (201, set())
    assert world.state.trouble is not None
    assert (world.state.trouble.phase, world.state.trouble.what) == ("blocked", "update")
    world.hear(*world.zendesk.renamed("Other"), *world.zendesk.solved())
    assert (world.task.title, world.task.standing) == ("Other", "completed")


def test_a_priority_that_was_written_before_its_tag_was_refused_is_written_back() -> None:
    world = opened(Policy(task_priorities=PRIORITIES.task_priorities, task_tags=("vip",)), priority="low")
    world.teamwork.bad_tags = {"vip"}
    world.hear(*world.zendesk.prioritised("urgent"), *world.zendesk.tagged("vip"))
    assert (world.task.priority, world.task.tags) == ("high", set())
    world.hear(*world.zendesk.prioritised("low"), *world.zendesk.tagged())
    assert (world.task.priority, world.state.trouble) == ("low", None)


def test_a_bad_list_and_a_bad_tag_hold_up_nothing_else_either() -> None:
    world = World(TAGGED.model_copy(update={"routes": ("group:36=1235",)}))
    world.teamwork.bad_tags, world.teamwork.missing_lists = {"Zendesk"}, {1235}
    world.hear(*world.zendesk.created(group_id=36))
    world.hear(*world.zendesk.renamed("Other"), *world.zendesk.solved())
    assert (world.task.title, world.task.standing) == ("Other", "completed")
    world.teamwork.bad_tags, world.teamwork.missing_lists = set(), set()
    world.later(minutes=31)
    assert (world.task.tags, world.task.tasklist_id, world.state.trouble) == ({"Zendesk"}, 1235, None)


# --- how rules are written


@pytest.mark.parametrize("rule", ["", "urgent", "urgent=", "=high", "urgent=urgent", "asap=high", "urgent=high=low"])
def test_a_priority_that_cannot_work_is_refused_when_it_is_set(rule: str) -> None:
    with pytest.raises(ValidationError, match="urgent on the left, none, low, medium, high on the right"):
        Policy(task_priorities=(rule,))


def test_two_rules_for_one_priority_are_refused() -> None:
    with pytest.raises(ValidationError, match="two rules"):
        Policy(task_priorities=("urgent=high", " Urgent = low"))


@pytest.mark.parametrize("rule", ["vip", "vip=Very important", "*=Zendesk", "a:b=A=B", f"vip={'x' * 49}"])
def test_tags_that_can_be_read(rule: str) -> None:
    assert Policy(task_tags=(rule,)).task_tags == (rule,)


@pytest.mark.parametrize("rule", ["", "=", "=A", "vip=", "*", "a b=A", f"vip={'x' * 50}", "vip=a,b", "vip=a\nb"])
def test_a_tag_that_cannot_work_is_refused_when_it_is_set(rule: str) -> None:
    with pytest.raises(ValidationError, match="tag"):
        Policy(task_tags=(rule,))
