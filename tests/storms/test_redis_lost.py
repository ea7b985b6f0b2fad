"""Redis wiped, gone and failed over while tickets change: nothing that must not be lost was in it."""

import asyncio
import json
from collections import deque
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from redis.asyncio import Redis

from tests.storms.conftest import Asked
from tests.storms.life import Life
from tests.storms.programs import Program
from tests.storms.sentinels import WatchedRedis, watched_redis
from tests.storms.traffic import Traffic
from tests.storms.verdict import comes_true, summary
from tests.storms.world import World, running_world
from tests.support.wait import eventually
from ticketsync.embedded import EmbeddedRedis, Say
from ticketsync.limiter import Window, window_of

# Calls a minute of both workers together. Their windows are 2 s and 5 s: so a minute's promise shows in seconds.
QUOTA, SMALL_QUOTA = 600, 300
QUICK = {"TICKETSYNC_SETTLE_WINDOW": "1s", "TICKETSYNC_BLOCKED_RETRY": "10s"}
CALLS_PER_MINUTE = "TICKETSYNC_TEAMWORK_CALLS_PER_MINUTE"
WATCHED = timedelta(seconds=10)
SETTLES_WITHIN = 180.0


async def test_redis_wiped_in_the_middle_costs_nothing(tmp_path: Path, say: Say, storm: Asked) -> None:
    variables = QUICK | {CALLS_PER_MINUTE: str(QUOTA)}
    async with running_world(tmp_path, say, variables=variables, seed=storm.seed) as world:
        storming = asyncio.create_task(_storm(world, storm, tickets=24, changes=80))
        for calls in (12, 28):
            await eventually(partial(_called, world, calls), deadline=120, what=f"{calls} calls are made")
            await _wipe(world.redis)
        lives = await storming
        await comes_true(world, lives, deadline=SETTLES_WITHIN, seed=storm.seed)
        say(_told(world, lives))
        _each_ticket_has_one_task(world, lives)
        _every_webhook_was_stored(world)
        assert _busiest(_calls_at(world)) <= _allowed(window_of(QUOTA), losses=2)
        assert await _people_stand(world.redis)


async def test_redis_gone_costs_nothing_and_each_worker_takes_its_share(tmp_path: Path, say: Say, storm: Asked) -> None:
    variables = QUICK | {CALLS_PER_MINUTE: str(SMALL_QUOTA)}
    async with running_world(tmp_path, say, variables=variables, seed=storm.seed) as world:
        lives = await _storm(world, storm, tickets=16, changes=16)
        await comes_true(world, lives, deadline=SETTLES_WITHIN, seed=storm.seed)
        await world.redis.kill()
        before = len(_calls_at(world))
        lives += await _storm(world, storm, tickets=80, changes=112)
        # With nothing of Redis there, and people too: each worker knows them.
        await comes_true(world, lives, deadline=SETTLES_WITHIN, seed=storm.seed)
        without = _calls_at(world)[before:]
        await _born_without_redis(world)
        lives += await _storm(world, storm, tickets=8, changes=8)
        await world.redis.start()
        await comes_true(world, lives, deadline=SETTLES_WITHIN, seed=storm.seed)
        say(_told(world, lives))
        _each_ticket_has_one_task(world, lives)
        _every_webhook_was_stored(world)
        share = window_of(SMALL_QUOTA).share(2)
        assert _busiest(without) > _allowed(share), "one worker's share was not enough"
        assert _busiest(without) <= _allowed(window_of(SMALL_QUOTA))
        assert await _people_stand(world.redis)


async def test_a_failover_costs_nothing_and_the_new_master_is_found(tmp_path: Path, say: Say, storm: Asked) -> None:
    async with (
        watched_redis(tmp_path, say) as redis,
        running_world(tmp_path, say, variables=_variables(redis), seed=storm.seed) as world,
    ):
        storming = asyncio.create_task(_storm(world, storm, tickets=24, changes=80))
        await eventually(partial(_called, world, 20), deadline=120, what="calls are made")
        await redis.fail_over()
        lives = await storming
        await comes_true(world, lives, deadline=SETTLES_WITHIN, seed=storm.seed)
        say(_told(world, lives))
        _each_ticket_has_one_task(world, lives)
        _every_webhook_was_stored(world)
        assert _busiest(_calls_at(world)) <= _allowed(window_of(QUOTA), losses=1)
        for worker in world.workers:
            assert "quota_redis_lost" in worker.log, "the failover was noticed"
            await eventually(partial(_finds_redis_again, worker), what="the new master is found")
        assert await _people_stand(redis.replica)


def _variables(redis: WatchedRedis) -> dict[str, str]:
    return QUICK | {CALLS_PER_MINUTE: str(QUOTA)} | redis.environ


async def _storm(world: World, storm: Asked, *, tickets: int, changes: int) -> list[Life]:
    """More of it when a long one is asked for."""
    times = 4 if storm.long else 1
    return await Traffic(tickets * times, changes * times, storm.seed).flows(world)


async def _wipe(redis: EmbeddedRedis) -> None:
    async with Redis.from_url(redis.url) as client:
        await client.flushall()


async def _born_without_redis(world: World) -> None:
    """One of the workers begins anew, and so knows nobody."""
    worker = world.workers[0]
    await worker.kill()
    await worker.start()


async def _people_stand(redis: EmbeddedRedis) -> bool:
    async with Redis.from_url(redis.url) as client:
        return bool(await client.hexists("ticketsync:default:people", "generation"))


def _finds_redis_again(worker: Program) -> bool:
    """For the quota of each site."""
    said = [json.loads(line) for line in worker.log.splitlines() if '"quota_redis_' in line]
    newest = {line["site"]: line["event"] for line in said}
    return set(newest.values()) == {"quota_redis_reached"}


def _called(world: World, times: int) -> bool:
    return len(world.teamwork.faults.calls) >= times


# --- what holds after each of them


def _each_ticket_has_one_task(world: World, lives: Iterable[Life]) -> None:
    tasks = world.tasks()
    assert {life.id: len(tasks.get(life.id, ())) for life in lives} == {life.id: 1 for life in lives}


def _every_webhook_was_stored(world: World) -> None:
    """At its first attempt: Redis is nowhere on a webhook's way."""
    log = world.zendesk.deliveries.log
    assert log
    assert {tuple(attempt.status_code for attempt in delivery.attempts) for delivery in log} == {(202,)}


def _allowed(window: Window, losses: int = 0) -> int:
    """Calls in ten seconds: the quota, a window because calls arrive later than they are let go, one for each loss."""
    return window.calls * (int(WATCHED.total_seconds() / window.seconds) + 1 + losses)


def _calls_at(world: World) -> list[datetime]:
    return list(world.teamwork.meter.times)


def _busiest(times: Iterable[datetime]) -> int:
    """The most calls in any ten seconds."""
    within: deque[datetime] = deque()
    most = 0
    for moment in times:
        within.append(moment)
        while within[0] <= moment - WATCHED:
            within.popleft()
        most = max(most, len(within))
    return most


def _told(world: World, lives: list[Life]) -> str:
    return f"{summary(world, lives)}; at most {_busiest(_calls_at(world))} calls in 10 s"
