"""Workers that make the calls of some desks only: which desks are whose, and that all of them decide for all."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from structlog.testing import capture_logs
from temporalio.api.enums.v1 import PendingActivityState

from tests.support.stack import ChangedByHand, Stack, _desks_stand, connected, running_stack, working
from tests.support.tickets import Ticket
from tests.support.wait import eventually
from tests.test_worker import _pending
from ticketsync.embedded import EmbeddedRedis, EmbeddedTemporal
from ticketsync.settings import Settings
from ticketsync.worker import run_worker


@asynccontextmanager
async def worker_of(stack: Stack, *desks: str, knows: Settings | None = None) -> AsyncIterator[ChangedByHand]:
    """A worker that makes the calls of these desks; given is how to tell it of changed settings.

    It has a client of its own: two workers of one client may not have the same queue.
    """
    settings = (knows or stack.settings).model_copy(update={"worker_desks": desks})
    client = await connected(stack.client.service_client.config.target_host)
    stop, watch = asyncio.Event(), ChangedByHand(settings)
    working = asyncio.create_task(run_worker(settings, client, stack.redis, stop, watch))
    try:
        yield watch
    finally:
        stop.set()
        await working


async def test_each_of_two_workers_makes_the_calls_of_its_desk_and_decides_for_both(
    temporal_server: EmbeddedTemporal, redis_server: EmbeddedRedis
) -> None:
    async with running_stack(temporal_server.address, redis_server.port, desks=2, work=False) as stack:
        first, second = (stack.of_desk(desk) for desk in stack.settings.desks)
        async with working(stack):
            pass  # both stand: they share a project, and who looks for its list must have a worker
        async with worker_of(first, first.desk):
            await second.signal((waiting := Ticket()).created())
            await eventually(lambda: _waits_for_a_worker(second, waiting), what="it is decided that it gets a task")
            await first.with_task(Ticket())
            assert await _waits_for_a_worker(second, waiting)
            async with worker_of(second, second.desk):
                await second.settled(waiting.id)
                assert len(await second.tasks_of(waiting.id)) == 1


async def test_a_desk_that_is_added_begins_at_the_worker_that_has_it(
    temporal_server: EmbeddedTemporal, redis_server: EmbeddedRedis
) -> None:
    async with running_stack(temporal_server.address, redis_server.port, desks=2, work=False) as stack:
        first, second = (stack.of_desk(desk) for desk in stack.settings.desks)
        alone = first.settings.model_copy(update={"desks": {first.desk: first.desk_settings}})
        with capture_logs() as logs:
            async with (
                worker_of(first, first.desk, knows=alone) as one,
                worker_of(first, second.desk, knows=alone) as other,
            ):
                await eventually(lambda: _desks_stand(_seen_alone(first, alone)), what="the first desk stands")
                for watch in (one, other):
                    await watch.change(stack.settings)
                await eventually(lambda: _desks_stand(stack), what="the second desk stands")
    warned = [line["desks"] for line in logs if line["event"].startswith("TICKETSYNC_WORKER_DESKS names desks")]
    assert warned == [[second.desk]]
    assert [line["desks"] for line in logs if line["event"] == "worker is running"] == [[first.desk], []]


def _seen_alone(stack: Stack, settings: Settings) -> Stack:
    return Stack(**{**vars(stack), "settings": settings})


async def _waits_for_a_worker(stack: Stack, ticket: Ticket) -> bool:
    """Its one step was never taken up by any."""
    states = [(step.state, step.attempt) for step in await _pending(stack, ticket)]
    return states == [(PendingActivityState.PENDING_ACTIVITY_STATE_SCHEDULED, 1)]
