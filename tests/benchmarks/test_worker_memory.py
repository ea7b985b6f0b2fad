"""What a worker holds is read as the kernel and the SDK tell it."""

import os
import uuid

import httpx
import pytest
from temporalio import workflow
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from benchmarks.worker_memory import KIB, Held, cached, own_memory
from tests.support.wait import eventually
from ticketsync.embedded import EmbeddedTemporal, free_port
from ticketsync.temporal import build_runtime

NO_PROCESS = 2**22 + 1  # beyond the highest that Linux gives


@workflow.defn
class Waits:
    @workflow.run
    async def run(self) -> None:
        await workflow.wait_condition(lambda: False)


def test_memory_that_a_process_takes_is_its_own() -> None:
    before = own_memory(os.getpid())
    taken = os.urandom(64 * KIB**2)
    assert own_memory(os.getpid()) - before == pytest.approx(len(taken), rel=0.1)


def test_memory_that_nobody_tells_of_is_no_figure() -> None:
    with pytest.raises(RuntimeError, match="/proc of Linux only"):
        own_memory(NO_PROCESS)


def test_memory_each_is_that_of_what_was_added() -> None:
    assert Held(memory=1500, cached=60).bytes_each(Held(memory=1000, cached=10)) == 10


def test_memory_of_nothing_more_is_no_figure() -> None:
    with pytest.raises(RuntimeError, match="10 workflows cached, before 10: nothing to divide by"):
        Held(memory=1500, cached=10).bytes_each(Held(memory=1000, cached=10))


async def test_a_worker_tells_how_many_workflows_it_holds(temporal_server: EmbeddedTemporal) -> None:
    address, queue = f"127.0.0.1:{free_port(0)}", f"waits-{uuid.uuid4()}"
    client = await Client.connect(temporal_server.address, runtime=build_runtime(address))
    async with Worker(client, task_queue=queue, workflows=[Waits], workflow_runner=UnsandboxedWorkflowRunner()):
        handles = [await client.start_workflow(Waits.run, id=f"{queue}-{number}", task_queue=queue) for number in "123"]
        await eventually(lambda: _holds(address, 3), what="all three are cached")
        for handle in handles:
            await handle.terminate()


async def _holds(address: str, number: int) -> bool:
    async with httpx.AsyncClient(trust_env=False) as http:
        return cached((await http.get(f"http://{address}/metrics")).text) == number
