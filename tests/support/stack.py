"""The whole of ticketsync in one process for tests: sandbox Zendesk and Teamwork, worker, and how to signal tickets.

Everything is real: HTTP over sockets, the embedded Temporal server, the embedded Redis.
"""

import asyncio
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import httpx
from pydantic import SecretStr
from redis.asyncio import Redis
from temporalio.client import Client, WorkflowHandle, WorkflowQueryFailedError
from temporalio.runtime import Runtime
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import TimeSkipper

from tests.support.desk import desk_stands
from tests.support.tickets import Ticket
from tests.support.wait import eventually
from ticketsync import names
from ticketsync.redis_client import close_redis, connect_redis
from ticketsync.sandbox.http import serve
from ticketsync.sandbox.teamwork import TeamworkSandbox
from ticketsync.sandbox.teamwork.settings import Switches
from ticketsync.sandbox.teamwork.settings import TeamworkSettings as TeamworkSite
from ticketsync.sandbox.zendesk import ZendeskSandbox
from ticketsync.settings import DeskSettings, EncryptionKey, RedisSettings, Settings, TeamworkSettings, ZendeskSettings
from ticketsync.settings.watch import SettingsWatch
from ticketsync.sync.event import Event
from ticketsync.sync.policy import Policy
from ticketsync.sync.state import TicketState
from ticketsync.temporal import data_converter
from ticketsync.tickets import store_event
from ticketsync.worker import run_worker

PROJECT, TASK_LIST = 987654, 1234
UNLIMITED = 100_000
PERSON_ANN, PERSON_BEN = 500002, 500003
ANN_KEY = ("twp_ann", "x")
# "In failed state": it was just told that something came in while its task was being completed. Cancelled: by time.
NO_ANSWER_YET = (RPCStatusCode.NOT_FOUND, RPCStatusCode.FAILED_PRECONDITION, RPCStatusCode.CANCELLED)
QUICK = Policy(settle_window=timedelta(seconds=1), grace_period=timedelta(seconds=30))


