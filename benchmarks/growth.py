"""Question 4: what more open tickets, and more changes of one ticket, cost: memory, delay, state, history, the list."""

from collections.abc import Callable, Sequence

from benchmarks.delay import MANY_LOOKS
from benchmarks.figures import Figure, at_most, percentile, ratio_of
from benchmarks.long_life import Run, long_life
from benchmarks.open_tickets import OpenTickets
from benchmarks.plan import Plan, Side
from benchmarks.question import Question
from benchmarks.service import Service, running_service
from benchmarks.worker_memory import AT_ONCE, KIB, Held, floor_held
from ticketsync.sandbox.zendesk.seed import CUSTOMER_ID

FEW, CACHED, MOST = 100, 1_000, 10_000
CHANGES, CHANGES_A_SECOND = 1_000, 25
RATE, SECONDS = 10.0, 4.0
FIRST_PAGE = 50  # what `tickets list` shows by default
LONG_LIFE = 10**6  # no other ticket

SAME_FOR_BOTH = f"""\
Two whole services side by side, each with Temporal, Redis, sandboxes, one server and one worker of its own: in one of
them {FEW} tickets are open, in the other as many as the row says. Each ticket was created, has its task, and is in
step. They are opened {AT_ONCE} in a second; the next come when those have their tasks. The two sides of a pair are the
two services. A worker keeps {CACHED:,} workflows in memory, as is the default, if nothing else is said.

*Memory* is what the worker's process shares with no other (`Private_*` in `/proc/PID/smaps_rollup`), read when all
tickets are in step. What one cached ticket takes is the difference between {CACHED:,} and {FEW} open tickets in one and
the same worker, divided by what its cache holds more (its metric `temporal_sticky_cache_size`): what a worker takes
before its first ticket, and to warm up, is not in it. *Floor* is the minimal workflow of the whole way, opened as many
times in the same way, in a worker that runs it outside of the SDK's sandbox, as ours does: it has had one signal, one
local and one ordinary activity, and holds a number.

*Delay* is that of the whole way: new subjects at an even pace, each of another ticket, in an order by chance. *The
list* is the command itself as a process, from its start to its end, written into a pipe, always with its counts by
state: its default of {FIRST_PAGE} lines, the same with `--state`, `--reason`, `--status` and `--assignee`, its last
page, and `--limit` for all. What it lists and counts is looked at each time."""
METHOD = f"""\
{SAME_FOR_BOTH}

*State and history* are those of one more ticket, renamed {CHANGES:,} times, {CHANGES_A_SECOND} times a second. The
state is the argument of its last run, as Temporal stores it; histories are measured by Temporal."""
METHOD_LARGE = f"""\
By `make bench-large`. The worker keeps all of the {MOST:,} open tickets in memory (`TICKETSYNC_WORKER_TICKETS`). In the
last rows it has made way for another one, which keeps {CACHED:,}: before a ticket that it does not have is changed, its
history is fetched and replayed.

{SAME_FOR_BOTH}"""


async def measure(plan: Plan, service: Service) -> list[Figure]:
    few = await OpenTickets.of(service, CACHED)
    figures = await _grown("growth", plan, few, (CACHED,), kept=CACHED)
    plan.say(f"growth: {CHANGES} changes of one ticket")
    return [*figures, *_life(await long_life(service, few.port, LONG_LIFE, changes=CHANGES, rate=CHANGES_A_SECOND))]


async def measure_large(plan: Plan, service: Service) -> list[Figure]:
    few = await OpenTickets.of(service, CACHED)
    return await _grown("growth_large", plan, few, (CACHED, MOST), kept=MOST + CACHED)


async def _grown(name: str, plan: Plan, few: OpenTickets, numbers: tuple[int, ...], *, kept: int) -> list[Figure]:
    """A service with few open tickets beside one that grows to these numbers, whose worker keeps so many in memory."""
    async with running_service(plan.say, MANY_LOOKS) as service:
        many = await OpenTickets.of(service, kept)
        held = [await _opened(plan, many, number) for number in (FEW, *numbers)]
        await _opened(plan, few, FEW)
        figures = [*await _delays(name, plan, few, many), *await _lists(name, plan, few, many)]
        if kept > CACHED:
            await many.change_worker(CACHED)
            figures += await _delays(f"{name}.read_back", plan, few, many, f", {CACHED} of them in memory at most")
    plan.say(f"growth: opening {CACHED} workflows of the floor")
    floor = await floor_held(few.service, FEW, CACHED)
    totals = [_total(name, number, each, held[0]) for number, each in zip(numbers, held[1:], strict=True)]
    return [_each(name, held[:2], floor), *totals, *figures]


async def _opened(plan: Plan, tickets: OpenTickets, number: int) -> Held:
    plan.say(f"growth: opening {number} tickets")
    return await tickets.grow_to(number)


