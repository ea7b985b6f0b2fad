"""What a running worker holds: its memory, and how many workflows are in its cache."""

import re
from dataclasses import dataclass
from pathlib import Path

import httpx
from prometheus_client.parser import text_string_to_metric_families

from benchmarks.connection import LOOPBACK
from benchmarks.delay import evenly
from benchmarks.deliveries import Traffic
from benchmarks.floor_side import FloorWorker
from benchmarks.floor_worker import UNSANDBOXED
from benchmarks.service import Service
from ticketsync.embedded import ChildProcess, free_port

KIB = 1024
AT_ONCE = 100  # so many workflows are opened in a second; the next when those have done what they do
CACHED = "temporal_sticky_cache_size"
PRIVATE = re.compile(r"^Private_(?:Clean|Dirty): +(\d+) kB$", re.MULTILINE)


@dataclass(frozen=True)
class Held:
    """`cached` are workflows, the desk's among them."""

    memory: int
    cached: int

    def bytes_each(self, less: "Held") -> float:
        """Of what is cached more than when it held less. Raises RuntimeError when nothing is."""
        if self.cached <= less.cached:
            raise RuntimeError(f"{self.cached} workflows cached, before {less.cached}: nothing to divide by")
        return (self.memory - less.memory) / (self.cached - less.cached)


@dataclass(frozen=True)
class WatchedWorker:
    """A `ticketsync worker` that serves its metrics."""

    process: ChildProcess
    metrics: str

    async def held(self) -> Held:
        """Raises RuntimeError as `own_memory` does, httpx.HTTPError when the worker does not answer."""
        async with httpx.AsyncClient(trust_env=False) as http:
            answer = await http.get(self.metrics)
        return Held(memory=own_memory(_pid(self.process)), cached=cached(answer.text))


async def watched_worker(service: Service, tickets: int) -> WatchedWorker:
    """One that keeps so many tickets in memory."""
    address = f"{LOOPBACK}:{free_port(0)}"
    process = await service.worker("--metrics-address", address, "--worker-tickets", str(tickets))
    return WatchedWorker(process, f"http://{address}/metrics")


async def floor_held(service: Service, *numbers: int) -> list[Held]:
    """What the floor's worker holds, outside of the sandbox as ours, when so many hundred workflows are open."""
    floor, held = await FloorWorker.of(service, UNSANDBOXED), []
    for first in range(1, 1 + max(numbers), AT_ONCE):
        await floor.delays(service, evenly(Traffic(first=first), rate=AT_ONCE, seconds=1, port=0))
        held.append(Held(memory=own_memory(_pid(floor.process)), cached=first - 1 + AT_ONCE))
    return [one for one in held if one.cached in numbers]


def _pid(process: ChildProcess) -> int:
    if process.pid is None:
        raise RuntimeError(f"{process.name} was not started")
    return process.pid


def own_memory(pid: int) -> int:
    """Bytes that this process shares with no other. Raises RuntimeError where the kernel does not tell."""
    try:
        told = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError as error:
        raise RuntimeError(f"a worker's memory is in /proc of Linux only: {error.strerror}") from None
    return sum(map(int, PRIVATE.findall(told))) * KIB


def cached(metrics: str) -> int:
    """How many workflows the caches of all workers of the process hold, by their metrics in Prometheus' form."""
    families = text_string_to_metric_families(metrics)
    return int(sum(sample.value for family in families for sample in family.samples if sample.name == CACHED))
