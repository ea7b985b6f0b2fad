"""Hints in a real Redis: they come and go, and nothing ever fails for want of one."""

from datetime import timedelta

import pytest
from redis.asyncio import Redis

from ticketsync.embedded import EmbeddedRedis
from ticketsync.hints import Hints

DESK, PROJECT = "acme", 987654


# --- the task of a ticket


async def test_a_hint_is_kept_for_other_processes_and_replaced_by_a_newer_one(redis: Redis) -> None:
    assert await Hints(redis).put(DESK, {35436: 5001})
    assert await Hints(redis).task_id(DESK, 35436) == 5001
    assert await Hints(redis).put(DESK, {35436: 5002})
    assert await Hints(redis).task_id(DESK, 35436) == 5002


async def test_very_many_are_put_at_once(redis: Redis) -> None:
    assert await Hints(redis).put(DESK, {ticket_id: ticket_id + 7 for ticket_id in range(1, 5001)})
    assert [await Hints(redis).task_id(DESK, ticket_id) for ticket_id in (1, 2500, 5000)] == [8, 2507, 5007]
    assert await Hints(redis).put(DESK, {})


async def test_the_hints_of_many_tickets_are_asked_for_at_once(redis: Redis) -> None:
    await Hints(redis).put(DESK, {1: 5001, 2: 5002})
    await Hints(redis).put("globex", {3: 5003})
    assert await Hints(redis).task_ids(DESK, [1, 2, 3]) == {1: 5001, 2: 5002}
    assert await Hints(redis).task_ids(DESK, []) == {}


async def test_a_hint_is_of_one_ticket_and_one_desk(redis: Redis) -> None:
    await Hints(redis).put(DESK, {35436: 5001})
    assert await Hints(redis).task_id(DESK, 3543) is None
    assert await Hints(redis).task_id("globex", 35436) is None


async def test_a_task_that_was_let_go_leaves_no_hint_and_others_stay(redis: Redis) -> None:
    await Hints(redis).put(DESK, {35436: 5001, 35437: 5002})
    await Hints(redis).forget(DESK, 35436)
    assert [await Hints(redis).task_id(DESK, ticket_id) for ticket_id in (35436, 35437)] == [None, 5002]


async def test_a_wiped_redis_has_no_hints(redis: Redis) -> None:
    await Hints(redis).put(DESK, {35436: 5001})
    await redis.flushall()
    assert await Hints(redis).task_id(DESK, 35436) is None


async def test_a_hint_that_nobody_asks_for_goes_after_months(redis: Redis) -> None:
    await Hints(redis).put(DESK, {35436: 5001})
    (key,) = await redis.keys("*")
    assert timedelta(days=30).total_seconds() < await redis.ttl(key) <= timedelta(days=120).total_seconds()


@pytest.mark.parametrize("text", ["", "no number", "5001.5", "-5"])
async def test_a_hint_that_is_no_id_is_none(redis: Redis, text: str) -> None:
    await Hints(redis).put(DESK, {35436: 5001})
    (key,) = await redis.keys("*")
    await redis.set(key, text)
    assert await Hints(redis).task_id(DESK, 35436) is None


async def test_without_redis_there_is_no_hint_and_none_is_missed(redis: Redis, own_redis: EmbeddedRedis) -> None:
    hints = Hints(redis)
    await hints.put(DESK, {35436: 5001})
    await own_redis.stop()
    assert await hints.task_id(DESK, 35436) is None
    assert not await hints.put(DESK, {35436: 5002})


# --- the mark of a project that was read


async def test_a_project_is_read_once_for_each_desk_until_redis_is_wiped(redis: Redis) -> None:
    hints = Hints(redis)
    assert not await hints.is_scanned(DESK, PROJECT)
    await hints.set_scanned(DESK, PROJECT)
    assert await Hints(redis).is_scanned(DESK, PROJECT)
    assert not await hints.is_scanned("globex", PROJECT)
    assert not await hints.is_scanned(DESK, PROJECT + 1)
    await redis.flushall()
    assert not await hints.is_scanned(DESK, PROJECT)


async def test_the_mark_of_a_project_does_not_go_by_itself(redis: Redis) -> None:
    await Hints(redis).set_scanned(DESK, PROJECT)
    (key,) = await redis.keys("*")
    assert await redis.ttl(key) == -1


async def test_an_outage_has_no_project_read(redis: Redis, own_redis: EmbeddedRedis) -> None:
    """What would be found could not be put down."""
    await own_redis.stop()
    await Hints(redis).set_scanned(DESK, PROJECT)
    assert await Hints(redis).is_scanned(DESK, PROJECT)
