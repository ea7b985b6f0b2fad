"""`python -m benchmarks.floor_worker`: the floor's worker. As with tickets the ordinary activity has its own queue.

Its workflows run in the SDK's sandbox; with `--unsandboxed` outside of it, as tickets do.
"""

import sys

import uvloop
from temporalio.worker import UnsandboxedWorkflowRunner, Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

from benchmarks.floor import CALLS_QUEUE, QUEUE, Floor, call, look
from ticketsync.cli.stopping import stop_on_signals
from ticketsync.temporal import connect

UNSANDBOXED = "--unsandboxed"


async def _work() -> None:
    """Until it is told to stop: then it says so to Temporal, which hands its workflows to the next worker at once."""
    stop, client = stop_on_signals(), await connect()
    workflows = Worker(
        client,
        task_queue=QUEUE,
        workflows=[Floor],
        workflow_runner=UnsandboxedWorkflowRunner() if UNSANDBOXED in sys.argv else SandboxedWorkflowRunner(),
        activities=[look],
        no_remote_activities=True,
    )
    calls = Worker(client, task_queue=CALLS_QUEUE, activities=[call])
    async with workflows, calls:
        await stop.wait()


if __name__ == "__main__":
    uvloop.run(_work())
