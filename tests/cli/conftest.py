"""The whole service as its users run it: sandbox, server and worker as processes, one set for all tests here."""

import json
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from google.protobuf.duration_pb2 import Duration
from redis.asyncio import Redis
from temporalio.api.workflowservice.v1 import RegisterNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError

from tests.cli.programs import STARTS_WITHIN, Program, Ran, program, run
from tests.cli.webhooks import Office, office
from tests.support.desk import desk_stands
from tests.support.wait import eventually
from ticketsync import names
from ticketsync.embedded import EmbeddedRedis, EmbeddedTemporal, free_port
from ticketsync.temporal import data_converter

ANN, BEN, CLEO, CUSTOMER = 8447388090777, 8447388090888, 8447388090999, 8447388091001
ANN_PERSON, BEN_PERSON, DORA_PERSON = 500_002, 500_003, 500_004
MONTH = 30 * 86400
QUICK = {"TICKETSYNC_SETTLE_WINDOW": "1s", "TICKETSYNC_TEAMWORK_CALLS_PER_MINUTE": "3000"}


async def new_namespace(address: str, *, retention: int = MONTH) -> str:
    """A namespace of our own, so that no worker of other tests takes our workflows; without search attributes yet."""
    namespace = f"cli-{uuid.uuid4()}"
    client = await Client.connect(address)
    await client.workflow_service.register_namespace(
        RegisterNamespaceRequest(namespace=namespace, workflow_execution_retention_period=Duration(seconds=retention))
    )
    return namespace


@dataclass
class Service:
    """The running service. `environ` is what the sandbox told, and where Temporal and Redis are.

    `webhook` is the address at the server to which the sandbox sends its events.
    """

    environ: dict[str, str]
    webhook: str
    client: Client
    zendesk: httpx.AsyncClient
    teamwork: httpx.AsyncClient
    worker: Program

    async def run(self, *arguments: str, **more: str) -> Ran:
        return await run(*arguments, environ=self.environ | more)

    async def ticket(self, **fields: Any) -> int:
        """A new ticket in Zendesk, whose task is there."""
        ticket = {"subject": "Printer on fire", "comment": {"body": "It burns"}, "requester_id": CUSTOMER, **fields}
        answer = await self.zendesk.post("/api/v2/tickets", json={"ticket": ticket})
        ticket_id: int = answer.raise_for_status().json()["ticket"]["id"]
        await self.until(ticket_id, "in_step")
        return ticket_id

    async def change(self, ticket_id: int, **fields: Any) -> None:
        answer = await self.zendesk.put(f"/api/v2/tickets/{ticket_id}", json={"ticket": fields})
        answer.raise_for_status()

    async def status(self, ticket_id: int) -> dict[str, Any]:
        handle = self.client.get_workflow_handle(names.ticket_workflow_id("default", ticket_id))
        status: dict[str, Any] = await handle.query("status")
        return status

    async def until(self, ticket_id: int, state: str, **task: Any) -> dict[str, Any]:
        """The ticket's status once it is in this state and its task has these values."""
        seen: dict[str, Any] = {}

        async def reached() -> bool:
            with suppress(RPCError):  # the ticket may not be there yet
                seen.update(await self.status(ticket_id))
            return seen.get("sync_state") == state and task.items() <= seen["task"].items()

        try:
            await eventually(reached, STARTS_WITHIN, what=f"ticket {ticket_id} is {state}")
        except AssertionError as error:
            raise AssertionError(f"{error}; last seen {seen}; the worker said {self.worker.logs[-5:]}") from None
        return seen


@pytest.fixture(scope="package")
async def service(temporal_server: EmbeddedTemporal, redis_server: EmbeddedRedis) -> AsyncIterator[Service]:
    """One for all tests here."""
    async with Redis.from_url(redis_server.url) as redis:
        await redis.flushall()
    async with AsyncExitStack() as stack:
        where = {
            "REDIS_HOST": redis_server.host,
            "REDIS_PORT": str(redis_server.port),
            "TEMPORAL_ADDRESS": temporal_server.address,
            "TEMPORAL_NAMESPACE": await new_namespace(temporal_server.address),
        }
        programs = await stack.enter_async_context(started(where))
        await programs.worker.says("worker is running")
        await programs.server.says("connected to Temporal")
        service = await stack.enter_async_context(in_use(programs))
        await eventually(lambda: desk_stands(service.client), STARTS_WITHIN, what="the desk stands")
        yield service


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Office]:
    """A fresh Zendesk, without any other program."""
    async with office(tmp_path) as place:
        yield place


@dataclass
class Programs:
    """Sandbox, server and worker as processes. `webhook`: the server's address to which the sandbox sends events."""

    environ: dict[str, str]
    webhook: str
    server: Program
    worker: Program


@asynccontextmanager
async def started(where: dict[str, str]) -> AsyncIterator[Programs]:
    """All three, with the variables that say where Temporal and Redis are, or will be."""
    port = free_port(0)
    webhook = f"http://127.0.0.1:{port}/webhooks/zendesk/default"
    ports = ("--zendesk-port", "0", "--teamwork-port", "0")
    async with program("sandbox", "--json", *ports, "--webhook", webhook) as sandbox:
        environ = await told_by(sandbox) | QUICK | where
        async with (
            program("server", "--port", str(port), environ=environ) as server,
            program("worker", environ=environ) as worker,
        ):
            yield Programs(environ, webhook, server, worker)


@asynccontextmanager
async def in_use(programs: Programs) -> AsyncIterator[Service]:
    """The programs with a client of each outside system: Temporal must be there now."""
    environ = programs.environ
    client = await Client.connect(
        environ["TEMPORAL_ADDRESS"], namespace=environ["TEMPORAL_NAMESPACE"], data_converter=data_converter()
    )
    admin = (f"{environ['ZENDESK_EMAIL']}/token", environ["ZENDESK_API_TOKEN"])
    async with (
        httpx.AsyncClient(base_url=environ["ZENDESK_BASE_URL"], auth=admin) as zendesk,
        httpx.AsyncClient(base_url=environ["TEAMWORK_BASE_URL"], auth=(environ["TEAMWORK_API_TOKEN"], "x")) as teamwork,
    ):
        yield Service(environ, programs.webhook, client, zendesk, teamwork, programs.worker)


async def told_by(sandbox: Program) -> dict[str, str]:
    """The environment that a sandbox has printed as JSON."""
    await eventually(lambda: sandbox.out[-1:] == ["}\n"], STARTS_WITHIN, what="the sandbox says where it is")
    environment: dict[str, str] = json.loads("".join(sandbox.out))["environment"]
    return environment
