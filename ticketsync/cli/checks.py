"""What `ticketsync check` looks at for the whole service: Temporal, its namespace, the workers, Redis.

Every check answers with a line, never with an exception, and within seconds.
"""

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Literal

from pydantic import BaseModel
from redis.asyncio import Redis
from redis.exceptions import RedisError
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import PollerInfo, TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from ticketsync import __version__, names
from ticketsync.cli.reach import reach_temporal
from ticketsync.cli.sides import ask_redis
from ticketsync.deployments import current_build
from ticketsync.settings import Settings
from ticketsync.temporal import (
    LOOK_TIMEOUT,
    REFUSED,
    TemporalError,
    missing_search_attributes,
    retention,
    search_attributes_command,
)

SERVICE = "service"
SHORTEST_RETENTION = timedelta(days=7)
# A poll lasts a minute; whoever has not polled for longer than that is gone, though Temporal lists him for five.
POLLS_EVERY = timedelta(seconds=90)

Outcome = Literal["ok", "warning", "failed"]


class CheckLine(BaseModel):
    """One thing that was looked at: `of` is a desk or the whole service, `next` what to do about it."""

    of: str
    name: str
    outcome: Outcome
    found: str
    next: str = ""


def worst(lines: Iterable[CheckLine]) -> Outcome:
    outcomes = {line.outcome for line in lines}
    return "failed" if "failed" in outcomes else "warning" if "warning" in outcomes else "ok"


def _line(name: str, outcome: Outcome, found: str, to_do: str = "") -> CheckLine:
    return CheckLine(of=SERVICE, name=name, outcome=outcome, found=found, next=to_do)


# --- Temporal


async def check_temporal(settings: Settings) -> tuple[Client | None, list[CheckLine]]:
    """The client, if Temporal answers, and the lines on it."""
    try:
        client = await reach_temporal()
    except TemporalError as error:
        return None, [_line("temporal", "failed", str(error), "start Temporal, or correct TEMPORAL_ADDRESS")]
    reached = _line("temporal", "ok", f"answers at {client.service_client.config.target_host}")
    looks = [_retention(client), _search_attributes(client), _pollers(client)]
    if settings.worker_deployment is not None:
        looks.append(_deployment(client, settings.worker_deployment))
    return client, [reached, *await asyncio.gather(*looks)]


async def _retention(client: Client) -> CheckLine:
    where = f"--address {client.service_client.config.target_host} --namespace {client.namespace}"
    try:
        kept = await retention(client)
    except RPCError as error:
        if error.status == RPCStatusCode.NOT_FOUND:
            create = f"temporal operator namespace create {where} --retention 30d"
            return _line("namespace", "failed", f"there is no namespace {client.namespace}", f"run {create}")
        outcome: Outcome = "warning" if error.status in REFUSED else "failed"
        return _line("namespace", outcome, f"{client.namespace} cannot be looked at: {error.status.name}")
    found = f"{client.namespace} keeps closed workflows for {_days(kept)}"
    if kept < SHORTEST_RETENTION:
        update = f"temporal operator namespace update {where} --retention 30d"
        return _line("namespace", "failed", f"{found}, at least 7 are needed", f"run {update}")
    return _line("namespace", "ok", found)


def _days(time: timedelta) -> str:
    days = time.total_seconds() / 86400
    return "1 day" if days == 1 else f"{days:g} days"


async def _search_attributes(client: Client) -> CheckLine:
    try:
        missing = await missing_search_attributes(client)
    except RPCError as error:
        outcome: Outcome = "warning" if error.status in REFUSED else "failed"
        return _line("search attributes", outcome, f"cannot be looked at: {error.status.name}")
    except TemporalError as error:
        return _line("search attributes", "failed", str(error))
    if missing:
        to_do = f"start a worker, or run {search_attributes_command(client)}"
        return _line("search attributes", "failed", f"not registered: {', '.join(missing)}", to_do)
    return _line("search attributes", "ok", f"all {len(names.SEARCH_ATTRIBUTES)} registered")


async def _pollers(client: Client) -> CheckLine:
    try:
        workers = await pollers(client, names.WORKFLOW_QUEUE, TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW)
    except RPCError as error:
        return _line("worker", "failed", f"queue {names.WORKFLOW_QUEUE} cannot be looked at: {error.status.name}")
    if not workers:
        return _line("worker", "failed", f"nobody polls queue {names.WORKFLOW_QUEUE}", "run ticketsync worker")
    return _line("worker", "ok", f"{', '.join(workers)} on queue {names.WORKFLOW_QUEUE}")


async def pollers(client: Client, queue: str, kind: TaskQueueType.ValueType) -> list[str]:
    """The identities of those who poll this queue. Raises RPCError."""
    request = DescribeTaskQueueRequest(
        namespace=client.namespace, task_queue=TaskQueue(name=queue), task_queue_type=kind
    )
    answer = await client.workflow_service.describe_task_queue(request, timeout=LOOK_TIMEOUT)
    return sorted({poller.identity for poller in answer.pollers if _polls(poller)})


def _polls(poller: PollerInfo) -> bool:
    return datetime.now(UTC) - poller.last_access_time.ToDatetime(UTC) < POLLS_EVERY


async def _deployment(client: Client, deployment: str) -> CheckLine:
    try:
        build = await current_build(client, deployment)
    except RPCError as error:
        return _line("worker deployment", "failed", f"{deployment} cannot be looked at: {error.status.name}")
    make_current = "run ticketsync worker --make-current"
    if build is None:
        return _line("worker deployment", "failed", f"{deployment} has no current version", make_current)
    found = f"{deployment}: the current version is {build}"
    if build != __version__:
        return _line("worker deployment", "warning", f"{found}, this is {__version__}", make_current)
    return _line("worker deployment", "ok", found)


# --- Redis


async def check_redis(redis: Redis) -> list[CheckLine]:
    try:
        await ask_redis(redis.ping)
    except RedisError as error:
        to_do = "start Redis, or correct REDIS_HOST and REDIS_PORT; until then people and quotas are not shared"
        return [_line("redis", "failed", f"does not answer ({type(error).__name__})", to_do)]
    return [_line("redis", "ok", "answers")]
