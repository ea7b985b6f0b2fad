"""The part of a quota that lives in Redis."""

import asyncio
import math
import time
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any, TypeVar

from limits import RateLimitItemPerSecond
from limits.aio.storage import RedisStorage
from limits.aio.strategies import MovingWindowRateLimiter
from redis.asyncio import Redis
from redis.exceptions import RedisError

from ticketsync.cancelling import heeding_cancel
from ticketsync.limiter.windows import Window

PREFIX = "ticketsync:quota"
BOUND_SECONDS = 0.25
ALIVE_SECONDS = 10
SHORTEST_WAIT = 0.01

T = TypeVar("T")


@dataclass(frozen=True)
class Wait:
    """Seconds until it is worth asking again, 0 with a place. `held`: the site said that its quota is used up."""

    seconds: float
    held: bool = False


class RedisLost(Exception):
    """Redis refused, or did not answer within 250 ms."""


class SharedQuota:
    """What the processes that call a site share in Redis. Every key goes away by itself.

    Everything here raises RedisLost, and is bounded to 250 ms.
    """

    def __init__(self, site: str, redis: Redis) -> None:
        self._site = site
        self._redis = redis
        self._limiter = MovingWindowRateLimiter(_storage(redis))
        self._hold_key = f"{PREFIX}:{site}:hold"
        self._processes_key = f"{PREFIX}:{site}:processes"

    async def announce(self, member: str) -> list[str]:
        """Say that a process lives; the answer names all that said so in the last 10 s, it included."""
        return await _bounded(self._announce(member))

    async def withdraw(self, member: str) -> None:
        await _bounded(self._redis.zrem(self._processes_key, member))

    async def take(self, window: Window, leave: int = 0) -> Wait:
        """Take a place if `leave` others stay free after it; or say how long there is none."""
        return await _bounded(self._take(window, leave))

    async def hold(self, seconds: float) -> None:
        await _bounded(self._hold(math.ceil(seconds * 1000)))

    async def left(self, window: Window) -> int:
        return await _bounded(self._left(window))

    async def _announce(self, member: str) -> list[str]:
        now, _ = await self._redis.time()
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.zremrangebyscore(self._processes_key, 0, now - ALIVE_SECONDS)
            pipe.zadd(self._processes_key, {member: now})
            pipe.expire(self._processes_key, ALIVE_SECONDS)
            pipe.zrange(self._processes_key, 0, -1)
            *_, members = await pipe.execute()
        return [m.decode() if isinstance(m, bytes) else m for m in members]

    async def _take(self, window: Window, leave: int) -> Wait:
        held = await self._held()
        if held > 0:
            return Wait(held, held=True)
        free = not leave or await self._limiter.test(_item(window), self._site, cost=leave + 1)
        if free and await self._limiter.hit(_item(window), self._site):
            return Wait(0.0)
        stats = await self._limiter.get_window_stats(_item(window), self._site)
        return Wait(max(stats.reset_time - time.time(), SHORTEST_WAIT))

    async def _held(self) -> float:
        return max(await self._redis.pttl(self._hold_key), 0) / 1000

    async def _hold(self, milliseconds: int) -> None:
        """The longest hold counts."""
        fresh = await self._redis.set(self._hold_key, 1, px=milliseconds, nx=True)
        if not fresh and await self._redis.pttl(self._hold_key) < milliseconds:
            await self._redis.pexpire(self._hold_key, milliseconds)

    async def _left(self, window: Window) -> int:
        if await self._held() > 0:
            return 0
        return (await self._limiter.get_window_stats(_item(window), self._site)).remaining


def _storage(redis: Redis) -> RedisStorage:
    """The client's pool brings its address with it, and for Sentinel the search for the master."""
    pool: Any = redis.connection_pool  # the options are declared as plain values only
    return RedisStorage("redis://", implementation="redispy", key_prefix=PREFIX, connection_pool=pool)


def _item(window: Window) -> RateLimitItemPerSecond:
    return RateLimitItemPerSecond(window.calls, int(window.seconds), namespace="window")


async def _bounded(question: Awaitable[T]) -> T:
    try:
        async with asyncio.timeout(BOUND_SECONDS):
            return await heeding_cancel(question)
    except (RedisError, OSError) as error:  # asyncio's TimeoutError is an OSError
        raise RedisLost(type(error).__name__) from error
