"""The processor time that each part of a cluster uses."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.processor import Used
from tests.storms.cluster.servers import Cluster
from tests.storms.world import World
from ticketsync.embedded import Say

Seconds = Callable[[], float]


@dataclass(frozen=True)
class Processors:
    """Of each part the seconds that it has used so far. The sandboxes are in this process, with what the test does."""

    parts: dict[str, Seconds]

    @classmethod
    def of(cls, world: World, cluster: Cluster) -> "Processors":
        return cls(
            {
                "servers": _together([program.pid for program in world.servers]),
                "workers": _together([program.pid for program in world.workers]),
                "Temporal": _together([cluster.temporal.pid]),
                "PostgreSQL": lambda: _family(cluster.database.pid),
                "Redis": _together([cluster.redis.master.pid, cluster.redis.replica.pid]),
                "sandboxes and test": _together([os.getpid()]),
            }
        )

    @contextmanager
    def told(self, say: Say, what: str, number: int) -> Iterator[None]:
        """Say how many of them a second were done in the block, and what one took of each part."""
        began, before = time.monotonic(), {part: used() for part, used in self.parts.items()}
        yield
        seconds = time.monotonic() - began
        each = {part: 1000 * (used() - before[part]) / number for part, used in self.parts.items()}
        took = ", ".join(f"{part} {ms:.1f}" for part, ms in each.items())
        say(f"{number} times {what} in {seconds:.1f} s, {number / seconds:.1f} a second; ms of one core each: {took}")


def memory(world: World, cluster: Cluster) -> str:
    """What one process of each part holds, in words."""
    pids = {"a server": world.servers[0].pid, "a worker": world.workers[0].pid, "Temporal": cluster.temporal.pid}
    return ", ".join(f"{part} {_resident(pid)} MiB" for part, pid in pids.items())


def _resident(pid: int | None) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 2**20


def _together(pids: list[int | None]) -> Seconds:
    return lambda: sum(Used.by(pid).total for pid in pids if pid is not None)


def _family(pid: int | None) -> float:
    """Of a process and of its children, those that have ended left out."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return sum(Used.by(int(one)).total for one in (str(pid), *children))
