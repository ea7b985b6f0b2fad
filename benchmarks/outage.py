"""An outage of the worker: events are stored meanwhile, then it starts again, drains them, and others come in."""

import asyncio
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Protocol

from benchmarks.bare import FloorSignals
from benchmarks.connection import Connection
from benchmarks.delay import PATIENCE, all_stored, answered, began_since, evenly, forget_calls
from benchmarks.deliveries import Traffic, a_ticket, created, renamed, request
from benchmarks.floor_side import FloorWorker
from benchmarks.service import Service, until
from ticketsync.embedded import ChildProcess

STORED_A_SECOND = 1_000  # asked for; as many as there is room for
LIVE_A_SECOND = 3
APART = 10**6
LATER = APART // 2  # a run's new tickets that come in while the stored ones are drained


@dataclass(frozen=True)
class Live:
    """An event that came in while others were drained (Unix times)."""

    answered: float
    began: float

    @property
    def delay_ms(self) -> float:
        return (self.began - self.answered) * 1000


@dataclass(frozen=True)
class Drained:
    """When the worker's process was `started`, and when the calls for the stored events `began` (Unix time), in order.

    `live` are the events that came in meanwhile.
    """

    started: float
    began: tuple[float, ...]
    live: tuple[Live, ...]

    @property
    def first_call(self) -> float:
        """Seconds from the start of the worker's process."""
        return self.began[0] - self.started

    @property
    def seconds(self) -> float:
        """From the first call to the last one."""
        return self.began[-1] - self.began[0]

    @property
    def calls(self) -> int:
        """How many were made in these seconds, for the stored and the live events."""
        return len(self.began) + sum(one.began <= self.began[-1] for one in self.live)

    @property
    def delays_ms(self) -> list[float]:
        """Of the live events."""
        return [one.delay_ms for one in self.live]


class Side(Protocol):
    """Ours, or what it is compared with: `told` and `began` are of the events since `begins`."""

    @property
    def worker(self) -> ChildProcess: ...
    def begins(self) -> None: ...
    async def store(self, traffic: Traffic, number: int) -> None: ...
    async def tell(self, ticket_id: int, *, is_first: bool) -> None: ...
    def told(self) -> int: ...
    def began(self) -> dict[int, float]: ...


@dataclass
class Ours:
    """Deliveries to the server; they are told when Teamwork was called."""

    service: Service
    port: int
    worker: ChildProcess
    _known: frozenset[int] = frozenset()

    def begins(self) -> None:
        self._known = forget_calls(self.service)

    async def store(self, traffic: Traffic, number: int) -> None:
        seconds = number / STORED_A_SECOND
        all_stored(await self.service.send(evenly(traffic, rate=STORED_A_SECOND, seconds=seconds, port=self.port)))

    async def tell(self, ticket_id: int, *, is_first: bool) -> None:
        connection, ticket = await Connection.to(self.port), a_ticket(ticket_id)
        status = await connection.send(request(created(ticket) if is_first else renamed(ticket)))
        connection.close()
        _must_be_stored(status)

    def told(self) -> int:
        return len(answered(self.service))

    def began(self) -> dict[int, float]:
        return began_since(self.service, self._known)


@dataclass
class OfTheFloor:
    """Signals of the floor's workflows; they are told when the ordinary activity began."""

    service: Service
    floor: FloorWorker
    _before: int = 0

    @property
    def worker(self) -> ChildProcess:
        return self.floor.process

    def begins(self) -> None:
        self._before = self.floor.begun()

    async def store(self, traffic: Traffic, number: int) -> None:
        seconds = number / STORED_A_SECOND
        load = evenly(traffic, rate=STORED_A_SECOND, seconds=seconds, port=0)
        all_stored(await self.service.send(load.model_copy(update={"way": "floor"})))

    async def tell(self, ticket_id: int, *, is_first: bool) -> None:
        _must_be_stored(await FloorSignals(self.service.client).store(ticket_id, is_first))

    def told(self) -> int:
        return self.floor.begun() - self._before

    def began(self) -> dict[int, float]:
        return self.floor.began_since(self._before)


@dataclass
class Outages:
    """Of one side, one after the other, each with new tickets. `opens` comes first."""

    side: Side
    open_tickets: range = range(0)
    _firsts: Iterator[int] = field(default_factory=lambda: count(APART, APART))

    async def opens(self, number: int) -> None:
        """Have tickets that are changed while others are drained."""
        self.side.begins()
        self.open_tickets = range(1, 1 + number)
        await self.side.store(Traffic(first=1), number)
        await self._are_told(number)

    async def next(self, number: int) -> Drained:
        """So many new tickets come in while no worker runs. Raises RuntimeError when one is not stored."""
        first = next(self._firsts)
        await self.side.worker.stop()
        self.side.begins()
        await self.side.store(Traffic(first=first), number)
        started = time.time()
        await self.side.worker.start()
        answered_at = await self._others_come_in(first + LATER, number)
        await self._are_told(number + len(answered_at))
        return self._drained(started, range(first, first + number), answered_at)

    def _drained(self, started: float, stored: range, answered_at: Mapping[int, float]) -> Drained:
        began = self.side.began()
        return Drained(
            started=started,
            began=tuple(sorted(began[ticket_id] for ticket_id in stored)),
            live=tuple(Live(answered=at, began=began[ticket_id]) for ticket_id, at in answered_at.items()),
        )

    async def _others_come_in(self, first: int, number: int) -> dict[int, float]:
        """From the first call on until so many are told: in turn a new ticket, and a change of an open one.

        When each was answered (Unix time).
        """
        answered_at: dict[int, float] = {}
        await until(self.side.told, "the first event is told", PATIENCE)
        for new, is_open in zip(count(first), self.open_tickets, strict=False):
            for ticket_id, is_first in ((new, True), (is_open, False)):
                if self.side.told() >= number:
                    return answered_at
                await self.side.tell(ticket_id, is_first=is_first)
                answered_at[ticket_id] = time.time()
                await asyncio.sleep(1 / LIVE_A_SECOND)
        return answered_at

    async def _are_told(self, number: int) -> None:
        await until(lambda: self.side.told() >= number, f"{number} events are told", PATIENCE)


def _must_be_stored(status: int) -> None:
    if status // 100 != 2:  # noqa: PLR2004
        raise RuntimeError(f"an event was answered {status}")
