"""The whole of ticketsync in one process for tests: sandbox Zendesk and Teamwork, worker, and how to signal tickets.

Everything is real: HTTP over sockets, the embedded Temporal server, the embedded Redis.
"""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
from pydantic import SecretStr
from redis.asyncio import Redis
from temporalio.client import Client, WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode

from tests.support.wait import eventually
from ticketsync import names
from ticketsync.redis_client import close_redis, connect_redis
from ticketsync.sandbox.http import serve
from ticketsync.sandbox.teamwork import TeamworkSandbox
from ticketsync.sandbox.zendesk import ZendeskSandbox
from ticketsync.settings import DeskSettings, RedisSettings, Settings, TeamworkSettings, ZendeskSettings
from ticketsync.sync.event import Event
from ticketsync.sync.policy import Policy
from ticketsync.sync.state import TicketState
from ticketsync.temporal import data_converter
from ticketsync.worker import run_worker

PROJECT, TASK_LIST = 987654, 1234
QUICK = Policy(settle_window=timedelta(seconds=1), grace_period=timedelta(seconds=30))
BUSY = ("pending", "working")


@dataclass
class Stack:
    """One desk with its outside world. `zendesk_http` and `teamwork_http` speak to the sandboxes as a person would."""

    settings: Settings
    desk: str
    client: Client
    redis: Redis
    zendesk: ZendeskSandbox
    teamwork: TeamworkSandbox
    zendesk_http: httpx.AsyncClient
    teamwork_http: httpx.AsyncClient

    def ticket(self, ticket_id: int) -> WorkflowHandle[Any, Any]:
        return self.client.get_workflow_handle(names.ticket_workflow_id(self.desk, ticket_id), result_type=TicketState)

    async def signal(self, *events: Event) -> WorkflowHandle[Any, Any]:
        """Signal-with-start each event, as the server does."""
        for event in events:
            await self.client.start_workflow(
                names.TICKET_WORKFLOW,
                TicketState(desk=self.desk, ticket_id=event.ticket_id),
                id=names.ticket_workflow_id(self.desk, event.ticket_id),
                task_queue=names.WORKFLOW_QUEUE,
                start_signal=names.ZENDESK_EVENT,
                start_signal_args=[event],
            )
        return self.ticket(events[-1].ticket_id)

    async def status(self, ticket_id: int) -> dict[str, Any]:
        try:
            status: dict[str, Any] = await self.ticket(ticket_id).query("status")
        except RPCError as error:
            if error.status == RPCStatusCode.NOT_FOUND:
                return {}
            raise
        return status

    async def settled(self, ticket_id: int, *states: str, deadline: float = 15.0) -> dict[str, Any]:
        """The ticket's status once it is in one of these states (in_step, if none is named)."""

        async def reached() -> dict[str, Any] | None:
            status = await self.status(ticket_id)
            return status if status.get("sync_state") in (states or ("in_step",)) else None

        what = f"ticket {ticket_id} is {' or '.join(states or ('in_step',))}"
        return await eventually(reached, deadline, what=what) or {}

    async def task(self, task_id: int) -> dict[str, Any] | None:
        """The task as Teamwork shows it; None when it is deleted."""
        answer = await self.teamwork_http.get(f"/projects/api/v3/tasks/{task_id}.json")
        return answer.json()["task"] if answer.status_code == httpx.codes.OK else None

    async def tasks_ever(self) -> list[dict[str, Any]]:
        """All tasks ever created, those in the trash included."""
        answer = await self.teamwork_http.get(
            f"/projects/api/v3/projects/{PROJECT}/tasks.json",
            params={"includeCompletedTasks": "true", "showDeleted": "true", "pageSize": 500},
        )
        tasks: list[dict[str, Any]] = answer.json()["tasks"]
        return tasks


@asynccontextmanager
async def running_stack(
    address: str, redis_port: int, *, policy: Policy = QUICK, calls_per_minute: int = 3000, work: bool = True
) -> AsyncIterator[Stack]:
    """A desk of its own name with its own sandboxes, and a worker unless `work` is false."""
    async with AsyncExitStack() as cleanup:
        zendesk, teamwork = ZendeskSandbox(), TeamworkSandbox()
        await cleanup.enter_async_context(zendesk)
        await cleanup.enter_async_context(teamwork)
        zendesk_url = (await cleanup.enter_async_context(serve(zendesk.app))).url
        teamwork_url = (await cleanup.enter_async_context(serve(teamwork.app))).url
        desk = f"d{uuid.uuid4().hex[:12]}"
        settings = Settings(
            redis=RedisSettings(port=redis_port, host="127.0.0.1"),
            desks={desk: desk_settings(desk, zendesk_url, teamwork_url, policy, calls_per_minute)},
        )
        client = await Client.connect(address, data_converter=data_converter())
        redis = connect_redis(settings.redis)
        cleanup.push_async_callback(close_redis, redis)
        zendesk_http = httpx.AsyncClient(
            base_url=zendesk_url, auth=("sync@sandbox.example/token", "zendesk-sandbox-token")
        )
        teamwork_http = httpx.AsyncClient(base_url=teamwork_url, auth=("twp_sandbox", "x"))
        await cleanup.enter_async_context(zendesk_http)
        await cleanup.enter_async_context(teamwork_http)
        stack = Stack(settings, desk, client, redis, zendesk, teamwork, zendesk_http, teamwork_http)
        if work:
            await cleanup.enter_async_context(working(stack))
        yield stack


@asynccontextmanager
async def working(stack: Stack) -> AsyncIterator[None]:
    """A worker for the stack's desk, up when its desk is linked and knows its people."""
    stop = asyncio.Event()
    run = asyncio.create_task(run_worker(stack.settings, stack.client, stack.redis, stop))
    try:
        await eventually(lambda: _desk_stands(stack), what="the desk stands")
        yield
    finally:
        stop.set()
        await run


async def _desk_stands(stack: Stack) -> bool:
    handle = stack.client.get_workflow_handle(names.desk_workflow_id(stack.desk))
    try:
        state: dict[str, Any] = await handle.query("status")
    except RPCError:
        return False
    return state["tasklist_id"] is not None and state["directory"]["generation"] > 0


def desk_settings(
    desk: str, zendesk_url: str, teamwork_url: str, policy: Policy, calls_per_minute: int
) -> DeskSettings:
    return DeskSettings(
        name=desk,
        zendesk=ZendeskSettings(
            base_url=zendesk_url, email="sync@sandbox.example", api_token=SecretStr("zendesk-sandbox-token")
        ),
        teamwork=TeamworkSettings(
            base_url=teamwork_url,
            api_token=SecretStr("twp_sandbox"),
            project_id=PROJECT,
            calls_per_minute=calls_per_minute,
        ),
        policy=policy,
    )
