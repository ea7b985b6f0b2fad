"""What was stored while no worker was there: who comes now does not wait behind all of it."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.conftest import SEARCH_ATTRIBUTES
from tests.support.queues import IN_ONE_PART, ahead_of
from tests.support.stack import Stack, running_stack, working
from tests.support.tickets import Ticket
from tests.support.wait import eventually
from ticketsync import tickets as module
from ticketsync.embedded import FAIR_QUEUES, EmbeddedRedis, Say, temporal_server

STORED, NOW = 120, 5
UNDER_WAY = 40  # one of the stored for each that comes now, and what is fetched ahead


@pytest.fixture
async def stack(say: Say, redis_server: EmbeddedRedis) -> AsyncIterator[Stack]:
    """On a server with fair queues, and without a worker."""
    config = FAIR_QUEUES | IN_ONE_PART
    async with (
        temporal_server(say=say, port=0, dynamic_config=config, search_attributes=SEARCH_ATTRIBUTES) as server,
        running_stack(server.address, redis_server.port, work=False) as stack,
    ):
        yield stack


async def test_a_new_ticket_does_not_wait_behind_all_that_was_stored_while_no_worker_was_there(stack: Stack) -> None:
    stored, now = [Ticket() for _ in range(STORED)], [Ticket() for _ in range(NOW)]
    await asyncio.gather(*(stack.signal(ticket.created()) for ticket in stored))
    lane = module._lane()
    await eventually(lambda: module._lane() != lane, what="the next five seconds have begun")
    await asyncio.gather(*(stack.signal(ticket.created()) for ticket in now))
    async with working(stack):
        await asyncio.gather(*(stack.settled(ticket.id) for ticket in [*stored, *now]))
    begun_now, begun_stored = [[await _begun(stack, ticket) for ticket in some] for some in (now, stored)]
    assert ahead_of(begun_now, begun_stored) <= UNDER_WAY


async def _begun(stack: Stack, ticket: Ticket) -> float:
    """When a worker was given its first task."""
    events = (await stack.ticket(ticket.id).fetch_history()).events
    return next(
        event.event_time.ToNanoseconds() / 1e9
        for event in events
        if event.HasField("workflow_task_started_event_attributes")
    )
