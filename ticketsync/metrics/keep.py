"""What a worker's gauges show, looked at every 15 seconds; nothing of it when nobody can look at them."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError
from temporalio.client import Client
from temporalio.service import RPCError

from ticketsync.desks import Desks
from ticketsync.directory import Directory
from ticketsync.limiter import SiteQuota
from ticketsync.metrics.census import Census, DeskCount, SharedCensus, take_census
from ticketsync.metrics.worker import NOT_KNOWN, OfDesk, OfDeskTrouble, OfSide, OfState, OfTrouble, WorkerMetrics
from ticketsync.sync.desk import DeskFacts, Side

LOOK_EVERY = 15.0
CENSUS_EVERY = 60.0
SIDES: tuple[Side, ...] = ("teamwork", "zendesk")

logger = structlog.get_logger(__name__)


class Gauges:
    """The gauges of one worker. `redis` is the worker's own client."""

    def __init__(self, client: Client, redis: Redis, desks: Desks, metrics: WorkerMetrics) -> None:
        self._client = client
        self._redis = redis
        self._desks = desks
        self._metrics = metrics
        self._directory = Directory(redis)
        self._census = SharedCensus(redis)
        self._began = datetime.now(UTC)

    async def keep(self) -> None:
        """For ever; what goes wrong in one look is gone with the next."""
        while self._metrics.on:
            try:
                await self._look()
            except Exception:
                logger.exception("the metrics could not be looked after: tried again in some seconds")
            await asyncio.sleep(LOOK_EVERY)

    async def _look(self) -> None:
        self._metrics.redis_answers(answers=await self._redis_answers())
        await self._look_at_people()
        await self._look_at_quotas()
        if await self._census.is_our_turn(CENSUS_EVERY):
            await self._count()
        self._show(await self._census.newest())

    async def _redis_answers(self) -> bool:
        try:
            await self._redis.ping()
        except (RedisError, OSError):
            return False
        return True

    async def _look_at_people(self) -> None:
        """The same in every worker, whichever of them made the directory."""
        counts = {OfDesk(desk): await self._directory.unmapped(desk) for desk in tuple(self._desks)}
        known = {labels: float(agents) for labels, agents in counts.items() if agents is not None}
        self._metrics.unmapped_agents.show(known)

    async def _look_at_quotas(self) -> None:
        """Desks that share a site show the same."""
        left: dict[SiteQuota, float] = {}
        quotas = {OfSide(desk, side): quota for desk, side, quota in self._desks.quotas()}
        for quota in set(quotas.values()):
            calls = await quota.left()
            left[quota] = NOT_KNOWN if calls is None else float(calls)
        self._metrics.quota_left.show({labels: left[quota] for labels, quota in quotas.items()})
        self._metrics.quota_calls.show({labels: float(quota.burst) for labels, quota in quotas.items()})

    async def _count(self) -> None:
        try:
            await self._census.put(await take_census(self._client, tuple(self._desks)))
        except RPCError as error:
            logger.info("the tickets could not be counted", status=error.status.name)

    def _show(self, census: Census | None) -> None:
        now = datetime.now(UTC)
        self._metrics.count_age((now - (census.counted_at if census is not None else self._began)).total_seconds())
        desks = census.desks if census is not None else {}
        self._metrics.tickets.show(_tickets(desks))
        self._metrics.oldest_trouble.show(oldest_troubles(census) if census is not None else {})
        facts = {name: desk.facts for name, desk in desks.items() if desk.facts is not None}
        self._metrics.desk_paused.show({OfDesk(desk): float(known.paused) for desk, known in facts.items()})
        self._metrics.desk_trouble.show(_desk_troubles(facts))


def _tickets(desks: Mapping[str, DeskCount]) -> dict[OfState, float]:
    return {OfState(name, state): float(count) for name, desk in desks.items() for state, count in desk.tickets.items()}


def oldest_troubles(census: Census) -> dict[OfTrouble, float]:
    """How old they were when they were counted: what became of them since then, while nobody counts, is not known."""
    return {
        OfTrouble(name, one.state, one.reason): max((census.counted_at - one.since).total_seconds(), 0.0)
        for name, desk in census.desks.items()
        for one in desk.oldest
    }


def _desk_troubles(facts: Mapping[str, DeskFacts]) -> dict[OfDeskTrouble, float]:
    found = {(desk, side): known.trouble_of(side) for desk, known in facts.items() for side in SIDES}
    return {OfDeskTrouble(desk, side, code): 1.0 for (desk, side), code in found.items() if code is not None}
