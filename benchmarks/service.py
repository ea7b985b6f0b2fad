"""The whole service for a measurement: Temporal, Redis, server and worker as processes; both sandboxes in our own."""

import asyncio
import inspect
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx
from redis.asyncio import Redis
from temporalio.client import Client, WorkflowQueryFailedError
from temporalio.service import RPCError

from benchmarks.connection import LOOPBACK
from benchmarks.deliveries import SECRET
from benchmarks.load import Load, Sent
from benchmarks.plan import Say
from ticketsync import names
from ticketsync.embedded import ChildProcess, EmbeddedRedis, EmbeddedTemporal, free_port, redis_server, temporal_server
from ticketsync.embedded.environment import servers_environment
from ticketsync.sandbox.environment import sites_environment
from ticketsync.sandbox.http import serve
from ticketsync.sandbox.teamwork import TeamworkSandbox, TeamworkSettings
from ticketsync.sandbox.teamwork.settings import Switches
from ticketsync.sandbox.zendesk import ZendeskSandbox
from ticketsync.settings import DEFAULT_DESK
from ticketsync.temporal import data_converter

PLENTY = 60_000  # calls a minute: the quota is no subject here
STARTS_WITHIN = 60.0
LONGEST_LINE = 2**27
LOOK_EVERY = 0.05  # looking costs what is measured
OURS = ("TICKETSYNC_", "ZENDESK_", "TEAMWORK_", "REDIS_", "TEMPORAL_")
Command = Sequence[str | Path]
SEARCH_ATTRIBUTES = {key.name: "Keyword" for key in names.SEARCH_ATTRIBUTES}


class Generator:
    """The load generator's process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def send(self, load: Load) -> Sent:
        """Raises RuntimeError when it ends instead."""
        reader, writer = self._process.stdout, self._process.stdin
        assert reader is not None  # noqa: S101 - both are pipes
        assert writer is not None  # noqa: S101
        writer.write(load.model_dump_json().encode() + b"\n")
        line = await reader.readline()
        if not line:
            raise RuntimeError("the load generator ended: it says why above")
        return Sent.model_validate_json(line)


@asynccontextmanager
async def _generator(environ: dict[str, str]) -> AsyncIterator[Generator]:
    """Its errors go where ours go."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.load"),
        env={**os.environ, **environ},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=LONGEST_LINE,
    )
    try:
        yield Generator(process)
    finally:
        process.kill()
        await process.wait()


@dataclass
class Service:
    """What runs. `environ` reaches it from other processes; what is started later ends with it."""

    folder: Path
    temporal: EmbeddedTemporal
    client: Client
    redis: Redis
    zendesk: ZendeskSandbox
    teamwork: TeamworkSandbox
    environ: dict[str, str]
    held: AsyncExitStack = field(repr=False)
    generator: Generator | None = None

    async def server(self) -> int:
        """Another `ticketsync server`; the port where it stores what comes in."""
        return (await self.serving())[0]

    async def serving(self, under: Command = ()) -> tuple[int, ChildProcess]:
        """The same, with its process."""
        port = free_port(0)
        process = await self.program("ticketsync", "server", "--port", str(port), under=under)
        await until(lambda: _answers(f"http://{LOOPBACK}:{port}/healthz"), "the server reaches Temporal")
        return port, process

    async def worker(self, *arguments: str, under: Command = ()) -> ChildProcess:
        """A `ticketsync worker`, when the desk is linked, and so long ago that a ticket of now is surely new."""
        process = await self.program("ticketsync", "worker", *arguments, under=under)
        await until(self._desk_stands, "the desk stands")
        return process

    async def program(self, module: str, *arguments: str, under: Command = ()) -> ChildProcess:
        """A Python module as a process, its output in `folder`; or `under` another command that starts it."""
        name = "-".join((module, *arguments))
        process = ChildProcess(
            name,
            [*under, sys.executable, "-m", module, *arguments],
            log=self.folder / f"{name}.log",
            env=self.environment,
        )
        await self.held.enter_async_context(process)
        return process

    @property
    def environment(self) -> dict[str, str]:
        """The whole environment of such a process."""
        others = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
        return {**others, **self.environ}

    async def send(self, load: Load) -> Sent:
        """Have the load generator do it. Raises RuntimeError when it ends instead."""
        if self.generator is None:
            self.generator = await self.held.enter_async_context(_generator(self.environ))
        return await self.generator.send(load)

    async def _desk_stands(self) -> bool:
        try:
            state = await self.client.get_workflow_handle(names.desk_workflow_id(DEFAULT_DESK)).query("status")
        except (RPCError, WorkflowQueryFailedError):
            return False
        over = datetime.now(UTC).replace(microsecond=0) > datetime.fromisoformat(state["linked_at"])
        return bool(over and state["tasklist_id"] and state["directory"]["generation"])


@asynccontextmanager
async def running_service(say: Say, dynamic_config: Mapping[str, str]) -> AsyncIterator[Service]:
    """Everything but server and worker, which a measurement starts as it needs them. All is in memory."""
    async with AsyncExitStack() as held:
        enter = held.enter_async_context
        folder = Path(held.enter_context(tempfile.TemporaryDirectory(prefix="ticketsync-benchmarks-")))
        temporal = await enter(
            temporal_server(say=say, port=0, search_attributes=SEARCH_ATTRIBUTES, dynamic_config=dynamic_config)
        )
        redis = await enter(redis_server(say=say, port=0))
        zendesk, teamwork = ZendeskSandbox(), TeamworkSandbox(switches=Switches(calls_per_minute=PLENTY))
        await enter(zendesk)
        await enter(teamwork)
        zendesk_url, teamwork_url = (await enter(serve(zendesk.app))).url, (await enter(serve(teamwork.app))).url
        yield Service(
            folder=folder,
            temporal=temporal,
            client=await Client.connect(temporal.address, data_converter=data_converter()),
            redis=await enter(Redis.from_url(redis.url)),
            zendesk=zendesk,
            teamwork=teamwork,
            environ=_environ(temporal, redis, zendesk, zendesk_url, teamwork_url),
            held=await enter(AsyncExitStack()),
        )


def _environ(
    temporal: EmbeddedTemporal, redis: EmbeddedRedis, zendesk: ZendeskSandbox, zendesk_url: str, teamwork_url: str
) -> dict[str, str]:
    return {
        **servers_environment(temporal, redis),
        **sites_environment(zendesk.settings, zendesk_url, TeamworkSettings(), teamwork_url),
        "ZENDESK_WEBHOOK_SECRET": SECRET,
        "TICKETSYNC_HOST": LOOPBACK,
        "TICKETSYNC_TEAMWORK_CALLS_PER_MINUTE": str(PLENTY),
    }


async def until(condition: Callable[[], Awaitable[object] | object], what: str, seconds: float = STARTS_WITHIN) -> None:
    """Wait until it is true. Raises TimeoutError that says `what` did not happen."""
    give_up = time.monotonic() + seconds
    while not await _told(condition):
        if time.monotonic() > give_up:
            raise TimeoutError(f"not within {seconds:g} s: {what}")
        await asyncio.sleep(LOOK_EVERY)


async def _told(condition: Callable[[], Awaitable[object] | object]) -> object:
    answer = condition()
    return await answer if inspect.isawaitable(answer) else answer


async def _answers(url: str) -> bool:
    try:
        async with httpx.AsyncClient(trust_env=False) as http:
            return (await http.get(url)).is_success
    except httpx.HTTPError:
        return False
