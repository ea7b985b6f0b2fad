"""Routes, priorities and tags through the whole stack: one call for a create, one step for each later change."""

from collections.abc import AsyncIterator

import pytest

from tests.support.stack import QUICK, TASK_LIST, Stack, running_stack, working
from tests.support.tickets import ANN, Ticket
from tests.support.wait import eventually
from tests.sync.zendesk import leaving_out
from tests.workflows.recorded import at_rest, kinds, out_of_the_burst
from ticketsync.embedded import EmbeddedRedis, EmbeddedTemporal
from ticketsync.sandbox.faults import Fault, FaultMatch
from ticketsync.sync.policy import Policy
from ticketsync.tickets import command_ticket

SALES, BILLING, NOWHERE = 36, 37, 38
GONE = 77


def labelled(billing: int) -> Policy:
    rules = {
        "routes": (f"group:{BILLING}={billing}", f"group:{NOWHERE}={GONE}"),
        "task_priorities": ("urgent=high", "low=low"),
        "task_tags": ("*=Zendesk", "vip=Important"),
    }
    return QUICK.model_copy(update=rules)


@pytest.fixture(scope="module")
async def routed(temporal_server: EmbeddedTemporal, redis_server: EmbeddedRedis) -> AsyncIterator[tuple[Stack, int]]:
    """A desk with routes, priorities and tags, and the task list of the group for billing."""
    async with running_stack(temporal_server.address, redis_server.port, work=False) as stack:
        billing = await stack.new_list("Billing")
        desk = stack.desk_settings
        stack.settings.desks[stack.desk] = desk.model_copy(update={"policy": labelled(billing)})
        async with working(stack):
            yield stack, billing


async def test_a_create_with_everything_is_one_call_and_13_events(routed: tuple[Stack, int]) -> None:
    stack, billing = routed
    ticket = Ticket(submitter_id=ANN, group_id=BILLING, priority="urgent", tags=("vip",))
    before = len(stack.teamwork.faults.writes(""))
    history = await at_rest(await stack.signal(ticket.created()), signals=1)
    assert len(history.events) <= 13, kinds(history.events)
    (task_id,) = await stack.tasks_of(ticket.id)
    assert await stack.shows(task_id, tasklistId=billing, priority="high")
    assert await stack.tags(task_id) == {"Zendesk", "Important"}
    assert len(stack.teamwork.faults.writes("")) == before + 1


async def test_a_changed_group_moves_the_task_in_11_events(routed: tuple[Stack, int]) -> None:
    stack, billing = routed
    ticket = Ticket(group_id=SALES)
    task_id = await stack.with_task(ticket)
    assert await stack.shows(task_id, tasklistId=TASK_LIST)
    history = await at_rest(stack.ticket(ticket.id), signals=1)
    await out_of_the_burst(history)
    workflow = await stack.signal(ticket.changed("group_assignment_changed", group_id=BILLING))
    await eventually(lambda: stack.shows(task_id, tasklistId=billing), what="the task is moved")
    moved = (await at_rest(workflow, signals=2)).events[len(history.events) :]
    assert len(moved) <= 11, kinds(moved)
    assert stack.writes(rf"/{task_id}\.json") == 1


async def test_changed_labels_update_the_task_in_11_events_and_leave_peoples_tags(routed: tuple[Stack, int]) -> None:
    stack, _ = routed
    ticket = Ticket(priority="low", tags=("vip",))
    task_id = await stack.with_task(ticket)
    path = f"/tasks/{task_id}/tags.json"
    await stack.teamwork_http.put(path, json={"tags": {"content": "Ann's own"}}, auth=("twp_ann", "x"))
    history = await at_rest(stack.ticket(ticket.id), signals=1)
    await out_of_the_burst(history)
    workflow = await stack.signal(ticket.changed("priority_changed", priority="urgent", tags=("checkout",)))
    await eventually(lambda: stack.shows(task_id, priority="high"), what="the task is updated")
    updated = (await at_rest(workflow, signals=2)).events[len(history.events) :]
    assert await stack.tags(task_id) == {"Zendesk", "Ann's own"}
    assert len(updated) <= 11, kinds(updated)


