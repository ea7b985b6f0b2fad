"""A worker that stops: what it is given just then is not lost with it, for the half minute until somebody asks."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from tests.support.stack import running_stack, working
from tests.support.tickets import Ticket
from tests.workflows.recorded import kinds
from ticketsync import worker
from ticketsync.embedded import EmbeddedRedis, EmbeddedTemporal


@pytest.fixture
def waits_for_a_last_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a worker outside of the tests does, which otherwise end at once; longer, for a busy machine."""
    monkeypatch.setenv(worker.LAST_ANSWER[0], "3000")


@pytest.mark.usefixtures("waits_for_a_last_answer")
async def test_a_change_that_comes_in_while_it_stops_is_on_the_task_when_it_has_stopped(
    temporal_server: EmbeddedTemporal, redis_server: EmbeddedRedis
) -> None:
    async with running_stack(temporal_server.address, redis_server.port, work=False) as stack:
        ticket, works = Ticket(), AsyncExitStack()
        await works.enter_async_context(working(stack))
        task_id = await stack.with_task(ticket)
        stops = asyncio.create_task(works.aclose())
        workflow = await stack.signal(ticket.renamed("Just in time"))
        await stops
        assert await stack.shows(task_id, name="Just in time")
        assert kinds((await workflow.fetch_history()).events)[-1] == "workflow_task_completed"
