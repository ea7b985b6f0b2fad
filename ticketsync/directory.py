"""The directory in Redis: which Teamwork person each Zendesk agent of a desk is.

One hash per desk: `generation`, and one field per agent with the person's id, empty without a match. It is written
whole by the desk's directory activity and read by every decision with one round trip. Each process keeps a copy of its
own for when Redis does not answer. Beside it stands how many active agents have no person.
"""

import time
from collections.abc import Awaitable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import cast

from redis.asyncio import Redis
from redis.exceptions import RedisError

from ticketsync.sync.people import People

KEPT = timedelta(hours=3)
COPY_REFRESH = 60.0
COPY_TOO_OLD = 900.0
GENERATION = "generation"

# An older generation never overwrites a newer one, whoever of two workers is slower.
WRITE = """
local known = tonumber(redis.call('HGET', KEYS[1], 'generation') or '-1')
if known > tonumber(ARGV[1]) then return known end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'generation', ARGV[1])
for i = 3, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
redis.call('EXPIRE', KEYS[1], ARGV[2])
return tonumber(ARGV[1])
"""


@dataclass
class _Copy:
    generation: int
    people: dict[int, int | None]
    made_at: float = field(default_factory=time.monotonic)

    @property
    def age(self) -> float:
        return time.monotonic() - self.made_at


class Directory:
    """Who is who on all desks, as this process sees it."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._copies: dict[str, _Copy] = {}

    async def people(self, desk: str, agent_ids: Iterable[int]) -> People:
        """What is known of these Zendesk users. Without Redis from this process's copy, while that is young enough."""
        wanted = sorted(set(agent_ids))
        try:
            await self._refresh_copy(desk)
            fields = [GENERATION, *(str(agent_id) for agent_id in wanted)]
            values = await cast("Awaitable[list[str | None]]", self._redis.hmget(_key(desk), fields))
        except (RedisError, OSError):
            return self._from_copy(desk, wanted)
        if values[0] is None:
            return People()
        known = zip(wanted, values[1:], strict=True)
        return People(
            generation=int(values[0]), known={who: _person(value) for who, value in known if value is not None}
        )

    async def all(self, desk: str) -> tuple[int, dict[int, int | None]] | None:
        """The generation and everybody in it; None when there is no directory. Raises RedisError without Redis."""
        stored = await cast("Awaitable[dict[str, str]]", self._redis.hgetall(_key(desk)))
        if GENERATION not in stored:
            return None
        generation = int(stored.pop(GENERATION))
        return generation, {int(agent_id): _person(value) for agent_id, value in stored.items()}

    async def write(self, desk: str, generation: int, people: dict[int, int | None]) -> int:
        """Write the whole directory; the generation that now stands there, which may be a newer one."""
        arguments: list[str | int] = [generation, int(KEPT.total_seconds())]
        for agent_id, person_id in people.items():
            arguments += [str(agent_id), "" if person_id is None else str(person_id)]
        stands = await cast("Awaitable[int]", self._redis.eval(WRITE, 1, _key(desk), *arguments))
        if stands == generation:
            self._copies[desk] = _Copy(generation, people)
        return int(stands)

    # --- how many agents have no person

    async def put_unmapped(self, desk: str, agents: int) -> None:
        """So many active agents have no person, as the directory was made. Raises RedisError without Redis."""
        await self._redis.set(_unmapped(desk), agents, ex=KEPT)

    async def unmapped(self, desk: str) -> int | None:
        """How many active agents have no person; None while that is not known."""
        try:
            found = await self._redis.get(_unmapped(desk))
        except (RedisError, OSError):
            return None
        return int(found) if found is not None else None

    async def _refresh_copy(self, desk: str) -> None:
        copy = self._copies.get(desk)
        if copy is not None and copy.age < COPY_REFRESH:
            return
        stored = await self.all(desk)
        if stored is not None:
            self._copies[desk] = _Copy(*stored)

    def _from_copy(self, desk: str, wanted: list[int]) -> People:
        copy = self._copies.get(desk)
        if copy is None or copy.age > COPY_TOO_OLD:
            return People()
        known = {agent_id: copy.people[agent_id] for agent_id in wanted if agent_id in copy.people}
        return People(generation=copy.generation, known=known)


def _person(value: str) -> int | None:
    return int(value) if value else None


def _key(desk: str) -> str:
    return f"ticketsync:{desk}:people"


def _unmapped(desk: str) -> str:
    return f"ticketsync:{desk}:unmapped"
