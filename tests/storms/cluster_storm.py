"""The storm on the parts of a cluster: `make cluster-storm`, and no part of `make test`, by its name.

Two servers behind a round-robin, two workers, the Temporal server on PostgreSQL, a Redis that three sentinels watch.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

from tests.storms.cluster.processor import Processors, memory
from tests.storms.cluster.servers import Cluster, running_cluster
from tests.storms.conftest import Asked
from tests.storms.life import Life
from tests.storms.test_storm import QUICK, passes
from tests.storms.verdict import comes_true
from tests.storms.world import World, running_world
from tests.support.wait import eventually
from ticketsync.embedded import Say

NEVER = 10**9
OPENED, CHANGES = 200, 600
FAIR = {"TICKETSYNC_TEAMWORK_CALLS_PER_MINUTE": "60000"}
CALLS_BEFORE = 200  # of Teamwork, before each accident


async def test_every_ticket_has_one_task_as_the_model_says(tmp_path: Path, say: Say, storm: Asked) -> None:
    async with (
        running_cluster(tmp_path, say) as cluster,
        running_world(
            tmp_path, say, servers=2, variables=_quick(cluster), seed=storm.seed, others=cluster.servers
        ) as world,
    ):
        began = time.monotonic()
        async with _accidents(world, cluster) as happened:
            await passes(world, say, storm.seed)
        say(f"in {time.monotonic() - began:.0f} s, with {', '.join(happened)}; {_answers(world)}")
        assert happened == ["Redis failed over", "PostgreSQL crashed", "server 1 restarted", "server 2 restarted"]
        assert [server.lives for server in world.servers] == [2, 2]


async def test_what_new_tickets_and_changes_take_of_each_part(tmp_path: Path, say: Say, storm: Asked) -> None:
    """In fair weather, as fast as they come: how many a second, and the processor time that each part needs for one."""
    async with (
        running_cluster(tmp_path, say) as cluster,
        running_world(
            tmp_path, say, servers=2, variables=FAIR | cluster.redis.environ, seed=storm.seed, others=cluster.servers
        ) as world,
    ):
        processors = Processors.of(world, cluster)
        random = Random(storm.seed)  # noqa: S311 - to repeat
        lives = [Life(world, random, ends_from=NEVER) for _ in range(OPENED)]
        empty = await _stored(cluster)
        with processors.told(say, "new ticket", OPENED):
            await asyncio.gather(*(life.begin() for life in lives))
            await comes_true(world, lives, deadline=240, seed=storm.seed)
        with processors.told(say, "change", CHANGES):
            for number in range(CHANGES // OPENED):
                await asyncio.gather(*(life.happens("renamed", f"Change {number}") for life in lives))
                await eventually(lambda: world.undelivered == 0, 240, what="all are told")
            await comes_true(world, lives, deadline=240, seed=storm.seed)
        say(f"memory: {memory(world, cluster)}")
        say(f"{len(world.teamwork.faults.calls)} calls of Teamwork for {OPENED + CHANGES} changes of tasks")
        kept, written = (after - before for before, after in zip(empty, await _stored(cluster), strict=True))
        say(f"kept for each with its changes: {kept / OPENED:.0f} KiB; written to the log: {written / OPENED:.0f} KiB")
        assert {attempt.status_code for one in world.zendesk.deliveries.log for attempt in one.attempts} == {202}


async def _stored(cluster: Cluster) -> tuple[int, int]:
    """KiB of all databases, and of what PostgreSQL has written to its log since it was made."""
    kept = await cluster.database.ask("SELECT sum(pg_database_size(datname))::bigint / 1024 FROM pg_database")
    return kept, await cluster.database.ask("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint / 1024")


def _quick(cluster: Cluster) -> dict[str, str]:
    return QUICK | cluster.redis.environ


@asynccontextmanager
async def _accidents(world: World, cluster: Cluster) -> AsyncIterator[list[str]]:
    """One after the other while the storm goes on; given is the list of those that have happened."""
    happened: list[str] = []

    async def happen() -> None:
        await _more_calls(world)
        await cluster.redis.fail_over()
        happened.append("Redis failed over")
        await _more_calls(world)
        await cluster.database.crash()
        await cluster.database.start()
        happened.append("PostgreSQL crashed")
        for server in world.servers:
            await _more_calls(world)
            await server.stop()
            await server.start()
            happened.append(f"{server.name} restarted")

    happening = asyncio.create_task(happen())
    try:
        yield happened
        await asyncio.wait_for(happening, 240)
    finally:
        happening.cancel()
        await asyncio.gather(happening, return_exceptions=True)


async def _more_calls(world: World) -> None:
    enough = len(world.teamwork.faults.calls) + CALLS_BEFORE
    await eventually(lambda: len(world.teamwork.faults.calls) >= enough, 600, what="calls are made")


def _answers(world: World) -> str:
    attempts = [attempt for one in world.zendesk.deliveries.log for attempt in one.attempts]
    codes = Counter(str(attempt.status_code) for attempt in attempts)
    lost = sum(one.state == "terminated" for one in world.zendesk.deliveries.log)
    longest = max(attempt.seconds for attempt in attempts if attempt.status_code)
    late = sum(attempt.timed_out for attempt in attempts)
    waited = f"the longest after {longest:.1f} s, {late} that Zendesk waited for in vain"
    return f"answers {dict(codes)}, {waited}, {lost} deliveries given up by Zendesk"
