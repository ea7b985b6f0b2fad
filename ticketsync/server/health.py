"""Whether this process serves (`/livez`, the probe), and whether what it needs answers (`/healthz`, for monitoring)."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel
from redis.asyncio import Redis
from redis.exceptions import RedisError
from temporalio.client import Client
from temporalio.service import RPCError

TEMPORAL_SECONDS = 2.0
REDIS_SECONDS = 0.5

ClientProvider = Callable[[], Client | None]


class Check(BaseModel):
    """One thing that the server needs. `message` is a code, without addresses: anybody may ask."""

    status: Literal["ok", "down"]
    message: str = ""


class HealthAnswer(BaseModel):
    """`degraded` without Redis, which only makes things slower; `down` without Temporal, when nothing can be stored."""

    status: Literal["ok", "degraded", "down"]
    checks: dict[str, Check]


class LiveAnswer(BaseModel):
    status: Literal["ok"] = "ok"


def health_routes(temporal: ClientProvider, redis: Redis) -> APIRouter:
    router = APIRouter(tags=["health"])

    @router.get("/livez")
    async def livez() -> LiveAnswer:
        return LiveAnswer()

    @router.get("/healthz", responses={503: {"model": HealthAnswer}})
    async def healthz(response: Response) -> HealthAnswer:
        temporal_check, redis_check = await asyncio.gather(_check_temporal(temporal()), _check_redis(redis))
        if temporal_check.status == "down":
            response.status_code = 503
        checks = {"temporal": temporal_check, "redis": redis_check}
        return HealthAnswer(status=_overall(temporal_check, redis_check), checks=checks)

    return router


def _overall(temporal: Check, redis: Check) -> Literal["ok", "degraded", "down"]:
    if temporal.status == "down":
        return "down"
    return "ok" if redis.status == "ok" else "degraded"


async def _check_temporal(client: Client | None) -> Check:
    if client is None:
        return Check(status="down", message="not_connected")
    try:
        async with asyncio.timeout(TEMPORAL_SECONDS):
            serving = await client.service_client.check_health(timeout=timedelta(seconds=TEMPORAL_SECONDS))
    except RPCError as error:
        return Check(status="down", message=error.status.name.lower())
    except TimeoutError:
        return Check(status="down", message="timeout")
    return Check(status="ok") if serving else Check(status="down", message="not_serving")


async def _check_redis(redis: Redis) -> Check:
    try:
        async with asyncio.timeout(REDIS_SECONDS):
            await redis.ping()
    except (RedisError, OSError) as error:
        return Check(status="down", message=type(error).__name__)
    return Check(status="ok")
