"""How many tickets are in which state, what is held up for how long, which desks are paused or in trouble.

Asked of Temporal alone: its visibility counts, and lists what is in trouble, which is little as a rule. One worker asks
for all of them, whoever takes the turn in Redis; the others show what it found. Without Redis each asks for itself.
"""

import asyncio
from collections import Counter
from collections.abc import Collection
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import get_args

from pydantic import BaseModel, ValidationError
from redis.asyncio import Redis
from redis.exceptions import RedisError
from temporalio.client import Client

from ticketsync import names
from ticketsync.desk_calls import DeskCallError, read_facts
from ticketsync.listing import TIMEOUT, TROUBLES, attribute_of, found_runs, since_of
from ticketsync.sync.desk import DeskFacts
from ticketsync.sync.state import SyncState

KEY, TURN = "ticketsync:census", "ticketsync:census:turn"
KEPT = timedelta(hours=1)
PAUSE = 0.05  # between two questions: a namespace answers only so many of them in a second
CALM = tuple(state for state in get_args(SyncState) if state not in TROUBLES)
TICKETS = f"WorkflowType = '{names.TICKET_WORKFLOW}' AND ExecutionStatus = 'Running'"


class Oldest(BaseModel):
    """Since when the first of the tickets in this state for this reason is so."""

    state: str
    reason: str
    since: datetime


class DeskCount(BaseModel):
    """`tickets` has all states. `facts` is None for a desk that has not published any, or does not answer."""

    tickets: dict[str, int]
    oldest: tuple[Oldest, ...] = ()
    facts: DeskFacts | None = None


class Census(BaseModel):
    counted_at: datetime
    desks: dict[str, DeskCount]


async def take_census(client: Client, desks: Collection[str]) -> Census:
    """All desks as they are now. Raises RPCError."""
    begun = datetime.now(UTC)
    troubled, oldest = await _troubles(client)
    counts = {}
    for desk in desks:
        tickets = {state: troubled[desk, state] for state in TROUBLES} | await _calm(client, desk)
        known = tuple(one for name, one in oldest if name == desk)
        counts[desk] = DeskCount(tickets=tickets, oldest=known, facts=await _facts(client, desk))
    return Census(counted_at=begun, desks=counts)


async def _troubles(client: Client) -> tuple[Counter[tuple[str, str]], list[tuple[str, Oldest]]]:
    """Of all desks: how many are in which state of trouble, and the oldest for each reason."""
    states = ", ".join(f"'{state}'" for state in TROUBLES)
    counts, first = Counter[tuple[str, str]](), dict[tuple[str, str, str], str]()
    async for run in found_runs(client, f"{TICKETS} AND {names.SYNC_STATE.name} IN ({states})"):
        desk, state, reason = (attribute_of(run, key) for key in (names.DESK, names.SYNC_STATE, names.REASON))
        counts[desk, state] += 1
        since = since_of(run)
        first[desk, state, reason] = min(since, first.get((desk, state, reason), since))
    return counts, [
        (desk, Oldest(state=state, reason=reason, since=datetime.fromisoformat(since)))
        for (desk, state, reason), since in first.items()
    ]


async def _calm(client: Client, desk: str) -> dict[str, int]:
    return {state: await _count(client, desk, state) for state in CALM}


async def _count(client: Client, desk: str, state: str) -> int:
    await asyncio.sleep(PAUSE)
    query = f"{TICKETS} AND {names.DESK.name} = '{desk}' AND {names.SYNC_STATE.name} = '{state}'"
    return (await client.count_workflows(query, rpc_timeout=TIMEOUT)).count


async def _facts(client: Client, desk: str) -> DeskFacts | None:
    try:
        return await read_facts(client, desk)
    except DeskCallError:
        return None


class SharedCensus:
    """The newest census, as all workers show it. Redis may be wiped or away."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._own: Census | None = None

    async def is_our_turn(self, seconds: float) -> bool:
        """Whether nobody else has asked within so many seconds; then nobody else does."""
        try:
            return bool(await self._redis.set(TURN, 1, px=int(seconds * 1000), nx=True))
        except (RedisError, OSError):
            return self._own is None or (datetime.now(UTC) - self._own.counted_at).total_seconds() >= seconds

    async def put(self, census: Census) -> None:
        self._own = census
        with suppress(RedisError, OSError):
            await self._redis.set(KEY, census.model_dump_json(), ex=KEPT)

    async def newest(self) -> Census | None:
        """None while nobody has counted yet."""
        known = [census for census in (self._own, await self._shared()) if census is not None]
        return max(known, key=lambda census: census.counted_at, default=None)

    async def _shared(self) -> Census | None:
        try:
            stored = await self._redis.get(KEY)
            return Census.model_validate_json(stored) if stored is not None else None
        except (RedisError, OSError, ValidationError):
            return None