def _each(name: str, ours: Sequence[Held], floor: Sequence[Held]) -> Figure:
    each, of_the_floor = (more.bytes_each(less) / KIB for less, more in (ours, floor))
    return Figure(
        name=f"{name}.memory_each",
        what="worker's memory of one cached ticket",
        unit="KiB",
        better="less",
        ours=(each,),
        against=(of_the_floor,),
        beside="floor",
        goals=(at_most(60),),
    )


def _total(name: str, number: int, held: Held, few: Held) -> Figure:
    return Figure(
        name=f"{name}.memory_{number}",
        what=f"worker's memory with {number} open tickets, {held.cached} workflows cached",
        unit="MiB",
        better="less",
        ours=(held.memory / KIB**2,),
        against=(few.memory / KIB**2,),
        beside=f"{FEW} open",
    )


async def _delays(name: str, plan: Plan, few: OpenTickets, many: OpenTickets, kept: str = "") -> list[Figure]:
    plan.say(f"growth: {RATE:g} changes/s of {many.number} and of {few.number} open tickets")
    rows = await plan.pairs(few.changes(RATE, SECONDS), many.changes(RATE, SECONDS))
    return [
        Figure(
            name=f"{name}.delay.p{percent}",
            what=f"202 to the call of Teamwork, {RATE:g} changes/s of {many.number} open tickets{kept}, p{percent}",
            unit="ms",
            better="less",
            ours=tuple(percentile(ours, percent) for _, ours in rows),
            against=tuple(percentile(other, percent) for other, _ in rows),
            beside=f"of {FEW}",
            goals=(ratio_of(1.2),) if percent == 50 and not kept else (),  # noqa: PLR2004
        )
        for percent in (50, 95)
    ]


async def _lists(name: str, plan: Plan, few: OpenTickets, many: OpenTickets) -> list[Figure]:
    plan.say(f"growth: tickets list of {many.number} and of {few.number} open tickets")
    return [await _list(name, plan, few, many, kind) for kind in LISTS]


async def _list(name: str, plan: Plan, few: OpenTickets, many: OpenTickets, kind: str) -> Figure:
    what, side = LISTS[kind]
    rows = await plan.pairs(side(few), side(many))
    return Figure(
        name=f"{name}.list.{kind}",
        what=f"tickets list of {many.number} open tickets, {what}",
        unit="s",
        better="less",
        ours=tuple(ours for _, ours in rows),
        against=tuple(other for other, _ in rows),
        beside=f"of {FEW}",
        goals=(at_most(2),),
    )


def _last_page(tickets: OpenTickets) -> Side[float]:
    return tickets.listed("--page", str(-(-tickets.number // FIRST_PAGE)), limit=FIRST_PAGE)


LISTS: dict[str, tuple[str, Callable[[OpenTickets], Side[float]]]] = {
    "first": ("its first page and its counts by state", lambda tickets: tickets.listed(limit=FIRST_PAGE)),
    "state": ("those of one state", lambda tickets: tickets.listed("--state", "in_step", limit=FIRST_PAGE)),
    "reason": (
        "those whose reason says a text, none",
        lambda tickets: tickets.listed("--reason", "lacks the permission", found=0),
    ),
    "status": ("those with one status in Zendesk, all", lambda tickets: tickets.listed("--status", "new")),
    "assignee": ("those of one agent, all", lambda tickets: tickets.listed("--assignee", str(CUSTOMER_ID))),
    "last": ("its last page", _last_page),
    "all": ("whole", lambda tickets: tickets.listed(limit=tickets.number)),
}


def _life(runs: Sequence[Run]) -> list[Figure]:
    after, largest = f"after {CHANGES} changes of one ticket", max(runs, key=lambda run: run.events)
    of = f"largest history of its {len(runs)} runs"
    return [
        _fact("growth.state", f"state that continue-as-new carries, {after}", "KiB", runs[0].given / KIB, 32),
        _fact("growth.history", f"{of}, {after}", "events", largest.events),
        _fact("growth.history_size", f"{of}, {after}", "KiB", largest.size / KIB),
    ]


def _fact(name: str, what: str, unit: str, value: float, limit: float | None = None) -> Figure:
    """What was measured once."""
    goals = () if limit is None else (at_most(limit),)
    return Figure(name=name, what=what, unit=unit, better="less", ours=(value,), goals=goals)


QUESTION = Question(name="growth", title="Growth", method=METHOD, measure=measure, dynamic_config=MANY_LOOKS)
LARGE = Question(
    name="growth_large",
    title="Growth to 10,000 tickets",
    method=METHOD_LARGE,
    measure=measure_large,
    dynamic_config=MANY_LOOKS,
)