async def test_an_event_that_leaves_out_the_group_has_the_ticket_read(routed: tuple[Stack, int]) -> None:
    stack, billing = routed
    ticket = Ticket(group_id=BILLING, priority="urgent")
    task_id = await stack.with_task(ticket)
    renamed = ticket.renamed("Other")
    await stack.put_in_zendesk(ticket)
    await stack.signal(leaving_out(renamed, "group_id", "priority"))
    await eventually(lambda: stack.shows(task_id, name="Other"), what="the ticket is read")
    await stack.settled(ticket.id)
    assert await stack.shows(task_id, tasklistId=billing, priority="high")


async def test_a_route_to_nowhere_blocks_the_move_alone_until_the_list_is_there(routed: tuple[Stack, int]) -> None:
    stack, billing = routed
    ticket = Ticket(group_id=NOWHERE, priority="urgent", assignee_id=ANN)
    await stack.signal(ticket.created())
    status = await stack.settled(ticket.id, "blocked")
    assert (status["reason"], status["task"]["tasklist_id"]) == ("tasklist_unknown", 0)
    (task_id,) = await stack.tasks_of(ticket.id)
    await eventually(lambda: stack.shows(task_id, tasklistId=TASK_LIST, priority="high"), what="all else is done")
    await stack.signal(ticket.status("solved"))
    await eventually(lambda: stack.shows(task_id, status="completed"), what="the task goes on")
    await stack.signal(ticket.changed("group_assignment_changed", group_id=BILLING))
    await stack.settled(ticket.id)
    assert await stack.shows(task_id, tasklistId=billing)


async def test_a_tag_that_is_refused_is_put_on_when_an_operator_has_it_tried_again(routed: tuple[Stack, int]) -> None:
    stack, _ = routed
    ticket = Ticket()
    task_id = await stack.with_task(ticket)
    fault = Fault(kind="error", status=403, match=FaultMatch(method="PUT", path=rf"/tasks/{task_id}/tags\.json"))
    stack.teamwork.faults.add(fault)
    await stack.signal(ticket.changed("tags_changed", tags=("vip",)))
    assert (await stack.settled(ticket.id, "blocked"))["reason"] == "forbidden"
    stack.teamwork.faults.clear()
    await command_ticket(stack.client, stack.desk, ticket.id, "retry")
    await stack.settled(ticket.id)
    assert await stack.tags(task_id) == {"Zendesk", "Important"}


async def test_of_a_move_and_an_update_that_are_blocked_at_once_neither_hides_the_other(
    routed: tuple[Stack, int],
) -> None:
    stack, _ = routed
    stack.teamwork.faults.add(Fault(kind="error", status=403, match=FaultMatch(method="PUT", path=r"/tags\.json")))
    ticket = Ticket(group_id=NOWHERE)
    await stack.signal(ticket.created())

    async def both() -> bool:
        status = await stack.status(ticket.id)
        troubles = [status.get("trouble"), *status.get("other_troubles", ())]
        told = [(trouble["what"], trouble["code"]) for trouble in troubles if trouble is not None]
        return told == [("move", "tasklist_unknown"), ("update", "forbidden")]

    await eventually(both, what="both are blocked")
    assert (await stack.status(ticket.id))["reason"] == "tasklist_unknown"
    stack.teamwork.faults.clear()
    await command_ticket(stack.client, stack.desk, ticket.id, "retry")
    (task_id,) = await stack.tasks_of(ticket.id)
    await eventually(lambda: _has_tags(stack, task_id, {"Zendesk"}), what="what can be done is done")
    assert (await stack.settled(ticket.id, "blocked"))["reason"] == "tasklist_unknown"


async def _has_tags(stack: Stack, task_id: int, names: set[str]) -> bool:
    return await stack.tags(task_id) == names
