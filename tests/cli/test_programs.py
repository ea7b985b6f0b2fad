"""The programs that run on: they wait for what they need and say so, and end with 0 when they are asked to."""

import asyncio
import json
import signal
import socket
from pathlib import Path

import httpx
from temporalio.client import Client
from temporalio.service import RPCStatusCode

from tests.cli.conftest import Service, new_namespace, told_by
from tests.cli.programs import STARTS_WITHIN, program, run
from tests.server.refusing_temporal import refusing_temporal
from tests.support.wait import eventually
from ticketsync.embedded import EmbeddedTemporal, free_port
from ticketsync.temporal import missing_search_attributes

LINES = 13  # three addresses, a line between, a comment, and eight variables


async def test_server_and_worker_wait_for_temporal_and_can_be_stopped_while_they_wait(service: Service) -> None:
    environ = service.environ | {"TEMPORAL_ADDRESS": f"127.0.0.1:{free_port(0)}"}
    async with (
        program("server", "--port", "0", environ=environ) as server,
        program("worker", environ=environ) as worker,
    ):
        for waiting in (server, worker):
            assert (await waiting.says("waiting for Temporal"))["level"] == "warning"
        assert await server.stopped(signal.SIGTERM) == 0
        assert await worker.stopped(signal.SIGINT) == 0


async def test_a_worker_registers_the_search_attributes_and_ends_in_order(
    service: Service, temporal_server: EmbeddedTemporal
) -> None:
    namespace = await new_namespace(temporal_server.address)
    client = await Client.connect(temporal_server.address, namespace=namespace)
    assert len(await missing_search_attributes(client)) == 8
    elsewhere = {"TEMPORAL_NAMESPACE": namespace, "REDIS_DB": "2"}
    async with program("worker", environ=service.environ | elsewhere) as worker:
        await worker.says("worker is running")
        assert await missing_search_attributes(client) == ()
        assert await worker.stopped(signal.SIGINT) == 0
        assert worker.said("worker finishes its activities")


async def test_without_a_worker_reads_fall_back_and_say_so(service: Service, temporal_server: EmbeddedTemporal) -> None:
    """What Temporal stores is shown; a command is not taken for done."""
    nobody = {"TEMPORAL_NAMESPACE": await new_namespace(temporal_server.address)}
    listed, users, paused = await asyncio.gather(
        service.run("desks", "list", **nobody),
        service.run("users", "list", **nobody),
        service.run("desks", "pause", **nobody),
    )
    assert "not started" in listed.out
    assert "explicit mappings are not known: no worker has started this desk yet" in users.err
    assert (paused.code, paused.out) == (1, "")
    assert paused.err == "Error: desk default has no workflow yet: start a worker (ticketsync worker)\n"


async def test_an_unreachable_temporal_is_one_clear_line(service: Service) -> None:
    nowhere = {"TEMPORAL_ADDRESS": f"127.0.0.1:{free_port(0)}"}
    ran = await service.run("tickets", "list", **nowhere)
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == f"Error: Temporal does not answer at {nowhere['TEMPORAL_ADDRESS']}: connection refused\n"


async def test_a_server_whose_port_is_taken_says_so(service: Service) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ran = await service.run("server", "--host", "127.0.0.1", "--port", str(port))
    assert ran.code == 1
    assert (
        ran.err
        == f"Error: cannot listen on 127.0.0.1:{port} (Address already in use): choose another address or port\n"
    )


async def test_a_worker_without_rights_says_the_command_that_somebody_else_may_run(service: Service) -> None:
    async with refusing_temporal(RPCStatusCode.PERMISSION_DENIED) as address:
        ran = await service.run("worker", TEMPORAL_ADDRESS=address, TICKETSYNC_LOG_FORMAT="json")
    *logs, last = ran.err.splitlines()
    registering = next(line for line in map(json.loads, logs) if "may not register" in line["event"])
    assert registering["command"].startswith(f"temporal operator search-attribute create --address {address}")
    assert (ran.code, last.partition(":")[0]) == (1, "Error")
    assert "PermissionDenied" in last


# --- sandbox


async def test_a_sandbox_takes_the_next_free_port_and_its_own_credentials() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        given = ("--zendesk-port", port, "--zendesk-email", "me@here.example", "--zendesk-token", "mine")
        async with program("sandbox", "--json", *given, "--teamwork-port", "0", "--teamwork-key", "key") as sandbox:
            environ = await told_by(sandbox)
            assert not environ["ZENDESK_BASE_URL"].endswith(f":{port}")
            assert (environ["ZENDESK_EMAIL"], environ["ZENDESK_API_TOKEN"]) == ("me@here.example", "mine")
            checked = await run("check", "--json", environ=environ | {"TEMPORAL_ADDRESS": f"127.0.0.1:{free_port(0)}"})
            found = {line["name"]: line["outcome"] for line in checked.json["checks"]}
            assert (found["zendesk"], found["teamwork"], found["task list"]) == ("ok", "ok", "ok")
            assert (checked.code, found["temporal"]) == (1, "failed")
            assert await sandbox.stopped() == 0


async def test_a_sandbox_with_a_folder_goes_on_where_it_was(tmp_path: Path) -> None:
    ports = ("--zendesk-port", "0", "--teamwork-port", "0")
    async with program("sandbox", "--json", *ports, "--state", str(tmp_path)) as sandbox:
        before = await told_by(sandbox)
        async with _zendesk(before) as zendesk:
            ticket = {"subject": "Kept", "comment": {"body": "…"}}
            (await zendesk.post("/api/v2/tickets", json={"ticket": ticket})).raise_for_status()
        assert await sandbox.stopped(signal.SIGINT) == 0
    async with program("sandbox", "--json", *ports, "--state", str(tmp_path)) as sandbox:
        after = await told_by(sandbox)
        async with _zendesk(after) as zendesk:
            tickets = (await zendesk.get("/api/v2/tickets")).raise_for_status().json()["tickets"]
    assert [ticket["subject"] for ticket in tickets] == ["Kept"]
    assert after["ZENDESK_WEBHOOK_SECRET"] == before["ZENDESK_WEBHOOK_SECRET"]


async def test_a_sandbox_prints_lines_that_a_shell_takes_as_they_are() -> None:
    async with program("sandbox", "--zendesk-port", "0", "--teamwork-port", "0", "--zendesk-token", "it's") as sandbox:
        await eventually(lambda: len(sandbox.out) >= LINES, STARTS_WITHIN, what="the sandbox says where it is")
        exports = [line for line in sandbox.out if line.startswith("export ")]
    shell = await asyncio.create_subprocess_shell(
        "".join(exports) + 'printf "%s" "$ZENDESK_API_TOKEN $TEAMWORK_PROJECT_ID"', stdout=asyncio.subprocess.PIPE
    )
    out, _ = await shell.communicate()
    assert out.decode() == "it's 987654"


def _zendesk(environ: dict[str, str]) -> httpx.AsyncClient:
    credentials = (f"{environ['ZENDESK_EMAIL']}/token", environ["ZENDESK_API_TOKEN"])
    return httpx.AsyncClient(base_url=environ["ZENDESK_BASE_URL"], auth=credentials)
