"""The whole service in one process: Temporal with its UI, Redis, both sandboxes, server and worker, all on loopback.

What tells the parts of each other is one set of variables, those of a real deployment: the settings are loaded from
them, and a shell that exports them reaches this very stack with every other command.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from redis.asyncio import Redis
from temporalio.client import Client
from temporalio.service import RPCError

from ticketsync import names
from ticketsync.ask_status import ask_status
from ticketsync.demo.ports import Ports
from ticketsync.demo.progress import Progress
from ticketsync.demo.webhook import install_webhook
from ticketsync.embedded import FAIR_QUEUES, EmbeddedRedis, EmbeddedTemporal, redis_server, temporal_server
from ticketsync.embedded.environment import servers_environment
from ticketsync.logs import start_logging
from ticketsync.redis_client import close_redis, connect_redis
from ticketsync.sandbox.environment import sites_environment
from ticketsync.sandbox.http import serve
from ticketsync.sandbox.teamwork import TeamworkSandbox
from ticketsync.sandbox.teamwork import TeamworkSettings as Site
from ticketsync.sandbox.teamwork.settings import Switches
from ticketsync.sandbox.zendesk import ZendeskSandbox
from ticketsync.sandbox.zendesk import ZendeskSettings as Account
from ticketsync.server import create_app
from ticketsync.settings import DEFAULT_DESK, Settings, load_settings
from ticketsync.sync.desk import DeskState
from ticketsync.temporal import build_runtime, data_converter, register_search_attributes
from ticketsync.tracing import tracing
from ticketsync.worker import run_worker
from ticketsync.zendesk import ZendeskClient

LOOPBACK = "127.0.0.1"
DESK_STANDS_WITHIN = 60.0
LOOK_EVERY = 0.05
ANSWERS_WITHIN = 5.0  # seconds
SEARCH_ATTRIBUTES = {key.name: "Keyword" for key in names.SEARCH_ATTRIBUTES}
CALLS_PER_MINUTE = 3000  # a whole day is played in seconds; the real quota would make it minutes

# Seconds instead of minutes, so that one sees what happens; the grace period leaves time to look at running tickets.
QUICK_RULES = {
    "TICKETSYNC_SETTLE_WINDOW": "2s",
    "TICKETSYNC_GRACE_PERIOD": "60s",
    "TICKETSYNC_EXCLUDE_TAGS": "no_task",
    "TICKETSYNC_TEAMWORK_CALLS_PER_MINUTE": str(CALLS_PER_MINUTE),
    "TICKETSYNC_API_TOKEN": "ticketsync-dev",
}


class CannotStartError(Exception):
    """A part cannot start; the message says which, why, and what to do."""


@dataclass(frozen=True)
class Wanted:
    """How to start: where the server listens, preferred ports, a folder that keeps everything.

    `variables` are `TICKETSYNC_…` settings that go before those of `QUICK_RULES`, `logging` those of the log.
    """

    host: str = LOOPBACK
    ports: Ports = field(default_factory=Ports)
    folder: Path | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    logging: Mapping[str, str] = field(default_factory=lambda: {"TICKETSYNC_LOG_LEVEL": "warning"})


@dataclass
class DevStack:
    """Everything running. `environment` are the variables with which other commands reach it."""

    settings: Settings
    environment: dict[str, str]
    temporal: EmbeddedTemporal
    redis: EmbeddedRedis
    server_url: str
    zendesk_url: str
    teamwork_url: str
    account: Account
    site: Site
    worker: "asyncio.Task[None]"

    def history_url(self, ticket_id: int) -> str:
        """Where the Temporal UI shows a ticket."""
        namespace, workflow_id = self.temporal.namespace, names.ticket_workflow_id(DEFAULT_DESK, ticket_id)
        return f"{self.temporal.ui_url}/namespaces/{namespace}/workflows/{workflow_id}"


@asynccontextmanager
async def running_stack(wanted: Wanted, progress: Progress) -> AsyncIterator[DevStack]:
    """Start everything, stop it in the opposite order; what is under way in the sandbox Zendesk waits in its state.

    Raises CannotStartError, EmbeddedError, SettingsError.
    """
    async with AsyncExitStack() as held:
        yield await _Starting(wanted, progress, held).start()


class _Starting:
    """One start, part by part; `held` ends them in the opposite order."""

    def __init__(self, wanted: Wanted, progress: Progress, held: AsyncExitStack) -> None:
        self._wanted = wanted
        self._progress = progress
        self._held = held
        self._account, self._site = Account(), Site()

    async def start(self) -> DevStack:
        self._make_folder()
        temporal, redis = await self._temporal(), await self._redis()
        teamwork_url = await self._teamwork()
        zendesk, zendesk_url = await self._zendesk()
        client = await self._client(temporal)
        environment = self._environment(temporal, redis, zendesk_url, teamwork_url)
        settings, server_url = await self._server(environment, zendesk_url, client)
        worker = await self._worker(settings, client)
        # Only now, so that an event kept from the last run finds somebody who listens.
        await self._held.enter_async_context(zendesk)
        stack = DevStack(
            settings=settings,
            environment=environment,
            temporal=temporal,
            redis=redis,
            server_url=server_url,
            zendesk_url=zendesk_url,
            teamwork_url=teamwork_url,
            account=self._account,
            site=self._site,
            worker=worker,
        )
        self._keep_ports(stack)
        return stack

    def _make_folder(self) -> None:
        folder = self._wanted.folder
        try:
            if folder is not None:
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CannotStartError(
                f"nothing can be kept in {folder} ({error.strerror}): choose another folder"
            ) from None

    @contextmanager
    def _part(self, name: str, advice: str = "") -> Iterator[dict[str, str]]:
        """One part that starts; what it puts under "at" is said with the time it took, `advice` when it cannot."""
        began, told = time.monotonic(), dict[str, str]()
        with self._progress.doing(f"starting {name}"):
            try:
                yield told
            except (OSError, ValueError, RPCError, httpx.HTTPError) as error:
                raise CannotStartError(f"{name} cannot start: {error}{advice}") from None
        self._progress.say(f"  {name:<17} {told['at']}  ({time.monotonic() - began:.1f} s)")

    async def _temporal(self) -> EmbeddedTemporal:
        with self._part("Temporal") as told:
            server = await self._held.enter_async_context(
                temporal_server(
                    say=self._progress.say,
                    state_dir=self._wanted.folder,
                    port=self._wanted.ports.temporal,
                    ui=True,
                    dynamic_config=FAIR_QUEUES,
                    search_attributes=SEARCH_ATTRIBUTES,
                )
            )
            told["at"] = f"{server.address}, its UI {server.ui_url}"
        return server

    async def _redis(self) -> EmbeddedRedis:
        with self._part("Redis") as told:
            server = await self._held.enter_async_context(
                redis_server(say=self._progress.say, state_dir=self._wanted.folder, port=self._wanted.ports.redis)
            )
            told["at"] = f"{server.host}:{server.port}"
        return server

    async def _teamwork(self) -> str:
        with self._part("sandbox Teamwork") as told:
            switches = Switches(calls_per_minute=CALLS_PER_MINUTE)
            sandbox = TeamworkSandbox(self._site, switches, state_dir=self._wanted.folder)
            await self._held.enter_async_context(sandbox)
            served = await self._held.enter_async_context(serve(sandbox.app, port=self._wanted.ports.teamwork))
            told["at"] = served.url
        return served.url

    async def _zendesk(self) -> tuple[ZendeskSandbox, str]:
        """Its API answers from here on; it sends nothing before it is entered."""
        with self._part("sandbox Zendesk") as told:
            sandbox = ZendeskSandbox(self._account, state_dir=self._wanted.folder)
            served = await self._held.enter_async_context(serve(sandbox.app, port=self._wanted.ports.zendesk))
            told["at"] = served.url
        return sandbox, served.url

    async def _client(self, temporal: EmbeddedTemporal) -> Client:
        # Not by TEMPORAL_*: those of this shell may lead to another server.
        client = await Client.connect(
            temporal.address,
            namespace=temporal.namespace,
            data_converter=data_converter(),
            runtime=build_runtime(),
        )
        await register_search_attributes(client)
        return client

    def _environment(
        self, temporal: EmbeddedTemporal, redis: EmbeddedRedis, zendesk_url: str, teamwork_url: str
    ) -> dict[str, str]:
        return {
            **servers_environment(temporal, redis),
            **sites_environment(self._account, zendesk_url, self._site, teamwork_url),
            **QUICK_RULES,
            **self._wanted.variables,
        }

    async def _server(self, environment: dict[str, str], zendesk_url: str, client: Client) -> tuple[Settings, str]:
        """The webhook comes first, because the server needs its secret, and once more, now that the port is known."""
        host, port = self._wanted.host, self._wanted.ports.server
        policy = load_settings(environ=environment).desk(DEFAULT_DESK).policy
        with self._part("server", advice=f". It was to listen on {host}: choose another --host") as told:
            async with self._admin(zendesk_url) as zendesk:
                environment["ZENDESK_WEBHOOK_SECRET"] = await install_webhook(zendesk, _endpoint(host, port), policy)
                settings = load_settings(environ={**environment, **self._wanted.logging})
                start_logging(settings)
                self._held.enter_context(tracing(settings.traces_endpoint, "dev"))
                served = await self._held.enter_async_context(serve(create_app(settings, lambda: client), host, port))
                endpoint = _endpoint(host, served.port)
                await install_webhook(zendesk, endpoint, policy)
            told["at"] = f"{served.url}, webhook installed for {endpoint}"
        return settings, f"http://{_reached(host)}:{served.port}"

    @asynccontextmanager
    async def _admin(self, zendesk_url: str) -> AsyncIterator[ZendeskClient]:
        async with httpx.AsyncClient(trust_env=False) as http:
            account = self._account
            yield ZendeskClient(base_url=zendesk_url, email=account.email, api_token=account.api_token, http=http)

    async def _worker(self, settings: Settings, client: Client) -> "asyncio.Task[None]":
        redis, stop = connect_redis(settings.redis), asyncio.Event()
        self._held.push_async_callback(close_redis, redis)
        with self._part("worker") as told:
            worker = await self._held.enter_async_context(_working(settings, client, redis, stop))
            told["at"] = f"desk {DEFAULT_DESK!r} linked: {await _desk_stands(client, worker)}"
        return worker

    def _keep_ports(self, stack: DevStack) -> None:
        if self._wanted.folder is not None:
            ports = Ports(
                server=_port(stack.server_url),
                temporal=_port(f"http://{stack.temporal.address}"),
                redis=stack.redis.port,
                zendesk=_port(stack.zendesk_url),
                teamwork=_port(stack.teamwork_url),
            )
            ports.keep(self._wanted.folder)


@asynccontextmanager
async def _working(
    settings: Settings, client: Client, redis: Redis, stop: asyncio.Event
) -> AsyncIterator["asyncio.Task[None]"]:
    """A worker until the block ends; what it is doing then is finished first."""
    worker = asyncio.create_task(run_worker(settings, client, redis, stop))
    try:
        yield worker
    finally:
        stop.set()
        await worker


async def _desk_stands(client: Client, worker: "asyncio.Task[None]") -> str:
    """Wait until the desk has its task list and its people; what it found. Raises CannotStartError."""
    handle = client.get_workflow_handle(names.desk_workflow_id(DEFAULT_DESK))
    give_up = time.monotonic() + DESK_STANDS_WITHIN
    while time.monotonic() < give_up and not worker.done():
        state = await _desk_state(handle)
        if state is not None and _stands(state):
            people = state.directory
            return f"task list {state.tasklist_id}, {people.matched} of {people.agents} agents have a person"
        await asyncio.sleep(LOOK_EVERY)
    raise CannotStartError(f"the worker did not link its desk within {DESK_STANDS_WITHIN:g} s: see the log above")


async def _desk_state(handle: Any) -> DeskState | None:
    """None while it is not started yet, no worker polls yet, or it is just told something."""
    state, _ = await ask_status(handle, DeskState, asyncio.get_running_loop().time() + ANSWERS_WITHIN)
    return state


def _stands(state: DeskState) -> bool:
    """With the second of linking over: a ticket of that second may be an older one, and its task is looked for."""
    over = datetime.now(UTC).replace(microsecond=0) > state.linked_at
    return over and state.tasklist_id is not None and state.directory.generation > 0


def _endpoint(host: str, port: int) -> str:
    return f"http://{_reached(host)}:{port}/webhooks/zendesk/{DEFAULT_DESK}"


def _reached(host: str) -> str:
    """The address under which this machine reaches what listens on `host`."""
    return LOOPBACK if host == "0.0.0.0" else host  # noqa: S104 - compared, not bound


def _port(url: str) -> int:
    return httpx.URL(url).port or 0
