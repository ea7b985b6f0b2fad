"""A ticket's workflow continues as new without losing an event or doing anything twice."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial

import pytest

from tests.conftest import SEARCH_ATTRIBUTES, TIME_SKIPPING
from tests.support.stack import Stack, running_stack
from tests.support.tickets import Ticket
from tests.support.wait import eventually
from ticketsync.embedded import EmbeddedRedis, Say, find_temporal, temporal_server
from ticketsync.sandbox.faults import Fault, FaultMatch

SUGGEST_AT_50 = TIME_SKIPPING | {"limit.historyCount.suggestContinueAsNew": "50"}


@pytest.fixture(scope="module")
async def stack(say: Say, redis_server: EmbeddedRedis) -> AsyncIterator[Stack]:
    """On a server that suggests continue-as-new at 50 events."""
    binary = await find_temporal(say)
    async with (
        temporal_server(
            say=say, binary=binary, port=0, dynamic_config=SUGGEST_AT_50, search_attributes=SEARCH_ATTRIBUTES
        ) as server,
        running_stack(server.address, redis_server.port) as stack,
    ):
        yield stack


async def test_no_event_is_lost_over_many_runs(stack: Stack) -> None:
    ticket = Ticket()
    created = ticket.created()
    changes = [ticket.renamed(f"Title {number}") for number in range(100)]
    await stack.put_in_zendesk(ticket)  # events that are still in the inbox then are made up for by reading the ticket
    first = await stack.signal(created)
    first_run = (await first.describe()).run_id
    for batch in range(0, 100, 5):
        await asyncio.gather(*(stack.signal(change) for change in changes[batch : batch + 5]))
    await eventually(lambda: _has_title(stack, ticket.id, "Title 99"), what="the last title is on the task")
    status = await stack.settled(ticket.id)
    assert (await stack.ticket(ticket.id).describe()).run_id != first_run
    assert await stack.tasks_of(ticket.id) == [status["task"]["id"]]


async def test_a_retrying_step_is_carried_over_with_its_age(stack: Stack) -> None:
    ticket = Ticket()
    task_id = await stack.with_task(ticket)
    stack.teamwork.faults.add(
        Fault(kind="error", match=FaultMatch(method="P(ATCH|UT)", path=rf".*/{task_id}\.json"), status=503)
    )
    await stack.signal(ticket.renamed("B"))
    since = (await stack.settled(ticket.id, "retrying"))["trouble"]["since"]
    run = (await stack.ticket(ticket.id).describe()).run_id
    for number in range(12):
        change = ticket.changed("tags_changed", priority=f"p{number}")
        await stack.signal(change)
        await eventually(partial(_folded, stack, ticket.id, change.id), what="the event is decided")
    assert (await stack.ticket(ticket.id).describe()).run_id != run
    status = await stack.settled(ticket.id, "retrying")
    assert status["trouble"]["since"] == since
    stack.teamwork.faults.clear()
    await stack.skip(stack.ticket(ticket.id), timedelta(minutes=15))
    await eventually(lambda: _has_title(stack, ticket.id, "B"), what="the title is on the task")


async def test_a_settle_window_goes_on_in_the_next_run(stack: Stack) -> None:
    ticket = Ticket()
    task_id = await stack.with_task(ticket)
    await stack.signal(ticket.changed("soft_deleted"))
    await asyncio.gather(*(stack.signal(ticket.changed("tags_changed")) for _ in range(60)))
    await stack.settled(ticket.id, "ended")
    assert await stack.task(task_id) is None


async def _has_title(stack: Stack, ticket_id: int, title: str | None) -> bool:
    status = await stack.status(ticket_id)
    task = await stack.task(status["task"]["id"]) if status.get("task", {}).get("id") else None
    return task is not None and task["name"] == title


async def _folded(stack: Stack, ticket_id: int, event_id: str) -> bool:
    status = await stack.status(ticket_id)
    return any(line["event_id"] == event_id for line in status.get("journal", ()))