class ChangedByHand(SettingsWatch):
    """Tells a worker of settings that a test has changed, as if their file had."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._changed: asyncio.Queue[Settings] = asyncio.Queue()

    async def change(self, settings: Settings) -> None:
        """When this returns, the worker goes by these settings."""
        self._changed.put_nowait(settings)
        await self._changed.join()

    async def changes(self) -> AsyncIterator[Settings]:
        while True:
            yield await self._changed.get()
            self._changed.task_done()


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
    watches: list[ChangedByHand] = field(default_factory=list)  # of the workers that run

    @property
    def desk_settings(self) -> DeskSettings:
        return self.settings.desks[self.desk]

    def of_desk(self, desk: str) -> "Stack":
        """The same stack, looked at from another of its desks."""
        return replace(self, desk=desk)

    async def use(self, desk: DeskSettings) -> None:
        """Have the desk's workers go by these settings from now on."""
        self.settings.desks[self.desk] = desk
        now = self.settings.model_copy(update={"desks": dict(self.settings.desks)})
        await asyncio.gather(*(watch.change(now) for watch in self.watches))

    # --- tickets

    def ticket(self, ticket_id: int) -> WorkflowHandle[Any, Any]:
        return self.client.get_workflow_handle(names.ticket_workflow_id(self.desk, ticket_id), result_type=TicketState)

    async def signal(self, *events: Event) -> WorkflowHandle[Any, Any]:
        """Store each event as the server does."""
        for event in events:
            await store_event(self.client, self.desk, event)
        return self.ticket(events[-1].ticket_id)

    async def status(self, ticket_id: int) -> dict[str, Any]:
        """What the ticket says of itself; nothing ({}) before its first run, and while it cannot answer."""
        try:
            status: dict[str, Any] = await self.ticket(ticket_id).query("status")
        except WorkflowQueryFailedError:  # the worker was just building the run anew
            return {}
        except RPCError as error:
            if error.status in NO_ANSWER_YET:
                return {}
            raise
        return status

    async def settled(self, ticket_id: int, *states: str, deadline: float = 90.0) -> dict[str, Any]:
        """The ticket's status once it is in one of these states (or in_step), and nothing is under way."""

        async def reached() -> dict[str, Any] | None:
            status = await self.status(ticket_id)
            stays = status.get("sync_state") in (states or ("in_step",)) and status.get("reason") != "working"
            return status if stays else None

        what = f"ticket {ticket_id} is {' or '.join(states or ('in_step',))}"
        return await eventually(reached, deadline, what=what) or {}

    async def with_task(self, ticket: Ticket, **deadline: float) -> int:
        """Have the ticket created; the id of its task once it is in step."""
        await self.signal(ticket.created())
        return int((await self.settled(ticket.id, **deadline))["task"]["id"])

    async def ended(self, ticket: Ticket) -> TicketState:
        """The last state of the ticket's run, when it has completed."""
        state: TicketState = await asyncio.wait_for(self.ticket(ticket.id).result(), timeout=90)
        return state

    async def put_in_zendesk(self, ticket: Ticket) -> None:
        """Have the ticket in Zendesk as it is now, for those who read it there."""
        seen = ticket.snapshot
        fields = {"id", "status", "assignee_id", "tags", "created_at", "group_id", "priority"}
        known = seen.model_dump(mode="json", include=fields)
        row = {**known, "subject": seen.subject or "", "updated_at": str(seen.updated_at)}
        answer = await self.zendesk_http.post("/sandbox/tickets", json={"tickets": [row]})
        answer.raise_for_status()

    # --- tasks

    async def task(self, task_id: int) -> dict[str, Any] | None:
        """The task as Teamwork shows it; None when it is deleted."""
        answer = await self.teamwork_http.get(f"/projects/api/v3/tasks/{task_id}.json")
        return answer.json()["task"] if answer.status_code == httpx.codes.OK else None

    async def tags(self, task_id: int) -> set[str]:
        """The names of the task's tags."""
        answer = await self.teamwork_http.get(f"/projects/api/v3/tasks/{task_id}.json?include=tags")
        return {tag["name"] for tag in answer.json()["included"]["tags"].values()}

    async def new_list(self, name: str) -> int:
        """A further task list in the desk's project."""
        made = await self.teamwork_http.post(f"/projects/{PROJECT}/tasklists.json", json={"todo-list": {"name": name}})
        return int(made.json()["tasklistId"])

    async def shows(self, task_id: int, **fields: object) -> bool:
        task = await self.task(task_id)
        return task is not None and all(task[name] == value for name, value in fields.items())

    async def tasks_of(self, ticket_id: int) -> list[int]:
        """All tasks that were ever created for this ticket, those in the trash included."""
        answer = await self.teamwork_http.get("/sandbox/tasks")
        marker = f"[ticketsync:{self.desk}/{ticket_id}]"
        return [task["id"] for task in answer.json()["tasks"] if marker in (task["description"] or "")]

    def writes(self, path: str) -> int:
        """How many writes of Teamwork whose path matches were answered 2xx."""
        return sum(call.status is not None and call.status < 300 for call in self.teamwork.faults.writes(path))

    # --- the desk

    @property
    def desk_workflow(self) -> WorkflowHandle[Any, Any]:
        return self.client.get_workflow_handle(names.desk_workflow_id(self.desk))

    async def desk_state(self) -> dict[str, Any]:
        state: dict[str, Any] = await self.desk_workflow.query("status")
        return state

    async def skip(self, workflow: WorkflowHandle[Any, Any], time: timedelta) -> None:
        """Let that much time pass for one workflow. The clocks of activities and of all others stay real.

        Nothing is skipped while an activity is under way: one that was lost with its worker takes its whole minute.
        """
        await asyncio.wait_for(TimeSkipper(self.client).fast_forward(workflow, time), timeout=150)


