"""Question 2: how long from a webhook accepted to the call of Teamwork begun, against the floor that Temporal sets."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks.deliveries import Traffic
from benchmarks.figures import Figure, at_most, percentile, ratio_of
from benchmarks.floor import Begun
from benchmarks.load import Load, Sent
from benchmarks.plan import Plan, Side
from benchmarks.question import Question
from benchmarks.service import Service, until
from ticketsync.sandbox.faults import Call
from ticketsync.teamwork.marker import markers_in

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

MANY_LOOKS = {"history.transferProcessorMaxPollRPS": "1000"}

IN_FLIGHT = 64
PATIENCE = 180.0
CREATE = r"^/projects/api/v3/tasklists/\d+/tasks\.json$"
RENAME = r"^/projects/api/v3/tasks/\d+\.json$"
APART = 10**6
GOALS: dict[int, dict[int, float]] = {5: {50: 50, 95: 100}, 20: {50: 150, 95: 250}}
FLOOR_LIMIT = 1.5


@dataclass
class _Way:
    """Both ways at work. A run's delays are milliseconds, one for each event."""

    service: Service
    port: int
    floor_log: str
    open_tickets: tuple[int, ...] = ()
    _runs: int = 0
    _random: random.Random = field(default_factory=lambda: random.Random(0))  # noqa: S311 - to repeat

    # --- sides of a pair

    def ours(self, rate: float, seconds: float, *, changes: bool) -> Side[list[float]]:
        return lambda: self._ours(self._load(rate, seconds, changes=changes))

    def floor(self, rate: float, seconds: float, *, changes: bool) -> Side[list[float]]:
        return lambda: self._floor(self._load(rate, seconds, changes=changes))

    def _load(self, rate: float, seconds: float, *, changes: bool) -> Load:
        traffic = self._changes(round(rate * seconds)) if changes else self._new()
        return Load(
            way="deliveries", traffic=traffic, seconds=seconds, in_flight=IN_FLIGHT, rate=rate, ports=(self.port,)
        )

    def _new(self) -> Traffic:
        self._runs += 1
        return Traffic(first=self._runs * APART)

    def _changes(self, number: int) -> Traffic:
        return Traffic(tickets=tuple(self._random.sample(self.open_tickets, number)))

    async def opens(self, number: int) -> None:
        """Have so many tickets and floor workflows open."""
        load = self._load(rate=100, seconds=number / 100, changes=False)
        await self._ours(load)
        await self._floor(load)
        self.open_tickets = tuple(range(load.traffic.first, load.traffic.first + number))

    # --- ours

    async def _ours(self, load: Load) -> list[float]:
        before = len(self._calls(load))
        sent = _all_stored(await self.service.send(load))
        await until(lambda: len(self._calls(load)) >= before + len(sent.events), "all are told", PATIENCE)
        ticket_of = self._tickets_of_tasks()
        began = {ticket_of[task_id]: call.at.timestamp() for task_id, call in self._by_task(load)[before:]}
        return [(began[one.ticket_id] - one.answered) * 1000 for one in sent.events]

    def _calls(self, load: Load) -> list[Call]:
        kind = ("PATCH", RENAME) if load.traffic.tickets else ("POST", CREATE)
        return [call for call in self.service.teamwork.faults.matching_calls(*kind) if call.status is not None]

    def _by_task(self, load: Load) -> list[tuple[int, Call]]:
        """Each call with its task. A create's path names none: they are made in the order of the calls."""
        calls = self._calls(load)
        if load.traffic.tickets:
            return [(int(call.path.rpartition("/")[2].removesuffix(".json")), call) for call in calls]
        return list(zip(sorted(self.service.teamwork.site.state.tasks), calls, strict=True))

    def _tickets_of_tasks(self) -> dict[int, int]:
        tasks = self.service.teamwork.site.state.tasks.values()
        return {task.id: ticket_id for task in tasks for _, ticket_id in markers_in(task.description)}

    # --- the floor

    async def _floor(self, load: Load) -> list[float]:
        before = self._lines().count("\n")
        sent = _all_stored(await self.service.send(load.model_copy(update={"way": "floor"})))
        await until(lambda: self._lines().count("\n") >= before + len(sent.events), "the floor has done all", PATIENCE)
        began = {one.ticket_id: one.at for one in self._begun()[before:]}
        return [(began[one.ticket_id] - one.answered) * 1000 for one in sent.events]

    def _begun(self) -> list[Begun]:
        return [Begun.model_validate_json(line) for line in self._lines().splitlines()]

    def _lines(self) -> str:
        return (self.service.folder / self.floor_log).read_text()


def _all_stored(sent: Sent) -> Sent:
    if sent.errors:
        raise RuntimeError(f"{sent.errors} of {len(sent.events)} events were not stored")
    return sent


async def measure(plan: Plan, service: Service) -> list[Figure]:
    port = await service.server()
    await service.worker()
    floor = await service.program("benchmarks.floor_worker")
    way, number = _Way(service, port, f"{floor.name}.log"), plan.either(100, 1000)
    plan.say(f"whole way: opening {number} tickets")
    await way.opens(number)
    figures = await _measured(plan, way, 20, plan.either(2.0, 6.0), changes=True)
    for rate, seconds in plan.either([(5, 3.0)], [(1, 6.0), (5, 6.0), (20, 6.0)]):
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
