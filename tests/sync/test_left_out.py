"""What an event does not say is not taken for unset: it is read, where a rule asks for it.

And what the state keeps of a snapshot: no more than some rule asks for.
"""

import pytest

from tests.sync.builders import at, codes, decided, event, fresh, read, row, snapshot
from tests.sync.world import LONG_AGO, World
from tests.sync.zendesk import leaving_out
from ticketsync.sync.fold import Rules, fold
from ticketsync.sync.kept import of_use
from ticketsync.sync.known import decided_on
from ticketsync.sync.policy import Policy
from ticketsync.sync.snapshot import OPTIONAL_FIELDS

SALES_ONLY = Policy(include_groups=(37,))
NOT_SALES = Policy(exclude_groups=(37,))
EVERYTHING = Policy(
    title="{type} {requester_id} {subject}",
    include_tags=("vip",),
    exclude_priorities=("low",),
    exclude_organizations=(7,),
    routes=("group:36=1235", "form:51=1236", "brand:61=1237"),
)


@pytest.mark.parametrize("policy", [SALES_ONLY, NOT_SALES])
def test_a_field_that_is_left_out_and_matters_is_read_before_anything_is_decided(policy: Policy) -> None:
    world = World(policy)
    (created,) = world.zendesk.created(group_id=37)
    world.hear(leaving_out(created, "group_id"))
    assert (world.changes, world.codes[0]) == ([], "left_out")
    assert world.state.read is not None
    world.rest()
    assert world.changes == (["create"] if policy is SALES_ONLY else [])


def test_a_field_that_is_left_out_does_not_move_a_task_or_take_its_priority() -> None:
    world = World(Policy(routes=("group:36=1235",), task_priorities=("urgent=high",)))
    world.hear(*world.zendesk.created(group_id=36, priority="urgent"))
    (renamed,) = world.zendesk.renamed("Other")
    world.hear(leaving_out(renamed, "group_id", "priority"))
    assert world.task.title == "Broken"
    world.rest()
    assert (world.changes, world.task.title) == (["create", "rename"], "Other")
    assert (world.task.tasklist_id, world.task.priority) == (1235, "high")


def test_a_field_that_is_left_out_and_matters_to_no_rule_is_not_read() -> None:
    world = World()
    (created,) = world.zendesk.created(group_id=37)
    world.hear(leaving_out(created, *OPTIONAL_FIELDS))
    assert (world.changes, world.state.read) == (["create"], None)


def test_a_field_that_is_null_is_unset_and_not_read() -> None:
    world = World(SALES_ONLY)
    world.hear(*world.zendesk.created(group_id=None))
    assert (world.changes, world.state.read, world.state.reason) == ([], None, "no_included_group")


def test_what_a_read_leaves_out_is_not_there() -> None:
    """An account without forms has no such field: to read it again would never end."""
    policy = Policy(routes=("form:51=1236",))
    told = read(1, as_of=9)
    assert told.snapshot is not None
    told = told.model_copy(update={"snapshot": told.snapshot.model_copy(update={"left_out": ("form_id",)})})
    state, _, _ = fold(fresh(), (told,), Rules(policy=policy, linked_at=LONG_AGO))
    assert (state.read, state.snapshot is not None) == (None, True)
    assert state.snapshot is not None
    assert state.snapshot.left_out == ()


def test_the_delete_of_an_event_that_leaves_something_out_counts_at_once() -> None:
    world = World(SALES_ONLY)
    world.hear(*world.zendesk.created(group_id=37))
    (deleted,) = world.zendesk.soft_deleted()
    world.hear(leaving_out(deleted, "group_id"))
    world.rest()
    assert world.no_task


def test_a_close_that_says_nothing_of_tags_may_be_a_merge() -> None:
    world = World(Policy(on_closed="complete"))
    world.zendesk.created()
    _, closed, _ = world.zendesk.merged_into(5)
    world.hear(leaving_out(closed, "tags"))
    assert (world.changes, world.codes[0]) == ([], "left_out")
    world.rest()
    assert world.changes == []


def test_the_journal_names_what_is_left_out() -> None:
    told = leaving_out(event(1), "group_id", "tags")
    (line,) = fold(fresh(), (told,), Rules(policy=SALES_ONLY))[1]
    assert "group_id, tags" in line.text


# --- rows


