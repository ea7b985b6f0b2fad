"""What an orchestrator asks of a worker: alive from the start, ready only while it takes work."""

import asyncio
import signal
import socket

import httpx
import pytest

from tests.cli.conftest import Service
from tests.cli.programs import program, run
from tests.support.wait import eventually
from ticketsync.cli.output import Failed
from ticketsync.cli.worker_probes import answering_probes
from ticketsync.embedded import free_port

DESK = {
    "ZENDESK_SUBDOMAIN": "acme",
    "ZENDESK_API_TOKEN": "token",
    "TEAMWORK_DOMAIN": "acme",
    "TEAMWORK_API_TOKEN": "token",
    "TEAMWORK_PROJECT_ID": "1",
    "TICKETSYNC_LOG_FORMAT": "json",
}


async def _statuses(address: str) -> tuple[int, int, int]:
    async with httpx.AsyncClient(base_url=f"http://{address}", timeout=20) as http:
        live, ready, other = [(await http.get(path)).status_code for path in ("/livez", "/readyz", "/metrics")]
    return live, ready, other


async def test_it_is_alive_from_the_start_and_ready_only_while_it_takes_work() -> None:
    address, takes_work = f"127.0.0.1:{free_port(0)}", asyncio.Event()
    async with answering_probes(address, takes_work.is_set):
        assert await eventually(lambda: _answers(address)) == (200, 503, 404)
        takes_work.set()
        assert await _statuses(address) == (200, 200, 404)
        takes_work.clear()
        assert await _statuses(address) == (200, 503, 404)
    with pytest.raises(httpx.ConnectError):
        await _statuses(address)


async def _answers(address: str) -> tuple[int, int, int] | None:
    try:
        return await _statuses(address)
    except httpx.TransportError:
        return None


async def test_an_address_that_is_taken_is_named_with_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(Failed, match=f"cannot listen on {address} .*TICKETSYNC_HEALTH_ADDRESS"):
            async with answering_probes(address, lambda: True):
                pass


async def test_a_worker_that_waits_for_temporal_is_alive_and_not_ready() -> None:
    address, nobody = f"127.0.0.1:{free_port(0)}", f"127.0.0.1:{free_port(0)}"
    environ = DESK | {"TEMPORAL_ADDRESS": nobody, "TICKETSYNC_HEALTH_ADDRESS": address}
    async with program("worker", environ=environ) as worker:
        await worker.says("waiting for Temporal")
        assert await _statuses(address) == (200, 503, 404)
        assert await worker.stopped(signal.SIGTERM) == 0


async def test_a_worker_that_polls_is_ready(service: Service) -> None:
    address = f"127.0.0.1:{free_port(0)}"
    async with program("worker", environ=service.environ | {"TICKETSYNC_HEALTH_ADDRESS": address}) as worker:
        await worker.says("worker is running")
        assert await eventually(lambda: _answers(address)) == (200, 200, 404)
        assert await worker.stopped() == 0


async def test_a_worker_whose_address_for_probes_is_taken_says_so_and_ends() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        ran = await run("worker", environ=DESK | {"TICKETSYNC_HEALTH_ADDRESS": address})
    assert ran.code == 1
    assert f"cannot listen on {address}" in ran.err
