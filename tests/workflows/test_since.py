"""Since when a ticket stands as it does: `TicketsyncSince` moves with state and reason, and with nothing else."""

from datetime import UTC, datetime, timedelta

from temporalio.client import WorkflowHandle

from tests.support.stack import PERSON_ANN, Stack
from tests.support.tickets import ANN, Ticket
from tests.support.wait import eventually
from tests.workflows.scenarios import fail_writes
from ticketsync import names
from ticketsync.tickets import command_ticket


async def _since(workflow: WorkflowHandle[object, object]) -> datetime | None:
    stored = (await workflow.describe()).typed_search_attributes.get(names.SINCE)
    return datetime.fromisoformat(stored) if stored else None


async def _stored_as(workflow: WorkflowHandle[object, object], state: str) -> bool:
    return (await workflow.describe()).typed_search_attributes.get(names.SYNC_STATE) == state


async def _another_second(moment: datetime | None) -> None:
    """Let the clock go on, so that a moment that is put down anew is another one."""
    assert moment is not None
    await eventually(lambda: datetime.now(UTC) >= moment + timedelta(seconds=1), what="a second is over")


async def test_a_ticket_says_since_when_it_is_blocked_however_often_it_is_tried(stack: Stack) -> None:
    ticket = Ticket()
    task_id = await stack.with_task(ticket)
    workflow = stack.ticket(ticket.id)
    await eventually(lambda: _stored_as(workflow, "in_step"), what="it is in step")
    in_step = await _since(workflow)
    await _another_second(in_step)
    fail_writes(stack, task_id, status=403)
    await stack.signal(ticket.renamed("B"))
    await eventually(lambda: _stored_as(workflow, "blocked"), what="it is blocked")
    blocked = await _since(workflow)
    assert in_step != blocked
    await _another_second(blocked)
    await command_ticket(stack.client, stack.desk, ticket.id, "retry")
    await eventually(lambda: _blocked_twice(stack, ticket), what="it was tried in vain")
    assert await _since(workflow) == blocked
    stack.teamwork.faults.clear()


async def test_a_change_that_leaves_the_state_alone_leaves_the_moment_alone(stack: Stack) -> None:
    ticket = Ticket()
    task_id = await stack.with_task(ticket)
    workflow = stack.ticket(ticket.id)
    await eventually(lambda: _stored_as(workflow, "in_step"), what="it is in step")
    before = await _since(workflow)
    await _another_second(before)
    await stack.signal(ticket.assigned(ANN))
    await eventually(lambda: stack.shows(task_id, assigneeUserIds=[PERSON_ANN]), what="it is reassigned")
    await stack.settled(ticket.id)
    assert await _since(workflow) == before


async def _blocked_twice(stack: Stack, ticket: Ticket) -> bool:
    status = await stack.status(ticket.id)
    return [line["code"] for line in status.get("journal", ())].count("blocked") == 2
