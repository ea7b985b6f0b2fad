"""What a workflow was given by its run before is read from what Temporal stores."""

import uuid

from temporalio import workflow
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from benchmarks.long_life import runs_of
from ticketsync.embedded import EmbeddedTemporal

MORE = 1_000


@workflow.defn
class Grows:
    @workflow.run
    async def run(self, text: str) -> None:
        if len(text) < 2 * MORE:
            workflow.continue_as_new(text + MORE * "x")


async def test_runs_are_told_from_the_newest_on_with_what_each_was_given(temporal_server: EmbeddedTemporal) -> None:
    client, name = await Client.connect(temporal_server.address), f"grows-{uuid.uuid4()}"
    async with Worker(client, task_queue=name, workflows=[Grows], workflow_runner=UnsandboxedWorkflowRunner()):
        await client.execute_workflow(Grows.run, "", id=name, task_queue=name)
    runs = [run async for run in runs_of(client, name)]
    assert [(run.given - runs[-1].given) // MORE for run in runs] == [2, 1, 0]
    assert all(run.events == 5 for run in runs)
    assert all(run.size > run.given for run in runs)
