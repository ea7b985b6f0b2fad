"""Temporal's database is gone, Redis with it, and Zendesk went on meanwhile: docs/disaster.md, step by step."""

import asyncio
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from random import Random

from tests.storms.conftest import Asked
from tests.storms.life import Life
from tests.storms.programs import Program
from tests.storms.servers import Servers, embedded_servers
from tests.storms.verdict import comes_true
from tests.storms.world import World, running_world
from tests.support.desk import desk_stands
from tests.support.wait import eventually
from ticketsync.embedded import Say
from ticketsync.sandbox.zendesk.seed import ANN_ID, BEN_ID

NEVER = 10**9
TICKETS, OPENED_MEANWHILE = 12, 2
SETTLES_WITHIN = 240.0
UNHURRIED = {"TICKETSYNC_TEAMWORK_CALLS_PER_MINUTE": "3000"}


async def test_a_desk_that_begins_anew_is_brought_in_step_by_a_backfill_and_makes_no_task_twice(
    tmp_path: Path, say: Say, storm: Asked
) -> None:
    database = tmp_path / "temporal"

    def kept(say: Say) -> AbstractAsyncContextManager[Servers]:
        return embedded_servers(say, state=database)

    async with running_world(tmp_path, say, variables=UNHURRIED, seed=storm.seed, others=kept) as world:
        random = Random(storm.seed)  # noqa: S311 - to repeat
        lives = [Life(world, random, ends_from=NEVER) for _ in range(TICKETS)]
        await asyncio.gather(*(life.begin() for life in lives))
        await comes_true(world, lives, deadline=SETTLES_WITHIN, seed=storm.seed)
        tasks = {life.id: world.tasks()[life.id][0].id for life in lives}
        await asyncio.gather(*(program.stop() for program in (*world.servers, *world.workers)))
        await _everything_is_lost(world, database)
        lives += await _meanwhile(world, lives, random)
        await asyncio.gather(*(program.start() for program in (*world.servers, *world.workers)))
        await eventually(lambda: desk_stands(world.client), what="the desk is linked anew")
        backfill = Program(
            "backfill", "backfill", "--yes", environ=world.environ, log=tmp_path / "backfill.log", ready=""
        )
        await backfill.start()
        assert await backfill.ended(within=SETTLES_WITHIN) == 0, backfill.log
        await comes_true(world, lives, deadline=SETTLES_WITHIN, seed=storm.seed)
        after = world.tasks()
        assert {ticket: [task.id for task in after[ticket]] for ticket in tasks} == {
            ticket: [task] for ticket, task in tasks.items()
        }
        assert {life.id: len(after[life.id]) for life in lives} == {life.id: 1 for life in lives}


async def _everything_is_lost(world: World, database: Path) -> None:
    await world.temporal.kill()
    _remove(database)
    await world.redis.kill()  # all that it had was in memory
    await asyncio.gather(world.temporal.start(), world.redis.start())


def _remove(database: Path) -> None:
    files = list(database.glob("temporal.db*"))
    assert files
    for file in files:
        file.unlink()


async def _meanwhile(world: World, lives: Sequence[Life], random: Random) -> list[Life]:
    """Nobody takes the webhooks of all this; those that were opened."""
    for number, life in enumerate(lives):
        await life.happens("renamed", f"Meanwhile {number}")
        await life.happens("assigned", BEN_ID if life.now.assignee == ANN_ID else ANN_ID)
    for life in lives[:3]:
        await life.happens("status", "solved" if life.now.status != "solved" else "open")
    opened = [Life(world, random, ends_from=NEVER) for _ in range(OPENED_MEANWHILE)]
    for life in opened:
        await life.begin()
    await eventually(lambda: world.undelivered == 0, 120, what="Zendesk has given up")
    assert {one.state for one in world.zendesk.deliveries.log} == {"success", "terminated"}
    return opened
