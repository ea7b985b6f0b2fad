"""Redis and the two sides of a desk, opened for one command."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from redis.asyncio import Redis
from redis.exceptions import RedisError

from ticketsync.desks import Desk, open_desks
from ticketsync.redis_client import close_redis, connect_redis
from ticketsync.settings import Settings

Answer = TypeVar("Answer")

REDIS_TRIES = 4
REDIS_PAUSE = 0.1


@asynccontextmanager
async def reach_redis(settings: Settings) -> AsyncIterator[Redis]:
    redis = connect_redis(settings.redis)
    try:
        yield redis
    finally:
        await close_redis(redis)


@asynccontextmanager
async def reach_desk(settings: Settings, name: str) -> AsyncIterator[Desk]:
    """One desk with its clients. Their calls count in the quota that all workers share."""
    only = settings.model_copy(update={"desks": {name: settings.desk(name)}})
    async with reach_redis(settings) as redis, open_desks(only, redis) as desks:
        yield desks[name]


async def ask_redis(ask: Callable[[], Awaitable[Answer]]) -> Answer:
    """What Redis answers, within about a second. Raises RedisError.

    Our clients give up after 250 ms, which a process that has just begun may spend on itself: so more than once.
    """
    for _ in range(REDIS_TRIES - 1):
        try:
            return await ask()
        except RedisError:
            await asyncio.sleep(REDIS_PAUSE)
    return await ask()
