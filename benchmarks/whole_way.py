"""Question 2: how long from a webhook accepted to the call of Teamwork begun, against the floor that Temporal sets."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks.delay import MANY_LOOKS, delays, evenly
from benchmarks.deliveries import Traffic
from benchmarks.figures import Figure, at_most, percentile, ratio_of
from benchmarks.floor_side import FloorWorker
from benchmarks.load import Load
from benchmarks.plan import Plan, Side
from benchmarks.question import Question
from benchmarks.service import Service

METHOD = """\
From the moment the sender has the answer 202 to the moment the sandbox Teamwork puts down that the call came in. One
server and one worker, Teamwork's quota raised to 60,000 calls a minute. New tickets come at an even pace; changes are
new subjects of open tickets, each of another ticket, chosen by chance.

*Floor*, the other side of each pair, at the same pace and with as many open workflows: signal-with-start of a workflow
that does nothing but one local activity and one ordinary activity on a queue of its own, as a ticket's step has; from
the answer to the moment the ordinary activity begins. Its worker is a process of its own with the SDK's defaults. It
makes no HTTP call, looks nothing up, holds no state. Both workers run all the time.

Temporal's development server has one shard, and by default looks into a shard's queue of tasks at most 20 times a
second: from some 7 tickets a second on each task of either side waits up to 50 ms for the next look. A cluster has
hundreds of shards. So here it may look more often (`history.transferProcessorMaxPollRPS`); that shortens both sides."""

APART = 10**6
GOALS: dict[int, dict[int, float]] = {5: {50: 50, 95: 100}, 20: {50: 150, 95: 250}}
FLOOR_LIMIT = 1.5


@dataclass
class _Way:
    """Both ways at work. A run's delays are milliseconds, one for each event."""

    service: Service
    port: int
    floor_worker: FloorWorker
    open_tickets: tuple[int, ...] = ()
    _runs: int = 0
    _random: random.Random = field(default_factory=lambda: random.Random(0))  # noqa: S311 - to repeat

    # --- sides of a pair

    def ours(self, rate: float, seconds: float, *, changes: bool) -> Side[list[float]]:
        return lambda: delays(self.service, self._load(rate, seconds, changes=changes))

    def floor(self, rate: float, seconds: float, *, changes: bool) -> Side[list[float]]:
        return lambda: self.floor_worker.delays(self.service, self._load(rate, seconds, changes=changes))

    def _load(self, rate: float, seconds: float, *, changes: bool) -> Load:
        traffic = self._changes(round(rate * seconds)) if changes else self._new()
        return evenly(traffic, rate=rate, seconds=seconds, port=self.port)

    def _new(self) -> Traffic:
        self._runs += 1
        return Traffic(first=self._runs * APART)

    def _changes(self, number: int) -> Traffic:
        return Traffic(tickets=tuple(self._random.sample(self.open_tickets, number)))

    async def opens(self, number: int) -> None:
        """Have so many tickets and floor workflows open."""
        load = self._load(rate=100, seconds=number / 100, changes=False)
        await delays(self.service, load)
        await self.floor_worker.delays(self.service, load)
        self.open_tickets = tuple(range(load.traffic.first, load.traffic.first + number))


async def measure(plan: Plan, service: Service) -> list[Figure]:
    port = await service.server()
    await service.worker()
    way, number = _Way(service, port, await FloorWorker.of(service)), plan.either(100, 1000)
    plan.say(f"whole way: opening {number} tickets")
    await way.opens(number)
    figures = await _measured(plan, way, 20, plan.either(2.0, 5.0), changes=True)
    for rate, seconds in plan.either([(5, 3.0)], [(1, 6.0), (5, 5.0), (20, 5.0)]):
        figures += await _measured(plan, way, rate, seconds, changes=False)
    return figures


async def _measured(plan: Plan, way: _Way, rate: int, seconds: float, *, changes: bool) -> list[Figure]:
    what = (
        f"{rate} changes/s of {len(way.open_tickets)} open tickets"
        if changes
        else f"{rate} new ticket{'s' * (rate > 1)}/s"
    )
    plan.say(f"whole way: {what}")
    rows = await plan.pairs(way.floor(rate, seconds, changes=changes), way.ours(rate, seconds, changes=changes))
    name = f"whole_way.{'changes' if changes else 'new'}_{rate}"
    limits = GOALS.get(rate, {})
    return [_figure(name, what, percent, rows, limits.get(percent)) for percent in (50, 95)]


def _figure(name: str, what: str, percent: int, rows: Sequence[tuple[list[float], ...]], limit: float | None) -> Figure:
    is_median = percent == 50  # noqa: PLR2004
    goals = ([ratio_of(FLOOR_LIMIT)] if is_median else []) + ([] if limit is None else [at_most(limit)])
    return Figure(
        name=f"{name}.p{percent}",
        what=f"202 to the call of Teamwork, {what}, p{percent}",
        unit="ms",
        beside="floor",
        better="less",
        ours=tuple(percentile(ours, percent) for _, ours in rows),
        against=tuple(percentile(floor, percent) for floor, _ in rows),
        goals=tuple(goals),
        guarded=is_median,
    )


QUESTION = Question(name="whole_way", title="The whole way", method=METHOD, measure=measure, dynamic_config=MANY_LOOKS)
