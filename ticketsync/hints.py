"""Hints in Redis: which task a ticket had, and what it had decided on, when we last knew.

Wiped at any moment they cost no more than a look elsewhere, or a decision that changes nothing.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from pydantic import ValidationError
from redis.asyncio import Redis
from redis.exceptions import RedisError

from ticketsync.sync.known import Decided

KEPT = timedelta(days=90)


class Position(NamedTuple):
    """How far a project's tasks were read, by their time of creation: page `page` of those made after `after`."""

    after: datetime | None = None
    page: int = 1


class Hints:
    """The hints of all desks. Redis down reads as "no hint", and a hint that could not be written is not missed."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    # --- the task of a ticket

    async def task_id(self, desk: str, ticket_id: int) -> int | None:
        try:
            found = await self._redis.get(_task(desk, ticket_id))
        except (RedisError, OSError):
            return None
        return int(found) if found is not None and str(found).isdigit() else None

    async def task_ids(self, desk: str, ticket_ids: Sequence[int]) -> dict[int, int]:
        """The tasks of those of these tickets that have a hint. Raises RedisError without Redis."""
        if not ticket_ids:
            return {}
        found = await self._redis.mget([_task(desk, ticket_id) for ticket_id in ticket_ids])
        hints = zip(ticket_ids, found, strict=True)
        return {ticket_id: int(text) for ticket_id, text in hints if isinstance(text, str) and text.isdigit()}

    async def put(self, desk: str, tasks: dict[int, int]) -> bool:
        """Remember the task of each of these tickets; whether that worked."""
        try:
            async with self._redis.pipeline(transaction=False) as pipe:
                for ticket_id, task_id in tasks.items():
                    pipe.set(_task(desk, ticket_id), task_id, ex=KEPT)
                await pipe.execute()
        except (RedisError, OSError):
            return False
        return True

    async def forget(self, desk: str, ticket_id: int) -> None:
        """The ticket has no task any more."""
        try:
            await self._redis.delete(_task(desk, ticket_id))
        except (RedisError, OSError):
            return

    # --- what a ticket has decided on

    async def decided(self, desk: str, ticket_ids: Sequence[int]) -> dict[int, Decided]:
        """What these tickets had decided on, as far as there are hints: one call for all of them."""
        if not ticket_ids:
            return {}
        try:
            found = await self._redis.mget([_decided(desk, ticket_id) for ticket_id in ticket_ids])
        except (RedisError, OSError):
            return {}
        hints = {ticket_id: _read(text) for ticket_id, text in zip(ticket_ids, found, strict=True)}
        return {ticket_id: hint for ticket_id, hint in hints.items() if hint is not None}

    async def put_decided(self, desk: str, ticket_id: int, decided: Decided) -> None:
        try:
            await self._redis.set(_decided(desk, ticket_id), decided.model_dump_json(), ex=KEPT)
        except (RedisError, OSError):
            return

    # --- the reading of a whole project

    async def is_scanned(self, desk: str, project_id: int) -> bool:
        """Whether the project's markers were all read since Redis was last wiped; an outage counts as yes."""
        try:
            return bool(await self._redis.exists(_scanned(desk, project_id)))
        except (RedisError, OSError):
            return True

    async def set_scanned(self, desk: str, project_id: int) -> None:
        """Everything was read: that stays, how far a reading had come goes."""
        try:
            async with self._redis.pipeline(transaction=False) as pipe:
                pipe.set(_scanned(desk, project_id), 1)
                pipe.delete(_scanning(desk, project_id))
                await pipe.execute()
        except (RedisError, OSError):
            return

    async def scanned_to(self, desk: str, project_id: int) -> Position:
        """How far the reading of this project has come since Redis was last wiped. Raises RedisError without Redis."""
        return _position(await self._redis.get(_scanning(desk, project_id)))

    async def set_scanned_to(self, desk: str, project_id: int, position: Position) -> None:
        """Raises RedisError without Redis."""
        after = position.after.isoformat() if position.after is not None else ""
        await self._redis.set(_scanning(desk, project_id), f"{after} {position.page}", ex=KEPT)


def _task(desk: str, ticket_id: int) -> str:
    return f"ticketsync:{desk}:task:{ticket_id}"


def _decided(desk: str, ticket_id: int) -> str:
    return f"ticketsync:{desk}:decided:{ticket_id}"


def _scanned(desk: str, project_id: int) -> str:
    return f"ticketsync:{desk}:scanned:{project_id}"


def _scanning(desk: str, project_id: int) -> str:
    return f"ticketsync:{desk}:scanning:{project_id}"


def _read(text: str | bytes | None) -> Decided | None:
    try:
        return Decided.model_validate_json(text) if text is not None else None
    except ValidationError:
        return None


def _position(text: str | bytes | None) -> Position:
    after, _, page = str(text or " 1").partition(" ")
    return Position(datetime.fromisoformat(after) if after else None, int(page))
