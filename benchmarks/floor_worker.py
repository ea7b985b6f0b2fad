"""`python -m benchmarks.floor_worker`: the floor's worker. As with tickets the ordinary activity has its own queue."""

import asyncio

import uvloop
from temporalio.worker import Worker

from benchmarks.floor import CALLS_QUEUE, QUEUE, Floor, call, look
from ticketsync.temporal import connect


async def _work() -> None:
    client = await connect()
    workflows = Worker(client, task_queue=QUEUE, workflows=[Floor], activities=[look], no_remote_activities=True)
    calls = Worker(client, task_queue=CALLS_QUEUE, activities=[call])
    await asyncio.gather(workflows.run(), calls.run())


if __name__ == "__main__":
    uvloop.run(_work())
