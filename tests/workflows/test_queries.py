"""Looking at tickets never harms them: see `ticketsync/activations.py`."""

import asyncio
from functools import partial
from typing import Any

from temporalio.client import WorkflowHandle

from tests.support.stack import Stack
from tests.support.tickets import Ticket
from tests.support.wait import eventually
from tests.workflows.recorded import replayer, runs_of


async def test_tickets_that_are_looked_at_while_they_change_can_be_replayed(stack: Stack) -> None:
    tickets = [Ticket() for _ in range(6)]
    looking = [asyncio.create_task(_look_without_a_pause(stack, ticket)) for ticket in tickets]
    await asyncio.gather(*(_change(stack, ticket) for ticket in tickets))
    for look in looking:
        look.cancel()
    for ticket in tickets:
        await stack.settled(ticket.id)
        for run in await runs_of(stack.client, stack.ticket(ticket.id)):
            await replayer().replay_workflow(run)


async def _look_without_a_pause(stack: Stack, ticket: Ticket) -> None:
    while True:
        await stack.status(ticket.id)


async def _change(stack: Stack, ticket: Ticket) -> None:
    """Each change comes when the one before it has reached the workflow, and mostly while its step is under way."""
    workflow, known = await stack.signal(ticket.created()), 0
    for number in range(12):
        known = await eventually(partial(_grown, workflow, known), what="the workflow has begun to decide")
        await stack.signal(ticket.renamed(f"Title {number}"))


async def _grown(workflow: WorkflowHandle[Any, Any], known: int) -> int | None:
    length = (await workflow.describe()).history_length
    return length if length > known + 3 else None
