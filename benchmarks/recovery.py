"""Question 5: how soon stored events are drained after an outage, and whether live ones wait meanwhile."""

import math
from collections.abc import Callable, Sequence

from benchmarks.delay import MANY_LOOKS
from benchmarks.figures import Figure, at_most, percentile, ratio_of
from benchmarks.floor_side import FloorWorker
from benchmarks.outage import LIVE_A_SECOND, Drained, OfTheFloor, Ours, Outages
from benchmarks.plan import Plan
from benchmarks.question import Question
from benchmarks.service import Service
from ticketsync.embedded import FAIR_QUEUES
from ticketsync.limiter import window_of

STORED = 2_000
STORED_IN_PAIRS = 300
QUOTA = 1_800  # calls a minute: fewer than Temporal and a worker bring about on two cores
OPEN = 150
LIMIT = 1.2
LIVE_LIMIT = 1_000

METHOD = f"""\
The outage is that of the worker (a deploy that hangs, a node that is lost): it is stopped, {STORED:,} new tickets come
in, and the server stores each of them in Temporal. Then the worker's process is started again. *Drained* counts from
the first call of Teamwork to the last one for a stored event; what comes before it is a row of its own.

*Quota* is what Teamwork's quota alone allows, raised to {QUOTA:,} calls a minute for this run: the calls that were made
in that time, those for live events too, at {window_of(QUOTA).calls} a second. That is one outage, and no pair; *floor*
beside its live events is an outage of the minimal workflow with as many stored, drained as fast as it can. For the
pairs the quota is out of the way (60,000 a minute) and an outage is shorter, {STORED_IN_PAIRS} tickets: *floor* is the
same outage of the minimal workflow's worker (see the whole way; it makes no HTTP call and looks nothing up), so what
Temporal and its SDK take on these cores. Temporal looks into its queue of tasks as often as for the whole way, and has
[`matching.enableFairness`](operations.md#what-temporal-needs): its queues serve their lanes in turn, one for each five
seconds in which tickets of ours began; the floor's are all in one.

*Live events* come in from the first call on, {LIVE_A_SECOND} a second until the last stored event is told, in turn a
new ticket and a new subject of a ticket that was open before the outage; their delay is that of the whole way. Those of
the floor are new workflows and signals of open ones: what Temporal's queue does to them, first come first served."""


async def measure(plan: Plan, service: Service) -> list[Figure]:
    port = await service.server()
    side = Ours(service, port, await service.worker())
    ours = Outages(side)
    floor = Outages(OfTheFloor(service, await FloorWorker.of(service)))
    for outages in (ours, floor):
        await outages.opens(OPEN)
    plan.say(f"recovery: draining {STORED_IN_PAIRS} stored events, again and again")
    pairs = await plan.pairs(lambda: floor.next(STORED_IN_PAIRS), lambda: ours.next(STORED_IN_PAIRS))
    plan.say(f"recovery: draining {STORED} stored events with a quota of {QUOTA} calls a minute")
    await side.worker.stop()
    side.worker = await service.worker("--teamwork-calls-per-minute", str(QUOTA))
    drained = await ours.next(STORED)
    plan.say(f"recovery: draining {STORED} of the floor's")
    return [*_under_quota(drained, await floor.next(STORED)), *_beside_floor(pairs)]


def allowed(calls: int, calls_per_minute: int) -> float:
    """Seconds from the first to the last of so many calls, as the quota lets them through."""
    window = window_of(calls_per_minute)
    return (math.ceil(calls / window.calls) - 1) * window.seconds


def _under_quota(drained: Drained, of_the_floor: Drained) -> list[Figure]:
    what = f"{STORED:,} stored events drained, quota of {QUOTA:,} calls a minute"
    limit = allowed(drained.calls, QUOTA)
    return [
        Figure(
            name="recovery.quota",
            what=what,
            unit="s",
            better="less",
            ours=(drained.seconds,),
            against=(limit,),
            beside="quota",
            goals=(ratio_of(LIMIT),),
        ),
        *(
            Figure(
                name=f"recovery.live.p{percent}",
                what=f"live event meanwhile, 202 to the call of Teamwork, p{percent}",
                unit="ms",
                better="less",
                ours=(percentile(drained.delays_ms, percent),),
                against=(percentile(of_the_floor.delays_ms, percent),),
                beside="floor",
                goals=(at_most(LIVE_LIMIT),) if percent == 95 else (),  # noqa: PLR2004
            )
            for percent in (50, 95)
        ),
    ]


def _beside_floor(pairs: Sequence[tuple[Drained, ...]]) -> list[Figure]:
    def figure(name: str, what: str, unit: str, of: Callable[[Drained], float], limit: float | None = None) -> Figure:
        return Figure(
            name=f"recovery.{name}",
            what=what,
            unit=unit,
            better="less",
            ours=tuple(of(ours) for _, ours in pairs),
            against=tuple(of(floor) for floor, _ in pairs),
            beside="floor",
            goals=() if limit is None else (ratio_of(limit),),
        )

    stored = f"{STORED_IN_PAIRS} stored events"
    return [
        figure("floor", f"{stored} drained, quota out of the way", "s", lambda one: one.seconds, LIMIT),
        figure("floor.live", "live event meanwhile, p95", "ms", lambda one: percentile(one.delays_ms, 95)),
        figure("first", f"start of the worker to its first call, {stored}", "s", lambda one: one.first_call),
    ]


QUESTION = Question(
    name="recovery", title="Recovery", method=METHOD, measure=measure, dynamic_config=MANY_LOOKS | FAIR_QUEUES
)
