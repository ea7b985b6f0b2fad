"""The floor of the whole way: a workflow that does nothing but one local and one ordinary activity for each signal."""

import sys
import time
from datetime import timedelta

from temporalio import activity, workflow

with workflow.unsafe.imports_passed_through():
    from pydantic import BaseModel

QUEUE, CALLS_QUEUE = "floor", "floor-calls"
TELL = "tell"
SECONDS = timedelta(seconds=30)


class Begun(BaseModel):
    """The ordinary activity of this ticket began (Unix time)."""

    ticket_id: int
    at: float


@activity.defn
async def look(ticket_id: int) -> int:
    return ticket_id


@activity.defn
async def call(ticket_id: int) -> None:
    """Says in a line of JSON on the standard output that it began."""
    sys.stdout.write(Begun(ticket_id=ticket_id, at=time.time()).model_dump_json() + "\n")
    sys.stdout.flush()


@workflow.defn
class Floor:
    def __init__(self) -> None:
        self._told = 0

    @workflow.signal(name=TELL)
    def tell(self) -> None:
        self._told += 1

    @workflow.run
    async def run(self, ticket_id: int) -> None:
        while True:
            await workflow.wait_condition(lambda: self._told > 0)
            self._told -= 1
            looked = await workflow.execute_local_activity(look, ticket_id, start_to_close_timeout=SECONDS)
            await workflow.execute_activity(call, looked, task_queue=CALLS_QUEUE, start_to_close_timeout=SECONDS)
