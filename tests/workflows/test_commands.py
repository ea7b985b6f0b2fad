"""What a ticket answers to an operator's command."""

from tests.support.stack import Stack
from tests.support.tickets import Ticket
from tests.workflows.scenarios import fail_writes
from ticketsync.tickets import command_ticket


async def test_a_retry_says_whether_there_was_anything_to_retry(stack: Stack) -> None:
    ticket = Ticket()
    task_id = await stack.with_task(ticket)
    assert await command_ticket(stack.client, stack.desk, ticket.id, "retry") == "nothing_to_retry"
    fail_writes(stack, task_id, status=422)
    await stack.signal(ticket.renamed("Refused"))
    await stack.settled(ticket.id, "blocked")
    stack.teamwork.faults.clear()
    assert await command_ticket(stack.client, stack.desk, ticket.id, "retry", args=[True]) == "queued"
    assert (await stack.settled(ticket.id))["task"]["title"] == "Refused"
