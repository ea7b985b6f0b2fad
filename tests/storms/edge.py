"""The whole service as processes, each with its metrics, for tests that put strange things in at the front."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from temporalio.client import Client, WorkflowQueryFailedError
from temporalio.service import RPCError

from tests.cli.conftest import QUICK, new_namespace, told_by
from tests.cli.programs import Program, program
from tests.storms.bad_input import Keys
from tests.support.desk import desk_stands
from tests.support.wait import eventually
from ticketsync import names
from ticketsync.embedded import EmbeddedRedis, EmbeddedTemporal, free_port
from ticketsync.settings import DEFAULT_DESK
from ticketsync.temporal import data_converter

API_TOKEN = "the-api-token-of-the-edge"
PLENTY = 1_000_000


@dataclass
class Edge:
    """The running service. `port` is the server's; `zendesk` signs in as admin; both sites have control routes."""

    environ: dict[str, str]
    port: int
    server: Program
    worker: Program
    server_metrics: str
    worker_metrics: str
    client: Client
    zendesk: httpx.AsyncClient
    teamwork: httpx.AsyncClient

    @property
    def keys(self) -> Keys:
        return Keys(self.environ["ZENDESK_WEBHOOK_SECRET"], API_TOKEN)

    async def metrics(self, address: str) -> str:
        async with httpx.AsyncClient() as http:
            return (await http.get(f"http://{address}/metrics")).raise_for_status().text

    async def status(self, ticket_id: int) -> dict[str, Any]:
        """What the ticket says of itself; nothing ({}) while it cannot say anything."""
        handle = self.client.get_workflow_handle(names.ticket_workflow_id(DEFAULT_DESK, ticket_id))
        try:
            status: dict[str, Any] = await handle.query("status")
        except (RPCError, WorkflowQueryFailedError):
            return {}
        return status


@asynccontextmanager
async def running_edge(
    temporal: EmbeddedTemporal, redis: EmbeddedRedis, *sandbox_arguments: str, **variables: str
) -> AsyncIterator[Edge]:
    """Start everything, in a namespace of its own; `variables` are settings of server and worker."""
    port, server_metrics, worker_metrics = free_port(0), f"127.0.0.1:{free_port(0)}", f"127.0.0.1:{free_port(0)}"
    webhook = f"http://127.0.0.1:{port}/webhooks/zendesk/{DEFAULT_DESK}"
    ports = ("--zendesk-port", "0", "--teamwork-port", "0")
    async with program("sandbox", "--json", *ports, "--webhook", webhook, *sandbox_arguments) as sandbox:
        environ = await told_by(sandbox) | QUICK | await _where(temporal, redis) | variables
        metrics = "TICKETSYNC_METRICS_ADDRESS"
        async with (
            program("server", "--port", str(port), environ=environ | {metrics: server_metrics}) as server,
            program("worker", environ=environ | {metrics: worker_metrics}) as worker,
            httpx.AsyncClient(base_url=environ["ZENDESK_BASE_URL"], auth=_admin(environ)) as zendesk,
            httpx.AsyncClient(
                base_url=environ["TEAMWORK_BASE_URL"], auth=(environ["TEAMWORK_API_TOKEN"], "x")
            ) as teamwork,
        ):
            client = await Client.connect(
                temporal.address, namespace=environ["TEMPORAL_NAMESPACE"], data_converter=data_converter()
            )
            edge = Edge(environ, port, server, worker, server_metrics, worker_metrics, client, zendesk, teamwork)
            await server.says("connected to Temporal")
            await _without_quotas(edge)
            await eventually(lambda: desk_stands(edge.client), what="the desk stands")
            yield edge


async def _without_quotas(edge: Edge) -> None:
    """The sites' quotas are no subject here, and waiting for them would take minutes."""
    limits = {"account": PLENTY, "deleted_tickets": PLENTY, "incremental_exports": PLENTY}
    (await edge.zendesk.patch("/sandbox/settings", json={"limits": limits})).raise_for_status()
    (await edge.teamwork.patch("/sandbox/switches", json={"calls_per_minute": PLENTY})).raise_for_status()


async def _where(temporal: EmbeddedTemporal, redis: EmbeddedRedis) -> dict[str, str]:
    return {
        "REDIS_HOST": redis.host,
        "REDIS_PORT": str(redis.port),
        "TEMPORAL_ADDRESS": temporal.address,
        "TEMPORAL_NAMESPACE": await new_namespace(temporal.address),
        "TICKETSYNC_HOST": "127.0.0.1",
        "TICKETSYNC_API_TOKEN": API_TOKEN,
    }


def _admin(environ: dict[str, str]) -> tuple[str, str]:
    return f"{environ['ZENDESK_EMAIL']}/token", environ["ZENDESK_API_TOKEN"]
