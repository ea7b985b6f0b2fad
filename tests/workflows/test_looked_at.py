"""Looking at a ticket while it is at work changes nothing in its history: it replays all the same."""

import asyncio

from temporalio.worker import Replayer

from tests.support.stack import Stack
from tests.support.tickets import Ticket
from tests.support.wait import eventually
from ticketsync.temporal import data_converter
from ticketsync.worker import WORKFLOWS


async def test_a_ticket_that_is_looked_at_without_a_pause_replays(stack: Stack) -> None:
    ticket = Ticket()
    await stack.signal(ticket.created())
    task_id = (await stack.settled(ticket.id))["task"]["id"]
    looking = [asyncio.create_task(_look(stack, ticket.id)) for _ in range(4)]
    for number in range(25):
        await stack.signal(ticket.renamed(f"Title {number}"))
    await eventually(lambda: _has_title(stack, task_id, "Title 24"), deadline=30, what="the last title is on the task")
    for task in looking:
        task.cancel()
    await asyncio.gather(*looking, return_exceptions=True)
    history = await stack.ticket(ticket.id).fetch_history()
    await Replayer(workflows=WORKFLOWS, data_converter=data_converter()).replay_workflow(history)


async def _look(stack: Stack, ticket_id: int) -> None:
    while True:
        await stack.status(ticket_id)


async def _has_title(stack: Stack, task_id: int, title: str) -> bool:
    task = await stack.task(task_id)
    return task is not None and task["name"] == title
