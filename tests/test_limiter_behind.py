"""Who stands behind all others in a quota: a backfill, which live tickets must not feel."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from redis.asyncio import Redis

from tests.support.wait import eventually
from ticketsync.embedded import EmbeddedRedis
from ticketsync.limiter import QuotaExceeded, SiteQuota, Window, behind_others, shared, window_of

SLOW, CALLS, KEPT = 120, 24, 8  # in any 12 s


@pytest.fixture(autouse=True)
def _patient_with_redis(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine may hold up an answer for longer than the service waits for one."""
    monkeypatch.setattr(shared, "BOUND_SECONDS", 10.0)


@asynccontextmanager
async def process(url: str, calls_per_minute: int = SLOW, max_wait: float = 1.5) -> AsyncIterator[SiteQuota]:
    async with Redis.from_url(url) as redis:
        quota = SiteQuota(site="acme.example", calls_per_minute=calls_per_minute, redis=redis, max_wait=max_wait)
        await quota.start()
        await eventually(lambda: quota._allowed() == quota._window, what="the whole window is ours")
        try:
            yield quota
        finally:
            await quota.aclose()


async def _behind(quota: SiteQuota) -> None:
    with behind_others():
        await quota.turn()


async def _as_many_as_go(quota: SiteQuota) -> int:
    """Turns behind others until there is none in time."""
    for number in range(100):
        try:
            await _behind(quota)
        except QuotaExceeded:
            return number
    raise AssertionError("there is no end to it")


@pytest.mark.parametrize(("calls_per_minute", "left"), [(120, 16), (1, 1), (2, 2), (3, 2), (3000, 34)])
def test_a_third_of_a_window_is_kept_for_others_and_never_all_of_it(calls_per_minute: int, left: int) -> None:
    window = window_of(calls_per_minute)
    assert window.behind_others == Window(left, window.seconds)


async def test_what_stands_behind_leaves_a_third_free_which_others_get_at_once(redis_db: str) -> None:
    async with process(redis_db) as quota:
        assert await _as_many_as_go(quota) == CALLS - KEPT
        began = time.monotonic()
        await asyncio.gather(*(quota.turn() for _ in range(KEPT)))
        assert time.monotonic() - began < 6
        with pytest.raises(QuotaExceeded):
            await quota.turn()


async def test_the_third_is_kept_free_over_all_processes(redis_db: str) -> None:
    async with process(redis_db) as one, process(redis_db) as two:
        for _ in range(CALLS - KEPT - 1):
            await one.turn()
        assert await _as_many_as_go(two) == 1
        for _ in range(KEPT):
            await two.turn()


async def test_others_do_not_wait_for_one_that_waits_behind_them(redis_db: str) -> None:
    async with process(redis_db, max_wait=10) as quota:
        for _ in range(CALLS - KEPT):
            await _behind(quota)
        waiting = asyncio.create_task(_behind(quota))
        began = time.monotonic()
        await asyncio.gather(*(quota.turn() for _ in range(KEPT)))
        assert time.monotonic() - began < 6
        assert not waiting.done()
        waiting.cancel()


async def test_one_that_stands_behind_goes_on_as_soon_as_the_window_moves(redis_db: str) -> None:
    async with process(redis_db, calls_per_minute=3000, max_wait=10) as quota:
        began = time.monotonic()
        await asyncio.gather(*(_behind(quota) for _ in range(40)))
        assert 0.9 < time.monotonic() - began < 5


async def test_without_redis_a_third_of_the_share_is_kept(own_redis: EmbeddedRedis) -> None:
    async with process(own_redis.url) as quota:
        await own_redis.stop()
        assert 1 <= await _as_many_as_go(quota) <= CALLS - KEPT
        assert not await quota.has_room_behind_others(1)


async def test_there_is_room_while_the_kept_third_stays_free(redis_db: str) -> None:
    async with process(redis_db) as quota:
        assert await quota.has_room_behind_others(CALLS - KEPT)
        await quota.turn()
        assert not await quota.has_room_behind_others(CALLS - KEPT)
        assert await quota.has_room_behind_others(CALLS - KEPT - 1)


async def test_of_more_calls_than_ever_there_is_room_when_all_are_free(redis_db: str) -> None:
    async with process(redis_db) as quota:
        assert await quota.has_room_behind_others(1000)
        await quota.turn()
        assert not await quota.has_room_behind_others(1000)


async def test_only_calls_inside_stand_behind(redis_db: str) -> None:
    async with process(redis_db) as quota:
        assert await _as_many_as_go(quota) == CALLS - KEPT
        await quota.turn()
