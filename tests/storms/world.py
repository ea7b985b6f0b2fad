"""The whole service for a storm: every part a process of its own that can be killed, and a Zendesk and a Teamwork whose
behaviour is ours to spoil.

Temporal and Redis are those of `servers.py`, or others that a storm brings (`cluster/`). The two sandboxes live in the
test's own process: what they hold is looked at there, what is done to them is done over HTTP.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from temporalio.client import Client, WorkflowHandle, WorkflowQueryFailedError
from temporalio.service import RPCError
from temporalio.testing import TimeSkipper

from tests.storms.cluster.round_robin import round_robin
from tests.storms.programs import Program
from tests.storms.servers import Servers, Starting, TemporalServer, embedded_servers
from tests.support.desk import desk_stands
from tests.support.wait import eventually
from ticketsync import names
from ticketsync.demo.webhook import install_webhook
from ticketsync.embedded import EmbeddedRedis, Say, free_port
from ticketsync.sandbox.environment import sites_environment
from ticketsync.sandbox.http import serve
from ticketsync.sandbox.teamwork import TeamworkSandbox
from ticketsync.sandbox.teamwork.records import Task
from ticketsync.sandbox.teamwork.settings import Switches, TeamworkSettings
from ticketsync.sandbox.zendesk import ZendeskSandbox
from ticketsync.sandbox.zendesk.settings import Limits, Tuning, ZendeskSettings
from ticketsync.settings import DEFAULT_DESK, load_settings
from ticketsync.teamwork.marker import markers_in
from ticketsync.temporal import data_converter
from ticketsync.workflows.desk import EXPORT_EVERY
from ticketsync.zendesk import ZendeskClient

PLENTY = 1_000_000
QUERY_WITHIN = 10.0


@dataclass
class World:
    """Everything of one storm. `environ` is what servers and workers are started with; into `merge_target`, a ticket of
    before that has no task, all others are merged.
    """

    environ: dict[str, str]
    temporal: TemporalServer
    redis: EmbeddedRedis
    zendesk: ZendeskSandbox
    teamwork: TeamworkSandbox
    servers: list[Program]
    workers: list[Program]
    client: Client
    zendesk_http: httpx.AsyncClient
    merge_target: int = 0

    async def status(self, ticket_id: int) -> dict[str, Any]:
        """What the ticket says of itself; nothing ({}) while it cannot say anything."""
        handle = self.client.get_workflow_handle(names.ticket_workflow_id(DEFAULT_DESK, ticket_id))
        try:
            async with asyncio.timeout(QUERY_WITHIN):
                status: dict[str, Any] = await handle.query("status")
        except (RPCError, WorkflowQueryFailedError, TimeoutError):
            return {}
        return status

    @property
    def desk(self) -> WorkflowHandle[Any, Any]:
        return self.client.get_workflow_handle(names.desk_workflow_id(DEFAULT_DESK))

    async def export(self) -> dict[str, Any]:
        """How far the desk has read Zendesk's export; nothing ({}) while it cannot say."""
        try:
            async with asyncio.timeout(QUERY_WITHIN):
                export: dict[str, Any] = (await self.desk.query("status"))["export"]
        except (RPCError, WorkflowQueryFailedError, TimeoutError):
            return {}
        return export

    async def reads_the_export(self) -> None:
        """Have the export read now, and not only when it is due: all that was changed until two seconds ago."""
        before = (await eventually(self.export, what="the desk answers"))["read_at"]
        await asyncio.wait_for(TimeSkipper(self.client).fast_forward(self.desk, EXPORT_EVERY), timeout=90)

        async def was_read() -> bool:
            read_at = (await self.export()).get("read_at", before)
            return bool(read_at != before)

        await eventually(was_read, 90, what="the export is read")

    async def change(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """One call of Zendesk's API that must succeed."""
        answer = (await self.zendesk_http.request(method, path, json=body)).raise_for_status()
        content: dict[str, Any] = answer.json() if answer.content else {}
        return content

    @property
    def undelivered(self) -> int:
        """How many webhooks are on their way, delayed or to be tried again."""
        return len(self.zendesk.deliveries._pending)

    def tasks(self) -> dict[int, list[Task]]:
        """All tasks ever made, those in the trash included, by the ticket of their marker."""
        return tasks_by_ticket(self.teamwork)


def tasks_by_ticket(teamwork: TeamworkSandbox) -> dict[int, list[Task]]:
    found: dict[int, list[Task]] = {}
    for task in teamwork.site.state.tasks.values():
        for _, ticket_id in markers_in(task.description):
            found.setdefault(ticket_id, []).append(task)
    return found


@asynccontextmanager
async def running_world(
    folder: Path,
    say: Say,
    *,
    workers: int = 2,
    servers: int = 1,
    variables: Mapping[str, str] | None = None,
    calls_per_minute: int = PLENTY,
    seed: int = 0,
    others: Starting = embedded_servers,
) -> AsyncIterator[World]:
    """Start everything; `variables` are settings of server and workers, `calls_per_minute` Teamwork's own limit.

    Several `servers` stand behind a round-robin. `others` starts Temporal and Redis.
    """
    async with AsyncExitStack() as held:
        running = await held.enter_async_context(others(say))
        starting = _Starting(folder, running, held, seed=seed)
        yield await starting.world(dict(variables or {}), calls_per_minute, servers=servers, workers=workers)


class _Starting:
    def __init__(self, folder: Path, running: Servers, held: AsyncExitStack, *, seed: int) -> None:
        self._folder = folder
        self._running = running
        self._held = held
        self._account = ZendeskSettings(seed=seed, tuning=_unlimited())
        self._site = TeamworkSettings()

    async def world(self, variables: dict[str, str], calls_per_minute: int, *, servers: int, workers: int) -> World:
        enter, temporal = self._held.enter_async_context, self._running.temporal
        zendesk, teamwork = await self._sandboxes(calls_per_minute)
        zendesk_url = (await enter(serve(zendesk.app))).url
        teamwork_url = (await enter(serve(teamwork.app))).url
        environ = self._environ(zendesk_url, teamwork_url) | variables
        auth = (f"{self._account.email}/token", self._account.api_token)
        zendesk_http = await enter(httpx.AsyncClient(base_url=zendesk_url, auth=auth, timeout=60, trust_env=False))
        ports = [free_port(0) for _ in range(servers)]
        endpoint = f"http://127.0.0.1:{await self._reached_at(ports)}/webhooks/zendesk/{DEFAULT_DESK}"
        policy = load_settings(environ=environ).desk(DEFAULT_DESK).policy
        admin = ZendeskClient(base_url=zendesk_url, email=self._account.email, api_token=self._account.api_token)
        async with admin:
            environ["ZENDESK_WEBHOOK_SECRET"] = await install_webhook(admin, endpoint, policy)
        world = World(
            environ=environ,
            temporal=temporal,
            redis=self._running.redis,
            zendesk=zendesk,
            teamwork=teamwork,
            servers=[
                self._program(
                    "server", "--port", str(port), environ=environ, ready="connected to Temporal", number=number
                )
                for number, port in enumerate(ports, start=1)
            ],
            workers=[
                self._program("worker", environ=environ, ready="worker is running", number=number)
                for number in range(1, workers + 1)
            ],
            client=await Client.connect(temporal.address, data_converter=data_converter()),
            zendesk_http=zendesk_http,
        )
        await self._start(world)
        world.merge_target = await old_ticket(zendesk_http)
        return world

    async def _reached_at(self, ports: Sequence[int]) -> int:
        return ports[0] if len(ports) == 1 else await self._held.enter_async_context(round_robin(ports))

    async def _sandboxes(self, calls_per_minute: int) -> tuple[ZendeskSandbox, TeamworkSandbox]:
        teamwork = TeamworkSandbox(self._site, Switches(calls_per_minute=calls_per_minute))
        zendesk = ZendeskSandbox(self._account)
        teamwork.faults._random.seed(self._account.seed)
        return await self._held.enter_async_context(zendesk), await self._held.enter_async_context(teamwork)

    def _environ(self, zendesk_url: str, teamwork_url: str) -> dict[str, str]:
        return {
            **self._running.environ,
            **sites_environment(self._account, zendesk_url, self._site, teamwork_url),
            "TICKETSYNC_HOST": "127.0.0.1",
            "TICKETSYNC_LOG_LEVEL": "info",
        }

    def _program(self, *arguments: str, environ: Mapping[str, str], ready: str, number: int = 1) -> Program:
        name = f"{arguments[0]} {number}"
        log = self._folder / f"{name.replace(' ', '-')}.log"
        return Program(name, *arguments, environ=environ, log=log, ready=ready)

    async def _start(self, world: World) -> None:
        programs = [*world.servers, *world.workers]
        for program in programs:
            self._held.push_async_callback(program.kill)
        await asyncio.gather(*(program.start() for program in programs))
        await eventually(lambda: desk_stands(world.client), what="the desk stands")


async def old_ticket(zendesk: httpx.AsyncClient) -> int:
    """One that was solved before the desk was linked, and of which no event tells."""
    row = {"subject": "The shop is down", "status": "solved", "created_at": "2020-01-01T00:00:00Z"}
    answer = await zendesk.post("/sandbox/tickets", json={"tickets": [row]})
    ticket_id: int = answer.raise_for_status().json()["tickets"][0]["id"]
    return ticket_id


def _unlimited() -> Tuning:
    """The storm's own calls are no subject of Zendesk's limits; the export withholds a second, not a minute."""
    return Tuning(export_withheld_seconds=1, limits=Limits(account=PLENTY, ticket_updates=PLENTY, webhooks=PLENTY))
