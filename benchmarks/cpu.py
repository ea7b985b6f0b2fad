"""Question 6: the processor time of worker and server for each change, and what it goes into."""

import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.costs import LOOKS_A_SECOND, end, looking, seen_at_work, shares
from benchmarks.delay import MANY_LOOKS, delays, evenly
from benchmarks.deliveries import Traffic
from benchmarks.figures import Figure
from benchmarks.floor_side import FloorWorker
from benchmarks.load import Load
from benchmarks.plan import Plan, Side
from benchmarks.processor import Used, core_part
from benchmarks.question import Question
from benchmarks.service import Service
from ticketsync.embedded import ChildProcess

OPEN = 200
RATE = 20.0
SECONDS = 5.0
PROFILED_RUNS = 4
TOP = 5

METHOD = f"""\
New subjects of {OPEN} open tickets, {RATE:g} a second at an even pace, each of another ticket, chosen by chance: one
delivery, one decision, one call of Teamwork. *A change* is the processor time that the kernel puts down for the process
(user and system, `/proc/PID/stat`) from before the first delivery to after the last call, divided by the number of
changes; what the process does when nothing comes in is in it. *Floor*, the other side of each pair, is the worker of
the minimal workflow with a signal for each change (see the whole way): what Temporal's SDK takes to do next to nothing.

*Costs* come from runs of their own, because looking costs: worker and server are started under py-spy, which looks
{LOOKS_A_SECOND} times a second at the stack of the thread that holds Python's lock. A look counts for the library whose
code runs, or has Python's standard library work for it; Temporal's SDK and our own code are counted by package. The
core of Temporal's SDK needs no lock and has no such stacks: its part is the time that its threads had in the runs
without py-spy. The start of the process is left out."""

Tell = Callable[[Load], Awaitable[list[float]]]


@dataclass(frozen=True)
class _Spent:
    """What processes used for so many changes."""

    used: tuple[Used, ...]
    changes: int

    def ms(self, process: int) -> float:
        """Of one of them, for each change."""
        return self.used[process].total * 1000 / self.changes


@dataclass
class _Changes:
    """As many as go into `SECONDS`; in every run others."""

    port: int
    _random: random.Random = field(default_factory=lambda: random.Random(0))  # noqa: S311 - to repeat

    def spent(self, tell: Tell, *processes: ChildProcess) -> Side[_Spent]:
        """By these processes when the changes are told in this way."""
        return lambda: self._spent(tell, processes)

    async def _spent(self, tell: Tell, processes: Sequence[ChildProcess]) -> _Spent:
        before = [Used.by(_pid(process)) for process in processes]
        told = await tell(self.load())
        after = [Used.by(_pid(process)) for process in processes]
        used = tuple(now.since(then) for now, then in zip(after, before, strict=True))
        return _Spent(used, len(told))

    def load(self) -> Load:
        tickets = self._random.sample(range(1, 1 + OPEN), round(RATE * SECONDS))
        return evenly(Traffic(tickets=tuple(tickets)), rate=RATE, seconds=SECONDS, port=self.port)


def _pid(process: ChildProcess) -> int:
    if process.pid is None:
        raise RuntimeError(f"{process.name} was not started")
    return process.pid


async def measure(plan: Plan, service: Service) -> list[Figure]:
    port, server = await service.serving()
    worker, floor = await service.worker(), await FloorWorker.of(service)

    def ours(load: Load) -> Awaitable[list[float]]:
        return delays(service, load)

    def of_the_floor(load: Load) -> Awaitable[list[float]]:
        return floor.delays(service, load)

    for tell in (ours, of_the_floor):
        await tell(evenly(Traffic(), rate=RATE, seconds=OPEN / RATE, port=port))
    changes = _Changes(port)
    plan.say(f"cpu: {RATE:g} changes/s of {OPEN} open tickets")
    rows = await plan.pairs(changes.spent(of_the_floor, floor.process), changes.spent(ours, worker, server))
    for process in (worker, server, floor.process):
        await process.stop()
    plan.say("cpu: the same under py-spy")
    return [*_times(rows), *await _costs(service, [spent for _, spent in rows])]


def _times(rows: Sequence[tuple[_Spent, ...]]) -> list[Figure]:
    return [
        Figure(
            name="cpu.worker",
            what="worker's processor time of a change",
            unit="ms",
            better="less",
            ours=tuple(ours.ms(0) for _, ours in rows),
            against=tuple(floor.ms(0) for floor, _ in rows),
            beside="floor",
        ),
        Figure(
            name="cpu.server",
            what="server's processor time of a change",
            unit="ms",
            better="less",
            ours=tuple(ours.ms(1) for _, ours in rows),
        ),
    ]


async def _costs(service: Service, spent: Sequence[_Spent]) -> list[Figure]:
    """The largest of worker and server. `spent` says what part of each had no Python stacks."""
    stacks = [service.folder / f"{name}.stacks" for name in ("worker", "server")]
    port, server = await service.serving(under=looking(stacks[1]))
    worker = await service.worker(under=looking(stacks[0]))
    changes = _Changes(port)
    for _ in range(PROFILED_RUNS):
        await delays(service, changes.load())
    for process in (worker, server):
        await end(process)
    return [
        *_largest("worker", stacks[0], core_part([one.used[0] for one in spent])),
        *_largest("server", stacks[1], core_part([one.used[1] for one in spent])),
    ]


def _largest(process: str, stacks: Path, core: float) -> list[Figure]:
    return [
        Figure(
            name=f"cpu.{process}.cost_{place}",
            what=f"{process}'s cost no. {place}: {name}",
            unit="%",
            better="less",
            ours=(percent,),
        )
        for place, (name, percent) in enumerate(shares(seen_at_work(stacks), core)[:TOP], start=1)
    ]


QUESTION = Question(name="cpu", title="CPU", method=METHOD, measure=measure, dynamic_config=MANY_LOOKS)
