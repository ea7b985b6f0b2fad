"""The load generator, a process of its own: each line of its input is a `Load`, each of its output a `Sent`, in JSON.

`python -m benchmarks.load` is the same for both sides of a pair: only where an event goes differs.
"""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Literal, Self

import uvloop
from pydantic import BaseModel, ConfigDict

from benchmarks.bare import BareSignals, FloorSignals
from benchmarks.connection import Connection
from benchmarks.deliveries import Traffic, a_ticket, created, renamed, request
from ticketsync.temporal import connect

BROKEN = 0  # the status of what was not answered

Send = Callable[[int, bool], Awaitable[int]]
"""Sends one event of a ticket, its first or a later one; the status of the answer."""


class Load(BaseModel):
    """`deliveries` go to the server at `ports`, kept alive; `signals` and `floor` are signal-with-starts from here.

    Without a `rate` (a second) each of the `in_flight` senders sends its next event as soon as the last was answered.
    """

    model_config = ConfigDict(frozen=True)

    way: Literal["deliveries", "signals", "floor"]
    traffic: Traffic
    seconds: float
    in_flight: int
    rate: float | None = None
    ports: tuple[int, ...] = ()


class One(BaseModel):
    """One event: when it was due, and when it was answered (Unix time), and how."""

    ticket_id: int
    due: float
    answered: float
    status: int


class Sent(BaseModel):
    events: list[One]

    @property
    def errors(self) -> int:
        return sum(one.status // 100 != 2 for one in self.events)  # noqa: PLR2004

    @property
    def a_second(self) -> float:
        """Events stored a second, from the first sent to the last answered."""
        took = max(one.answered for one in self.events) - min(one.due for one in self.events)
        return (len(self.events) - self.errors) / took

    @property
    def delays_ms(self) -> list[float]:
        """From the moment each was due, so that a sender held up by a slow answer hides nothing."""
        return [(one.answered - one.due) * 1000 for one in self.events]


class _Sending:
    def __init__(self, load: Load) -> None:
        self._load = load
        self._number = 0
        self._begun = 0.0
        self._events: list[One] = []

    async def run(self, senders: list[Send]) -> Sent:
        self._begun = time.time()
        await asyncio.gather(*map(self._sender, senders))
        return Sent(events=self._events)

    async def _sender(self, send: Send) -> None:
        while True:
            number, self._number = self._number, self._number + 1
            due = self._due(number)
            if due >= self._begun + self._load.seconds:
                return
            await asyncio.sleep(max(due - time.time(), 0))
            ticket_id, is_first = self._load.traffic.delivery(number)
            status = await send(ticket_id, is_first)
            self._events.append(One(ticket_id=ticket_id, due=due, answered=time.time(), status=status))

    def _due(self, number: int) -> float:
        return time.time() if self._load.rate is None else self._begun + number / self._load.rate


class _Deliveries:
    """One sender's connection to the server; anew when the server has closed it because nothing came for so long."""

    def __init__(self, port: int, connection: Connection) -> None:
        self._port = port
        self._connection = connection

    @classmethod
    async def to(cls, port: int) -> Self:
        return cls(port, await Connection.to(port))

    async def send(self, ticket_id: int, is_first: bool) -> int:
        ticket = a_ticket(ticket_id)
        try:
            if self._connection.is_closed:
                self._connection = await Connection.to(self._port)
            return await self._connection.send(request(created(ticket) if is_first else renamed(ticket)))
        except OSError:
            return BROKEN

    def close(self) -> None:
        self._connection.close()


async def _senders(load: Load, held: AsyncExitStack) -> list[Send]:
    if load.way == "floor":
        return [FloorSignals(await connect()).store] * load.in_flight
    if load.way == "signals":
        return [BareSignals(await connect(), load.traffic).store] * load.in_flight
    ports = [load.ports[number % len(load.ports)] for number in range(load.in_flight)]
    lanes = await asyncio.gather(*map(_Deliveries.to, ports))
    for lane in lanes:
        held.callback(lane.close)
    return [lane.send for lane in lanes]


async def _sent(load: Load) -> Sent:
    async with AsyncExitStack() as held:
        return await _Sending(load).run(await _senders(load, held))


async def _main() -> None:
    while line := await asyncio.to_thread(sys.stdin.readline):
        sent = await _sent(Load.model_validate_json(line))
        sys.stdout.write(sent.model_dump_json() + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    uvloop.run(_main())
