"""One worker counts for all, through Redis; and each for itself while that is away."""

from datetime import UTC, datetime, timedelta

import pytest
from redis.asyncio import Redis

from ticketsync.embedded import EmbeddedRedis
from ticketsync.metrics.census import KEY, Census, DeskCount, Oldest, SharedCensus
from ticketsync.metrics.keep import oldest_troubles
from ticketsync.metrics.worker import OfTrouble


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC)


def _census(now: datetime, age: float = 0.0, blocked: int = 1) -> Census:
    oldest = Oldest(state="blocked", reason="forbidden", since=now)
    desk = DeskCount(tickets={"blocked": blocked, "in_step": 7}, oldest=(oldest,))
    return Census(counted_at=now - timedelta(seconds=age), desks={"acme": desk})


async def test_of_several_workers_one_has_the_turn_and_all_see_what_it_counted(redis: Redis, now: datetime) -> None:
    one, other = SharedCensus(redis), SharedCensus(redis)
    assert [await one.is_our_turn(60), await other.is_our_turn(60), await one.is_our_turn(60)] == [True, False, False]
    assert await other.newest() is None
    await one.put(_census(now))
    assert await other.newest() == _census(now)


async def test_the_turn_comes_free_again(redis: Redis) -> None:
    census = SharedCensus(redis)
    assert await census.is_our_turn(0.001)
    while not await census.is_our_turn(0.001):
        pass


async def test_without_redis_each_counts_for_itself_as_often(
    redis: Redis, own_redis: EmbeddedRedis, now: datetime
) -> None:
    await own_redis.kill()
    census = SharedCensus(redis)
    assert await census.is_our_turn(60)
    await census.put(_census(now))
    assert await census.newest() == _census(now)
    assert not await census.is_our_turn(60)
    assert await census.is_our_turn(0)


async def test_the_newest_count_is_shown(redis: Redis, now: datetime) -> None:
    one, other = SharedCensus(redis), SharedCensus(redis)
    await one.put(_census(now, age=30, blocked=1))
    await other.put(_census(now, age=0, blocked=2))
    await redis.set(KEY, _census(now, age=30, blocked=1).model_dump_json())
    assert [await census.newest() for census in (one, other)] == [
        _census(now, age=30, blocked=1),
        _census(now, blocked=2),
    ]


@pytest.mark.parametrize("stored", ["", "{}", "not JSON", '{"counted_at": "never"}'])
async def test_what_another_version_wrote_is_no_count(redis: Redis, stored: str) -> None:
    await redis.set(KEY, stored)
    assert await SharedCensus(redis).newest() is None


def test_a_trouble_grows_no_older_while_nobody_counts() -> None:
    """Temporal is away then, which has an alert of its own: those on tickets must not fire for it."""
    since = datetime.now(UTC) - timedelta(hours=3)
    trouble = Oldest(state="retrying", reason="unreachable", since=since)
    desks = {"acme": DeskCount(tickets={"retrying": 1}, oldest=(trouble,))}
    census = Census(counted_at=since + timedelta(minutes=2), desks=desks)
    assert oldest_troubles(census) == {OfTrouble("acme", "retrying", "unreachable"): 120.0}
