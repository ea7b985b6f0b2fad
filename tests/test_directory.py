"""Who is who, in a real Redis: one whole generation at a time, and a copy in each process for when Redis is away."""

import asyncio
import random
from datetime import timedelta

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from ticketsync import directory
from ticketsync.directory import Directory
from ticketsync.embedded import EmbeddedRedis
from ticketsync.sync.people import People

ANN, BEN, CLEO = 8447388090777, 8447388090888, 8447388090999
PERSON_ANN, PERSON_BEN = 500002, 500003
EVERYBODY = {ANN: PERSON_ANN, BEN: PERSON_BEN, CLEO: None}
DESK = "acme"


# --- what it says of people


async def test_a_match_no_match_and_nobody_known_are_three_different_answers(redis: Redis) -> None:
    await Directory(redis).write(DESK, 1, EVERYBODY)
    people = await Directory(redis).people(DESK, [CLEO, ANN, 1, ANN])
    assert people == People(generation=1, known={ANN: PERSON_ANN, CLEO: None})


async def test_without_a_directory_there_is_no_generation(redis: Redis) -> None:
    assert await Directory(redis).people(DESK, [ANN]) == People(generation=None)
    assert await Directory(redis).all(DESK) is None


async def test_a_directory_of_nobody_is_a_directory(redis: Redis) -> None:
    await Directory(redis).write(DESK, 3, {})
    assert await Directory(redis).people(DESK, [ANN]) == People(generation=3)
    assert await Directory(redis).all(DESK) == (3, {})


async def test_desks_know_nothing_of_each_other(redis: Redis) -> None:
    await Directory(redis).write(DESK, 1, EVERYBODY)
    await Directory(redis).write("globex", 2, {ANN: PERSON_BEN})
    assert await Directory(redis).all(DESK) == (1, EVERYBODY)
    assert await Directory(redis).all("globex") == (2, {ANN: PERSON_BEN})


# --- how many agents have no person


async def test_the_count_is_known_to_every_process_and_goes_with_the_directory(redis: Redis) -> None:
    assert await Directory(redis).unmapped(DESK) is None
    await Directory(redis).put_unmapped(DESK, 0)
    await Directory(redis).put_unmapped("globex", 3)
    assert [await Directory(redis).unmapped(desk) for desk in (DESK, "globex")] == [0, 3]
    (key,) = await redis.keys(f"*{DESK}*")
    assert 0 < await redis.ttl(key) <= directory.KEPT.total_seconds()


async def test_without_redis_the_count_is_not_known(redis: Redis, own_redis: EmbeddedRedis) -> None:
    await Directory(redis).put_unmapped(DESK, 3)
    await own_redis.stop()
    assert await Directory(redis).unmapped(DESK) is None


# --- generations


async def test_an_older_generation_never_overwrites_a_newer_one(redis: Redis) -> None:
    assert await Directory(redis).write(DESK, 1_795_000_000_000_002, EVERYBODY) == 1_795_000_000_000_002
    assert await Directory(redis).write(DESK, 1_795_000_000_000_001, {ANN: PERSON_BEN}) == 1_795_000_000_000_002
    assert await Directory(redis).all(DESK) == (1_795_000_000_000_002, EVERYBODY)


async def test_a_newer_generation_replaces_the_whole_of_an_older_one(redis: Redis) -> None:
    await Directory(redis).write(DESK, 1, EVERYBODY)
    await Directory(redis).write(DESK, 2, {CLEO: PERSON_ANN})
    assert await Directory(redis).all(DESK) == (2, {CLEO: PERSON_ANN})


async def test_the_same_generation_may_be_written_again(redis: Redis) -> None:
    """By another attempt of the activity that had no answer the first time, and reads something newer now."""
    await Directory(redis).write(DESK, 1, {ANN: PERSON_BEN})
    assert await Directory(redis).write(DESK, 1, EVERYBODY) == 1
    assert await Directory(redis).all(DESK) == (1, EVERYBODY)


