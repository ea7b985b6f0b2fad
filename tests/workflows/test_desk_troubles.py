"""What holds up a whole desk is over for all of its tickets at once, and heals by itself where it can."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from tests.support.stack import PERSON_ANN, Stack, running_stack
from tests.support.tickets import CLEO, Ticket
from tests.support.wait import eventually
from ticketsync import names
from ticketsync.embedded import EmbeddedRedis, EmbeddedTemporal
from ticketsync.hints import Hints
from ticketsync.sandbox.faults import Fault, FaultMatch
from ticketsync.sync.desk import DeskTrouble, Mapping

MINUTES = timedelta(minutes=3)


@pytest.fixture(scope="module")
async def stack(temporal_server: EmbeddedTemporal, redis_server: EmbeddedRedis) -> AsyncIterator[Stack]:
    """A desk whose list is found or made by ourselves."""
    async with running_stack(temporal_server.address, redis_server.port, tasklist_id=None) as stack:
        yield stack


async def test_a_task_list_that_somebody_deleted_is_made_again(stack: Stack) -> None:
    old_list = (await stack.desk_state())["tasklist_id"]
    await stack.teamwork_http.delete(f"/tasklists/{old_list}.json")
    ticket = Ticket()
    await stack.signal(ticket.created())
    assert (await stack.settled(ticket.id, "blocked"))["reason"] == "tasklist_gone"
    await eventually(lambda: _knows_its_trouble(stack), what="the desk knows")
    await stack.skip(stack.desk_workflow, MINUTES)
    task_id = (await stack.settled(ticket.id))["task"]["id"]
    assert (await stack.desk_state())["tasklist_id"] != old_list
    assert await stack.tasks_of(ticket.id) == [task_id]


async def test_a_healed_desk_wakes_tickets_that_met_another_trouble_than_the_desk_itself(stack: Stack) -> None:
    ticket = Ticket()
    task_id = await stack.with_task(ticket)
    stack.teamwork.faults.add(Fault(kind="unauthorized", match=FaultMatch(method="PATCH")))
    await stack.desk_workflow.signal(names.DESK_TROUBLE, DeskTrouble(side="teamwork", code="project_unreachable"))
    await stack.signal(ticket.renamed("B"))
    await stack.settled(ticket.id, "blocked")
    stack.teamwork.faults.clear()
    await stack.skip(stack.desk_workflow, MINUTES)
    await eventually(lambda: stack.shows(task_id, name="B"), what="the ticket was woken")


async def test_a_new_mapping_reaches_the_ticket_that_its_agent_opened(stack: Stack) -> None:
    ticket = Ticket(submitter_id=CLEO)
    task_id = await stack.with_task(ticket)
    await stack.desk_workflow.execute_update("add_user", Mapping(agent_id=CLEO, person_id=PERSON_ANN))
    await eventually(lambda: stack.shows(task_id, assigneeUserIds=[PERSON_ANN]), what="the opener has it")


async def test_a_hint_that_leads_to_a_strangers_task_is_not_believed(stack: Stack) -> None:
    tasklist_id = (await stack.desk_state())["tasklist_id"]
    made = await stack.teamwork_http.post(
        f"/projects/api/v3/tasklists/{tasklist_id}/tasks.json", json={"task": {"name": "Somebody else's"}}
    )
    strangers = int(made.json()["task"]["id"])
    ticket = Ticket()
    await Hints(stack.redis).put(stack.desk, {ticket.id: strangers})
    await stack.signal(ticket.created())
    status = await stack.settled(ticket.id)
    assert await stack.tasks_of(ticket.id) == [status["task"]["id"]]
    assert await stack.shows(strangers, name="Somebody else's")


async def _knows_its_trouble(stack: Stack) -> bool:
    return bool((await stack.desk_state())["troubles"])
