"""What a storm does to the service while tickets change: bad answers, lost webhooks, killed workers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from random import Random

from tests.storms.programs import Program
from tests.storms.world import World
from tests.support.wait import eventually
from ticketsync.sandbox.faults import Fault, FaultMatch
from ticketsync.sandbox.zendesk.invocation import DeliveryRule

CALLS_BETWEEN_KILLS = 30
BURST = 10
MANY = 1_000
LATE_SECONDS = (2.0, 6.0, 12.0, 20.0)  # a client gives up after ten
CREATE = FaultMatch(method="POST", path=r"/tasks\.json$")


def bad_answers(world: World) -> None:
    """Teamwork: 5 % of creates are answered by nothing, 10 % of calls by 5xx, some 20 s late; Zendesk: 5 % 5xx."""
    faults = world.teamwork.faults
    faults.add(Fault(kind="lost_answer", match=CREATE, probability=0.05))
    faults.add(Fault(kind="error", status=503, probability=0.07))
    faults.add(Fault(kind="error", status=500, probability=0.03))
    for seconds in LATE_SECONDS:
        faults.add(Fault(kind="slow", seconds=seconds, probability=0.005))
    world.zendesk.faults.add(Fault(kind="error", match=FaultMatch(method="GET"), probability=0.05))


def bad_deliveries(world: World, *, dropped: float, seconds: float = 30) -> None:
    """Each delivery once to five times, each within so many seconds; this part of the events never."""
    rules = world.zendesk.deliveries.rules
    if dropped:
        rules.append(DeliveryRule(kind="drop", probability=dropped))
        rules.append(DeliveryRule(kind="drop", event_type="undeleted|merged", probability=2 * dropped))
    rules.extend(DeliveryRule(kind="duplicate", probability=0.5) for _ in range(4))
    rules.append(DeliveryRule(kind="reorder", seconds=seconds))


def burst_of_429(world: World) -> None:
    """The next calls are refused; the site asks for two seconds of rest."""
    world.teamwork.faults.add(Fault(kind="rate_limited", seconds=2, times=BURST))


def over(world: World) -> None:
    """The weather clears. Deliveries that are on their way stay as they are."""
    world.teamwork.faults.clear()
    world.zendesk.faults.clear()
    world.zendesk.deliveries.rules.clear()


@asynccontextmanager
async def workers_killed(
    world: World, random: Random, *, times: int = MANY, bursts: bool = True
) -> AsyncIterator[None]:
    """As long as the block lasts, one of the workers is killed every so many calls, and started again.

    `times` at most; `bursts`: with each kill Teamwork refuses some calls by 429.
    """
    killing = asyncio.create_task(_keep_killing(world, random, times, bursts=bursts))
    try:
        yield
    finally:
        killing.cancel()
        await asyncio.gather(killing, return_exceptions=True)
        await asyncio.gather(*(program.start() for program in world.workers if not program.running))


async def _keep_killing(world: World, random: Random, times: int, *, bursts: bool) -> None:
    for _ in range(times):
        victim: Program = random.choice(world.workers)
        enough = len(world.teamwork.faults.calls) + CALLS_BETWEEN_KILLS
        await eventually(partial(_called, world, enough), deadline=600)
        await victim.kill()
        if bursts:
            burst_of_429(world)
        await victim.start()


def _called(world: World, times: int) -> bool:
    return len(world.teamwork.faults.calls) >= times