async def test_of_many_writers_at_once_the_newest_generation_stands_whole(redis: Redis) -> None:
    generations = random.Random(0).sample(range(1, 41), 40)  # noqa: S311 - an order that can be repeated
    writers = [Directory(redis) for _ in range(4)]
    everybody = range(1, 30)
    await asyncio.gather(
        *(
            writers[generation % 4].write(DESK, generation, dict.fromkeys(everybody, generation))
            for generation in generations
        )
    )
    assert await Directory(redis).all(DESK) == (40, dict.fromkeys(everybody, 40))


# --- time to live


async def test_a_directory_that_nobody_renews_goes(redis: Redis) -> None:
    await Directory(redis).write(DESK, 1, EVERYBODY)
    (key,) = await redis.keys("*")
    assert timedelta(hours=1).total_seconds() < await redis.ttl(key) <= directory.KEPT.total_seconds()
    await redis.expire(key, 60)
    await Directory(redis).write(DESK, 2, EVERYBODY)
    assert await redis.ttl(key) > 60


async def test_one_that_is_gone_is_not_made_up_for_by_a_copy(redis: Redis) -> None:
    """A missing one is loaded anew within seconds; a copy would hide that it is missing."""
    people = Directory(redis)
    await people.write(DESK, 1, EVERYBODY)
    await redis.flushall()
    assert await people.people(DESK, [ANN]) == People(generation=None)


# --- Redis away


@pytest.mark.parametrize("knows", ["as its writer", "as a reader"])
async def test_while_redis_is_away_a_process_goes_on_with_its_own_copy(
    redis: Redis, own_redis: EmbeddedRedis, knows: str
) -> None:
    people = Directory(redis)
    await (people if knows == "as its writer" else Directory(redis)).write(DESK, 1, EVERYBODY)
    await people.people(DESK, [ANN])
    await own_redis.stop()
    assert await people.people(DESK, [BEN, CLEO, 1]) == People(generation=1, known={BEN: PERSON_BEN, CLEO: None})


async def test_a_copy_that_is_too_old_is_worth_nothing(
    redis: Redis, own_redis: EmbeddedRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = Directory(redis)
    await people.write(DESK, 1, EVERYBODY)
    await own_redis.stop()
    monkeypatch.setattr(directory, "COPY_TOO_OLD", 0.0)
    assert await people.people(DESK, [ANN]) == People(generation=None)


async def test_a_process_that_never_saw_the_directory_has_no_copy(redis: Redis, own_redis: EmbeddedRedis) -> None:
    await Directory(redis).write(DESK, 1, EVERYBODY)
    await own_redis.stop()
    assert await Directory(redis).people(DESK, [ANN]) == People(generation=None)


async def test_a_copy_is_made_anew_now_and_then(
    redis: Redis, own_redis: EmbeddedRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = Directory(redis)
    await people.write(DESK, 1, EVERYBODY)
    await Directory(redis).write(DESK, 2, {ANN: PERSON_BEN})
    monkeypatch.setattr(directory, "COPY_REFRESH", 0.0)
    await people.people(DESK, [])
    await own_redis.stop()
    assert await people.people(DESK, [ANN]) == People(generation=2, known={ANN: PERSON_BEN})


async def test_a_writer_that_was_too_late_keeps_no_copy_of_what_it_did_not_write(
    redis: Redis, own_redis: EmbeddedRedis
) -> None:
    late = Directory(redis)
    await Directory(redis).write(DESK, 2, EVERYBODY)
    await late.write(DESK, 1, {ANN: PERSON_BEN})
    await own_redis.stop()
    assert await late.people(DESK, [ANN]) == People(generation=None)


async def test_writing_and_reading_all_without_redis_are_errors(redis: Redis, own_redis: EmbeddedRedis) -> None:
    """The desk's activity tries again: a directory that was not written must not count as written."""
    await own_redis.stop()
    with pytest.raises(RedisError):
        await Directory(redis).write(DESK, 1, EVERYBODY)
    with pytest.raises(RedisError):
        await Directory(redis).all(DESK)
