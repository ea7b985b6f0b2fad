"""Which task list a ticket's task is in, and when it moves."""

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from tests.sync.world import World
from tests.sync.zendesk import ANN, ZendeskTicket
from ticketsync.sync.decide import EarlierLife
from ticketsync.sync.event import Event
from ticketsync.sync.policy import Policy
from ticketsync.sync.step import OWN_LIST

BILLING, SALES, FORM, BRAND = 360000000036, 37, 51, 61
BILLING_LIST, VIP_LIST, FORM_LIST, BRAND_LIST = 1235, 1236, 1237, 1238
ROUTED = Policy(
    routes=(
        f"tag:vip={VIP_LIST}",
        f"group:{BILLING}={BILLING_LIST}",
        f"form:{FORM}={FORM_LIST}",
        f"brand:{BRAND}={BRAND_LIST}",
    )
)


def opened(policy: Policy = ROUTED, **fields: Any) -> World:
    world = World(policy)
    world.hear(*world.zendesk.created(**fields))
    return world


@pytest.mark.parametrize(
    ("fields", "tasklist_id"),
    [
        ({"group_id": BILLING}, BILLING_LIST),
        ({"form_id": FORM}, FORM_LIST),
        ({"brand_id": BRAND}, BRAND_LIST),
        ({"tags": ("checkout", "VIP")}, VIP_LIST),
        ({"group_id": SALES}, OWN_LIST),
        ({}, OWN_LIST),
    ],
)
def test_a_task_is_created_in_the_list_of_its_route_without_a_further_step(
    fields: dict[str, Any], tasklist_id: int
) -> None:
    world = opened(**fields)
    assert (world.changes, world.task.tasklist_id) == (["create"], tasklist_id)


def test_the_first_route_that_fits_counts() -> None:
    assert opened(group_id=BILLING, tags=("vip",)).task.tasklist_id == VIP_LIST


def test_a_changed_group_moves_the_task_and_only_that() -> None:
    world = opened(group_id=SALES, assignee=ANN)
    world.hear(*world.zendesk.grouped(BILLING))
    assert (world.changes, world.task.tasklist_id) == (["create", "move"], BILLING_LIST)
    world.hear(*world.zendesk.grouped(SALES))
    assert (world.changes, world.task.tasklist_id) == (["create", "move", "move"], OWN_LIST)


@pytest.mark.parametrize(
    ("change", "tasklist_id"),
    [
        (lambda zendesk: zendesk.given_form(FORM), FORM_LIST),
        (lambda zendesk: zendesk.branded(BRAND), BRAND_LIST),
        (lambda zendesk: zendesk.tagged("vip"), VIP_LIST),
    ],
)
def test_so_does_a_changed_form_brand_or_tag(
    change: Callable[[ZendeskTicket], tuple[Event, ...]], tasklist_id: int
) -> None:
    world = opened()
    world.hear(*change(world.zendesk))
    assert (world.changes, world.task.tasklist_id) == (["create", "move"], tasklist_id)


def test_a_step_says_from_where_to_where_and_by_which_route() -> None:
    world = opened()
    world.hear(*world.zendesk.grouped(BILLING))
    (move,) = world.last.plan
    assert move.summary == f"move: the desk's list → list {BILLING_LIST}"
    assert move.reason == f"group:{BILLING}={BILLING_LIST}"


def test_a_change_between_groups_of_the_same_list_moves_nothing() -> None:
    world = opened(Policy(routes=(f"group:{BILLING}=9", f"group:{SALES}=9")), group_id=BILLING)
    world.hear(*world.zendesk.grouped(SALES))
    assert world.changes == ["create"]


def test_without_routes_a_group_moves_nothing() -> None:
    world = opened(Policy(), group_id=SALES)
    world.hear(*world.zendesk.grouped(BILLING))
    world.command("resync")
    world.rest()
    assert world.changes == ["create"]


def test_a_task_moved_by_hand_stays_until_its_route_changes() -> None:
    world = opened(group_id=BILLING)
    world.task.tasklist_id = 4711
    world.hear(*world.zendesk.renamed("Other"), *world.zendesk.solved())
    assert world.task.tasklist_id == 4711
    world.hear(*world.zendesk.tagged("vip"))
    assert world.task.tasklist_id == VIP_LIST


def test_resync_puts_a_task_moved_by_hand_back_where_its_route_says() -> None:
    world = opened(group_id=BILLING)
    world.task.tasklist_id = 4711
    world.command("resync")
    world.rest()
    assert world.task.tasklist_id == BILLING_LIST


def test_routes_that_are_taken_away_leave_tasks_where_they_are() -> None:
    world = opened(group_id=BILLING)
    world.policy = Policy()
    world.hear(*world.zendesk.renamed("Other"))
    world.command("resync")
    world.rest()
    assert (world.changes, world.task.tasklist_id) == (["create", "rename"], BILLING_LIST)


