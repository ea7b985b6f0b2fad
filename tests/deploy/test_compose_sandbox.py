"""The sandbox of `deploy/compose.yaml`, played with the commands and variables that stand there, as plain processes."""

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest

from tests.cli.conftest import new_namespace
from tests.deploy.compose import SERVICES
from tests.support.binaries import executable
from tests.support.wait import eventually
from ticketsync.embedded import EmbeddedRedis, EmbeddedTemporal, free_port
from ticketsync.embedded.process import ChildProcess

LOOPBACK = "127.0.0.1"
TICKET = {"ticket": {"subject": "Printer on fire", "comment": {"body": "It burns"}, "requester_id": 8447388091001}}


@pytest.fixture
async def places(temporal_server: EmbeddedTemporal, redis_server: EmbeddedRedis, tmp_path: Path) -> dict[str, str]:
    """What is called so in the file → what it is here."""
    ports = {str(port): str(free_port(0)) for port in (8080, 8090, 8091)}
    return {
        "temporal:7233": temporal_server.address,
        **{f"{LOOPBACK}:{port}": f"{LOOPBACK}:{here}" for port, here in ports.items()},
        "/tmp/": f"{tmp_path}/",  # noqa: S108
    }


class Sandbox:
    """The services of the sandbox's profile, one after the other."""

    def __init__(self, places: Mapping[str, str], environ: Mapping[str, str], running: AsyncExitStack) -> None:
        self._places = places
        self._environ = environ
        self._running = running

    def here(self, text: str) -> str:
        for there, here in self._places.items():
            text = text.replace(there, here)
        return text

    async def start(self, name: str, *more: str) -> ChildProcess:
        service = SERVICES[name]
        told = {key: self.here(value) for key, value in service.get("environment", {}).items()}
        command = [*service.get("entrypoint", ["ticketsync"]), *map(self.here, service["command"]), *more]
        return await self._running.enter_async_context(ChildProcess(name, command, env={**told, **self._environ}))


@pytest.fixture
async def sandbox(
    places: dict[str, str], temporal_server: EmbeddedTemporal, redis_server: EmbeddedRedis, tmp_path: Path
) -> AsyncIterator[Sandbox]:
    executable(tmp_path / "ticketsync", f'exec "{sys.executable}" -m ticketsync "$@"')
    environ = {
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "TEMPORAL_NAMESPACE": await new_namespace(temporal_server.address),
        "REDIS_HOST": redis_server.host,
        "REDIS_PORT": str(redis_server.port),
        "REDIS_DB": "7",
        "TICKETSYNC_PORT": places[f"{LOOPBACK}:8080"].rpartition(":")[2],
    }
    async with AsyncExitStack() as running:
        yield Sandbox(places, environ, running)


async def test_a_ticket_of_the_sandbox_gets_its_task(sandbox: Sandbox) -> None:
    ports = re.findall(r":(\d+)", sandbox.here(f"{LOOPBACK}:8090 {LOOPBACK}:8091"))
    await sandbox.start("sandbox", "--zendesk-port", ports[0], "--teamwork-port", ports[1])
    told = {key: sandbox.here(value) for key, value in SERVICES["sandbox-server"]["environment"].items()}
    zendesk = httpx.AsyncClient(
        base_url=told["ZENDESK_BASE_URL"], auth=(f"{told['ZENDESK_EMAIL']}/token", told["ZENDESK_API_TOKEN"])
    )
    teamwork = httpx.AsyncClient(base_url=told["TEAMWORK_BASE_URL"], auth=(told["TEAMWORK_API_TOKEN"], ""))
    async with zendesk, teamwork:
        await eventually(lambda: _answers(zendesk, "/api/v2/users/me.json"), what="the sandbox answers")
        server, worker = await asyncio.gather(sandbox.start("sandbox-server"), sandbox.start("sandbox-worker"))
        await eventually(lambda: "worker is running" in worker.output(), what="the worker runs")
        livez = f"http://{sandbox.here(f'{LOOPBACK}:8080')}/livez"
        await eventually(lambda: _answers(zendesk, livez), what=f"the server listens: {server.output()}")
        await eventually(lambda: "connected to Temporal" in server.output(), what="the server can store")
        (await zendesk.post("/api/v2/tickets.json", json=TICKET)).raise_for_status()
        await eventually(lambda: _has_task(teamwork), what="the ticket has its task")


async def _answers(client: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await client.get(url)).status_code == 200
    except httpx.TransportError:
        return False


async def _has_task(teamwork: httpx.AsyncClient) -> bool:
    answer = await teamwork.get("/projects/api/v3/tasks.json")
    return "Printer on fire" in answer.text