def test_a_row_that_leaves_out_what_matters_is_never_known() -> None:
    rules = Rules(policy=SALES_ONLY, linked_at=LONG_AGO)
    state, _, _ = fold(fresh(), (event(1.4, subject="A"),), rules)
    hint = decided_on(state, LONG_AGO)
    assert hint is not None
    same = row(1, as_of=3, subject="A")
    assert hint.covers(same, SALES_ONLY, LONG_AGO)
    assert not hint.covers(leaving_out(same, "group_id"), SALES_ONLY, LONG_AGO)


def test_under_a_policy_that_uses_other_fields_nothing_is_known() -> None:
    state, _, _ = fold(fresh(), (event(1.4, subject="A"),), Rules(policy=Policy(), linked_at=LONG_AGO))
    hint = decided_on(state, LONG_AGO)
    assert hint is not None
    assert hint.covers(row(1, as_of=3, subject="A", group_id=5), Policy(), LONG_AGO)
    assert not hint.covers(row(1, as_of=3, subject="A"), SALES_ONLY, LONG_AGO)


# --- what is kept

FULL = snapshot(
    priority="high",
    type="incident",
    custom_status_id=1,
    requester_id=2,
    group_id=3,
    organization_id=4,
    brand_id=5,
    form_id=6,
    tags=("vip", "other"),
    via="email",
    assignee_id=7,
    status="open",
)


def test_the_state_keeps_no_field_that_no_rule_asks_for() -> None:
    kept = of_use(FULL, Policy())
    assert {name: getattr(kept, name) for name in OPTIONAL_FIELDS} == {**dict.fromkeys(OPTIONAL_FIELDS), "tags": ()}
    assert (kept.subject, kept.status, kept.assignee_id, kept.submitter_id) == ("A", "open", 7, FULL.submitter_id)


def test_it_keeps_every_field_that_some_rule_asks_for() -> None:
    assert EVERYTHING.fields_it_uses == OPTIONAL_FIELDS
    kept = of_use(FULL, EVERYTHING)
    assert kept == FULL.model_copy(update={"tags": ("vip",), "custom_status_id": None, "via": None})


@pytest.mark.parametrize(
    ("policy", "fields"),
    [
        (Policy(), set()),
        (Policy(title="{ticket_form_id} {priority}"), {"form_id", "priority"}),
        (Policy(include_brands=(1,)), {"brand_id"}),
        (Policy(exclude_organizations=(1,)), {"organization_id"}),
        (Policy(routes=("tag:a=1", "group:2=3")), {"tags", "group_id"}),
        (Policy(task_priorities=("low=low",)), {"priority"}),
        (Policy(task_tags=("*=Zendesk",)), set()),
        (Policy(task_tags=("vip",)), {"tags"}),
        (Policy(description="{type} {group_id} {description}"), set()),
    ],
)
def test_each_rule_asks_for_its_own_fields(policy: Policy, fields: set[str]) -> None:
    assert policy.fields_it_uses == fields


def test_every_tag_that_some_rule_names_is_kept() -> None:
    policy = Policy(include_tags=("A",), exclude_tags=("b",), routes=("tag:C=1",), task_tags=("D=d", "*=Zendesk"))
    assert policy.tags_it_names == {"a", "b", "c", "d"}


def test_a_change_of_what_no_rule_asks_for_is_no_news() -> None:
    assert codes(event(1, group_id=5), event(2, group_id=6)) == ["first", "same"]


def test_a_policy_that_asks_for_more_reads_the_ticket_once() -> None:
    state = decided(fresh(), event(1, group_id=37))[1]
    decision, state = decided(state, policy=SALES_ONLY, seconds=200)
    assert (decision.plan, state.read is not None) == ((), True)
    decision, state = decided(state, read(1, as_of=201, group_id=37), policy=SALES_ONLY, seconds=202)
    assert state.read is None
    decision, state = decided(state, policy=Policy(), seconds=300)
    assert state.read is None


def test_a_read_from_a_copy_that_lags_is_made_again_but_not_at_once() -> None:
    state = decided(fresh(), event(5, group_id=37))[1]
    _, state = decided(state, policy=SALES_ONLY, seconds=200)
    assert state.read is not None
    assert state.read.not_before is None
    _, state = decided(state, read(4, as_of=201, group_id=36), policy=SALES_ONLY, seconds=202)
    assert state.read is not None
    assert state.read.not_before == at(202 + 30)
    _, state = decided(state, read(5, as_of=233, group_id=37, asked=2), policy=SALES_ONLY, seconds=234)
    assert (state.read, state.snapshot and state.snapshot.group_id) == (None, 37)
