"""How many tickets a worker keeps in memory: no more than it may, and it follows all others as well."""

import asyncio
from dataclasses import replace

import httpx
from prometheus_client.parser import text_string_to_metric_families

from tests.support.stack import connected, running_stack, working
from tests.support.tickets import Ticket
from tests.support.wait import eventually
from ticketsync.embedded import EmbeddedRedis, EmbeddedTemporal, free_port
from ticketsync.temporal import build_runtime

FEWEST = 100  # that can be set


async def test_what_it_has_no_room_for_is_read_back_when_it_changes(
    temporal_server: EmbeddedTemporal, redis_server: EmbeddedRedis
) -> None:
    address = f"127.0.0.1:{free_port(0)}"
    runtime = build_runtime(address)
    async with running_stack(temporal_server.address, redis_server.port, work=False) as stack:
        client = await connected(temporal_server.address, runtime=runtime)
        settings = stack.settings.model_copy(update={"worker_tickets": FEWEST})
        async with working(replace(stack, client=client, settings=settings)):
            tickets = [Ticket() for _ in range(FEWEST + 20)]
            tasks = await asyncio.gather(*(stack.with_task(ticket) for ticket in tickets))
            await eventually(lambda: _keeps(address, FEWEST), what="it keeps as many as it may")
            first, its_task = tickets[0], tasks[0]
            await stack.signal(first.renamed("Read back"))
            await eventually(lambda: stack.shows(its_task, name="Read back"), what="the first of them is followed")
            assert await _kept(address) <= FEWEST


async def _keeps(address: str, number: int) -> bool:
    return await _kept(address) == number


async def _kept(address: str) -> int:
    """How many workflows are in memory, by the metrics at this address; one less for a moment while one makes way."""
    async with httpx.AsyncClient() as http:
        families = text_string_to_metric_families((await http.get(f"http://{address}/metrics")).text)
    samples = [sample for family in families for sample in family.samples]
    return int(sum(one.value for one in samples if one.name == "temporal_sticky_cache_size"))
