"""A service with so many tickets open, to be compared with another one that has fewer."""

import asyncio
import random
import re
import sys
import time
from dataclasses import dataclass
from typing import Self

from benchmarks.delay import delays, evenly
from benchmarks.deliveries import Traffic
from benchmarks.plan import Side
from benchmarks.service import Service, until
from benchmarks.worker_memory import AT_ONCE, Held, WatchedWorker, watched_worker
from ticketsync import names

IN_STEP = f"WorkflowType = '{names.TICKET_WORKFLOW}' AND {names.SYNC_STATE.name} = 'in_step'"
STOPS_WITHIN = 40.0
ROW = re.compile(rb"^\d+ +\w+ +in_step\b", re.MULTILINE)


@dataclass
class OpenTickets:
    service: Service
    port: int
    worker: WatchedWorker
    number: int = 0
    _changed: int = 0

    @classmethod
    async def of(cls, service: Service, kept: int) -> Self:
        """None are open yet; server and worker run. The worker keeps so many in memory."""
        return cls(service, await service.server(), await watched_worker(service, kept))

    async def change_worker(self, kept: int) -> None:
        """Go on with another worker, which has none in memory yet and keeps so many."""
        await self.worker.process.stop(grace=STOPS_WITHIN)
        self.worker = await watched_worker(self.service, kept)

    async def grow_to(self, number: int) -> Held:
        """Have so many hundred open, all in step; what the worker holds then."""
        for first in range(1 + self.number, 1 + number, AT_ONCE):
            await delays(self.service, evenly(Traffic(first=first), rate=AT_ONCE, seconds=1, port=self.port))
        self.number = number
        await until(self._all_in_step, f"{number} tickets are in step")
        return await self.worker.held()

    async def _all_in_step(self) -> bool:
        return (await self.service.client.count_workflows(IN_STEP)).count == self.number

    # --- sides of a pair

    def changes(self, rate: float, seconds: float) -> Side[list[float]]:
        """The delays of changes, each of another ticket."""
        return lambda: delays(
            self.service, evenly(self._some(round(rate * seconds)), rate=rate, seconds=seconds, port=self.port)
        )

    def _some(self, number: int) -> Traffic:
        """In an order by chance; none a second time before all others."""
        order = random.Random(0).sample(range(1, 1 + self.number), self.number)  # noqa: S311 - to repeat
        first, self._changed = self._changed, self._changed + number
        return Traffic(tickets=tuple(order[place % self.number] for place in range(first, first + number)))

    def listed(self, *filters: str, limit: int = 50, found: int | None = None) -> Side[float]:
        """`tickets list` with these options; `found` are the tickets that it has to count: all, if not given."""
        counted = self.number if found is None else found
        return lambda: self._listed((*filters, "--limit", str(limit)), min(limit, counted), counted)

    async def _listed(self, options: tuple[str, ...], wanted: int, counted: int) -> float:
        """Seconds that the command takes as a process. Raises RuntimeError when it lists or counts another number."""
        began = time.perf_counter()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "ticketsync", "tickets", "list", *options),
            env=self.service.environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        output, errors = await process.communicate()
        took = time.perf_counter() - began
        rows = len(ROW.findall(output))
        if process.returncode or rows != wanted:
            raise RuntimeError(f"tickets list showed {rows} tickets instead of {wanted}: {errors.decode()}")
        if output.splitlines()[-1] != counts(counted):
            raise RuntimeError(f"tickets list did not count {counted} tickets")
        return took


def counts(number: int) -> bytes:
    """The list's last line, when so many are in step and no others are listed."""
    return f"{number} in_step".encode() if number else b"no tickets"