@asynccontextmanager
async def running_stack(
    address: str,
    redis_port: int,
    *,
    policy: Policy = QUICK,
    calls_per_minute: int = 3000,
    tasklist_id: int | None = TASK_LIST,
    desks: int = 1,
    work: bool = True,
    keys: Sequence[EncryptionKey] = (),
) -> AsyncIterator[Stack]:
    """Desks of their own names with sandboxes of their own, and a worker unless `work` is false.

    `tasklist_id` None: the project has no list for tickets yet. All desks share one Zendesk and one project. `keys`
    encrypt what Temporal stores.
    """
    async with AsyncExitStack() as cleanup:
        switches = Switches(calls_per_minute=UNLIMITED)
        zendesk, teamwork = ZendeskSandbox(), TeamworkSandbox(TeamworkSite(tasklist_id=tasklist_id), switches)
        await cleanup.enter_async_context(zendesk)
        await cleanup.enter_async_context(teamwork)
        zendesk_url = (await cleanup.enter_async_context(serve(zendesk.app))).url
        teamwork_url = (await cleanup.enter_async_context(serve(teamwork.app))).url
        named = [f"d{uuid.uuid4().hex[:12]}" for _ in range(desks)]
        settings = Settings(
            encryption_keys=tuple(keys),
            redis=RedisSettings(port=redis_port, host="127.0.0.1"),
            desks={desk: desk_settings(desk, zendesk_url, teamwork_url, policy, calls_per_minute) for desk in named},
        )
        redis = connect_redis(settings.redis)
        cleanup.push_async_callback(close_redis, redis)
        zendesk_auth = ("sync@sandbox.example/token", "zendesk-sandbox-token")
        zendesk_http = httpx.AsyncClient(base_url=zendesk_url, auth=zendesk_auth)
        teamwork_http = httpx.AsyncClient(base_url=teamwork_url, auth=("twp_sandbox", "x"))
        await cleanup.enter_async_context(zendesk_http)
        await cleanup.enter_async_context(teamwork_http)
        client = await connected(address, keys)
        stack = Stack(settings, named[0], client, redis, zendesk, teamwork, zendesk_http, teamwork_http)
        cleanup.push_async_callback(terminate_all, stack)
        if work:
            await cleanup.enter_async_context(working(stack))
        yield stack


async def connected(address: str, keys: Sequence[EncryptionKey] = (), runtime: Runtime | None = None) -> Client:
    return await Client.connect(address, data_converter=data_converter(keys), runtime=runtime)


async def terminate_all(stack: Stack) -> None:
    """Leave nothing running that the worker of another stack would find on the same queue."""
    for desk in stack.settings.desks:
        one_each = (names.desk_workflow_id, names.backfill_workflow_id, names.alert_workflow_id)
        alone = f"WorkflowId IN ({', '.join(repr(name(desk)) for name in one_each)})"
        ours = f"WorkflowId STARTS_WITH 'ticket-{desk}-' OR {alone}"
        async for run in stack.client.list_workflows(f"({ours}) AND ExecutionStatus = 'Running'"):
            try:
                await stack.client.get_workflow_handle(run.id).terminate()
            except RPCError as error:
                if error.status != RPCStatusCode.NOT_FOUND:
                    raise


@asynccontextmanager
async def working(stack: Stack) -> AsyncIterator[None]:
    """A worker for the stack's desks, up when they are linked and know their people."""
    stop, watch = asyncio.Event(), ChangedByHand(stack.settings)
    run = asyncio.create_task(run_worker(stack.settings, stack.client, stack.redis, stop, watch))
    stack.watches.append(watch)
    try:
        await eventually(lambda: _desks_stand(stack), what="the desks stand")
        yield
    finally:
        stack.watches.remove(watch)
        stop.set()
        await run


async def _desks_stand(stack: Stack) -> bool:
    return all([await desk_stands(stack.client, desk) for desk in stack.settings.desks])


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