def test_routes_that_are_set_later_move_a_task_once_its_group_was_read() -> None:
    """The state keeps no group that no rule asked for."""
    world = opened(Policy(), group_id=BILLING)
    world.policy = ROUTED
    world.later(hours=1)
    assert world.state.read is not None
    world.rest()
    assert (world.changes, world.task.tasklist_id) == (["create", "move"], BILLING_LIST)


def test_a_task_that_fits_no_route_is_not_moved_when_routes_are_set_later() -> None:
    world = opened(Policy(), group_id=SALES)
    world.task.tasklist_id = 4711
    world.policy = ROUTED
    world.later(hours=1)
    world.rest()
    assert (world.changes, world.task.tasklist_id) == (["create"], 4711)


def test_a_completed_task_moves_too() -> None:
    world = opened(group_id=SALES)
    world.hear(*world.zendesk.solved())
    world.hear(*world.zendesk.grouped(BILLING))
    assert (world.task.standing, world.task.tasklist_id) == ("completed", BILLING_LIST)


def test_a_restored_task_is_moved_to_where_its_ticket_belongs_by_now() -> None:
    world = opened(group_id=SALES)
    world.hear(*world.zendesk.soft_deleted())
    world.rest()
    world.zendesk.deleted = None
    world.zendesk.snapshot = world.zendesk.snapshot.model_copy(update={"group_id": BILLING})
    world.hear(*world.zendesk.undeleted())
    assert world.changes == ["create", "delete", "restore", "move"]
    assert world.task.tasklist_id == BILLING_LIST


# --- a list that is not there


def test_a_route_to_a_list_that_is_not_there_holds_up_nothing_else() -> None:
    world = World(ROUTED)
    world.teamwork.missing_lists = {BILLING_LIST}
    world.hear(*world.zendesk.created(group_id=BILLING, assignee=ANN))
    assert (world.task.tasklist_id, world.task.assignee_id) == (OWN_LIST, 201)
    assert (world.state.trouble and world.state.trouble.code) == "tasklist_unknown"
    world.hear(*world.zendesk.renamed("Other"), *world.zendesk.solved())
    assert (world.task.title, world.task.standing) == ("Other", "completed")


def test_a_list_that_comes_back_gets_its_task_at_the_next_slow_try() -> None:
    world = World(ROUTED)
    world.teamwork.missing_lists = {BILLING_LIST}
    world.hear(*world.zendesk.created(group_id=BILLING))
    world.teamwork.missing_lists = set()
    world.later(minutes=1)
    assert world.task.tasklist_id == OWN_LIST
    world.later(minutes=15)
    assert world.task.tasklist_id == BILLING_LIST
    assert world.state.trouble is None


# --- lost answers and lost lives


@pytest.mark.parametrize("fate", ["landed", "not landed"])
def test_a_move_whose_answer_was_lost_is_made_once_more(fate: str) -> None:
    world = opened()
    world.teamwork.lose.append(fate)  # type: ignore[arg-type]
    world.hear(*world.zendesk.grouped(BILLING))
    world.rest()
    assert (world.changes, world.task.tasklist_id) == (["create", "move", "move"], BILLING_LIST)
    assert world.state.task.uncertain == ()


def test_a_move_that_may_have_landed_is_taken_back_when_its_group_comes_back() -> None:
    world = opened(group_id=SALES)
    world.teamwork.lose.append("landed")
    world.hear(*world.zendesk.grouped(BILLING))
    assert world.task.tasklist_id == BILLING_LIST
    world.hear(*world.zendesk.grouped(SALES))
    assert (world.changes, world.task.tasklist_id) == (["create", "move", "move"], OWN_LIST)


def test_a_run_that_finds_its_task_by_marker_puts_its_list_right() -> None:
    world = opened(group_id=SALES)
    world.new_run(EarlierLife(may_be_creating=True))
    world.hear(*world.zendesk.grouped(BILLING))
    world.rest()
    assert len(world.teamwork.tasks) == 1
    assert world.task.tasklist_id == BILLING_LIST


# --- how routes are written


@pytest.mark.parametrize("route", ["tag:a:b=7", "TAG".lower() + ": Vip = 7", "group:5=7", "brand:5=7", "form:5=7"])
def test_routes_that_can_be_read(route: str) -> None:
    assert Policy(routes=(route,)).routes == (route,)


NO_ROUTES = """
    5=7 group=7 group:5 group:5= group:billing=7 group:0=7 group:5=0 organization:5=7 group:5=Billing tag:=7
    group:9223372036854775808=7 group:5=9223372036854775808 group:\uff15=7
""".split()  # noqa: SIM905 - they read better as text


@pytest.mark.parametrize("route", ["", "tag:a b=7", *NO_ROUTES])
def test_a_route_that_cannot_work_is_refused_when_it_is_set(route: str) -> None:
    with pytest.raises(ValidationError, match="route"):
        Policy(routes=(route,))
