"""Question 1: how many deliveries a second the server stores, and how long each takes, against signal-with-start."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count

from benchmarks.connection import Connection
from benchmarks.deliveries import EDITS, Traffic
from benchmarks.figures import Figure, at_most, percentile, ratio_of
from benchmarks.load import Load, Sent
from benchmarks.plan import Plan, Side
from benchmarks.question import Question
from benchmarks.service import Service, until
from ticketsync.embedded import free_port

METHOD = """\
Deliveries have real bodies (1.3 KB), real signatures, and go over 64 kept-alive connections: 64 are in flight. Of each
ticket come `ticket.created` and four new subjects, 100 tickets side by side. The sender is a process of its own.

*Bare*, the other side of each pair: the same sender, and behind the same connections a process that does nothing but
the same signal-with-start (same client and data converter, same workflow, search attributes and an event of the same
size, parsed once beforehand). *Loop* is that signal-with-start in a loop without any sender, 64 in flight: it leaves
the machine the work of the sender. No worker runs on either side: workflow tasks wait, nothing else is done.
One and the same program is up to 5 % faster or slower from one start to the next: of servers and of bare ones three
take turns.

At half of the saturation the sender keeps to its pace, and a delay counts from the moment a delivery was due."""

IN_FLIGHT = 64
STARTED = 3  # of servers, and of bare ones
ROUNDS = 9  # what Temporal takes for one and the same delivery differs by a tenth from one run to the next
APART = 10**6  # the ids of the tickets of two runs


@dataclass
class _Sides:
    """The ways in, each to be measured again and again; every run has tickets of its own."""

    service: Service
    seconds: float
    bare_ports: Sequence[int]
    ports: Sequence[int]
    _first: Iterator[int] = field(default_factory=lambda: count(APART, APART))

    def ours(self, servers: int, rate: float | None = None) -> Side[Sent]:
        turns = _turns(self.ports, servers)
        return lambda: self._sent(ports=next(turns), rate=rate)

    def bare(self, rate: float | None = None) -> Side[Sent]:
        turns = _turns(self.bare_ports, 1)
        return lambda: self._sent(ports=next(turns), rate=rate)

    def loop(self) -> Side[Sent]:
        return lambda: self._sent(ports=())

    async def _sent(self, *, ports: tuple[int, ...], rate: float | None = None) -> Sent:
        traffic = Traffic(first=next(self._first), edits=EDITS)
        way = "deliveries" if ports else "signals"
        load = Load(way=way, traffic=traffic, seconds=self.seconds, in_flight=IN_FLIGHT, rate=rate, ports=ports)
        return await self.service.send(load)


def _turns(ports: Sequence[int], number: int) -> Iterator[tuple[int, ...]]:
    """So many of them, the next ones each time."""
    return (tuple(ports[(first + place) % len(ports)] for place in range(number)) for first in count())


async def measure(plan: Plan, service: Service) -> list[Figure]:
    ports = [await service.server() for _ in range(STARTED)]
    bare_ports = [await _bare_endpoint(service) for _ in range(STARTED)]
    sides = _Sides(service, plan.either(1.5, 3.0), bare_ports, ports)
    plan.say("intake: saturation")
    beside = plan.either((), (sides.loop(), sides.ours(2)))
    rows = await plan.pairs(sides.bare(), sides.ours(1), *beside, rounds=ROUNDS)
    columns = list(zip(*rows, strict=True))
    saturation = _saturation(columns)
    rate = saturation[0].value / 2
    plan.say(f"intake: half of it, {rate:.0f} deliveries/s")
    halves = await plan.pairs(sides.bare(rate), sides.ours(1, rate))
    return [*saturation, *_half(halves), _errors(columns, halves)]


async def _bare_endpoint(service: Service) -> int:
    port = free_port(0)
    await service.program("benchmarks.bare", str(port))
    await until(lambda: _listens(port), "the bare endpoint listens")
    return port


async def _listens(port: int) -> bool:
    try:
        (await Connection.to(port)).close()
    except OSError:
        return False
    return True


def _saturation(columns: Sequence[Sequence[Sent]]) -> list[Figure]:
    bare, one, *others = [tuple(sent.a_second for sent in column) for column in columns]
    figures = [_throughput("one_process", "one server process", one, bare, "bare", goal=0.9)]
    if others:
        loop, two = others
        figures.append(_throughput("one_process_loop", "one server process", one, loop, "loop"))
        figures.append(_throughput("two_processes", "two server processes", two, bare, "bare"))
    return figures


def _throughput(
    name: str, what: str, ours: tuple[float, ...], against: tuple[float, ...], beside: str, *, goal: float | None = None
) -> Figure:
    return Figure(
        name=f"intake.{name}",
        what=f"deliveries stored at saturation: {what}",
        unit="1/s",
        better="more",
        ours=ours,
        against=against,
        beside=beside,
        goals=() if goal is None else (ratio_of(goal),),
    )


def _half(halves: Sequence[Sequence[Sent]]) -> list[Figure]:
    return [
        Figure(
            name=f"intake.half.p{percent}",
            what=f"delay at half of the saturation, p{percent}",
            unit="ms",
            better="less",
            ours=tuple(percentile(ours.delays_ms, percent) for _, ours in halves),
            against=tuple(percentile(bare.delays_ms, percent) for bare, _ in halves),
            beside="bare",
            goals=(at_most(500),) if percent == 99 else (),  # noqa: PLR2004
            guarded=False,
        )
        for percent in (50, 99)
    ]


def _errors(columns: Sequence[Sequence[Sent]], halves: Sequence[Sequence[Sent]]) -> Figure:
    return Figure(
        name="intake.errors",
        what="deliveries not answered 2xx, at saturation and at half of it",
        unit="deliveries",
        better="less",
        ours=tuple(float(sent.errors) for sent in (*columns[1], *(ours for _, ours in halves))),
        goals=(at_most(0),),
    )


QUESTION = Question(name="intake", title="Intake", method=METHOD, measure=measure)
