"""A desk on which nobody works but the tests of a file: each takes a ticket of its own."""

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.activities.bench import Bench, bench_of, publish
from tests.support.stack import Stack, running_stack
from ticketsync.embedded import EmbeddedRedis, EmbeddedTemporal
from ticketsync.sandbox.teamwork import Switches


@pytest.fixture(scope="module")
async def quiet_stack(temporal_server: EmbeddedTemporal, redis_server: EmbeddedRedis) -> AsyncIterator[Stack]:
    async with running_stack(temporal_server.address, redis_server.port, work=False) as stack:
        await publish(stack)
        yield stack


@pytest.fixture(scope="module")
async def shared_bench(quiet_stack: Stack) -> AsyncIterator[Bench]:
    async with bench_of(quiet_stack) as bench:
        yield bench


@pytest.fixture
def bench(shared_bench: Bench) -> Iterator[Bench]:
    """The bench as it was: without faults, all switches in their first position."""
    shared_bench.said.clear()
    yield shared_bench
    teamwork = shared_bench.stack.teamwork
    teamwork.faults.clear()
    for switch, position in Switches(calls_per_minute=teamwork.switches.calls_per_minute):
        setattr(teamwork.switches, switch, position)
