"""Hints in Redis: which task a ticket had when we last knew. Wiped at any moment, they only cost a look elsewhere."""

from datetime import timedelta

from redis.asyncio import Redis
from redis.exceptions import RedisError

KEPT = timedelta(days=90)


class Hints:
    """The hints of all desks. Redis down reads as "no hint", and a hint that could not be written is not missed."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def task_id(self, desk: str, ticket_id: int) -> int | None:
        try:
            found = await self._redis.get(_key(desk, ticket_id))
        except (RedisError, OSError):
            return None
        return int(found) if found is not None and str(found).isdigit() else None

    async def put(self, desk: str, tasks: dict[int, int]) -> bool:
        """Remember the task of each of these tickets; whether that worked."""
        try:
            async with self._redis.pipeline(transaction=False) as pipe:
                for ticket_id, task_id in tasks.items():
                    pipe.set(_key(desk, ticket_id), task_id, ex=KEPT)
                await pipe.execute()
        except (RedisError, OSError):
            return False
        return True

    async def is_scanned(self, desk: str, project_id: int) -> bool:
        """Whether the project's markers were all read since Redis was last wiped; an outage counts as yes."""
        try:
            return bool(await self._redis.exists(_scanned(desk, project_id)))
        except (RedisError, OSError):
            return True

    async def set_scanned(self, desk: str, project_id: int) -> None:
        try:
            await self._redis.set(_scanned(desk, project_id), 1)
        except (RedisError, OSError):
            return


def _key(desk: str, ticket_id: int) -> str:
    return f"ticketsync:{desk}:task:{ticket_id}"


def _scanned(desk: str, project_id: int) -> str:
    return f"ticketsync:{desk}:scanned:{project_id}"
