"""When a desk has begun to work."""

from datetime import UTC, datetime

from temporalio.client import Client, WorkflowQueryFailedError
from temporalio.service import RPCError

from ticketsync import names
from ticketsync.settings import DEFAULT_DESK
from ticketsync.sync.desk import DeskState


async def desk_stands(client: Client, desk: str = DEFAULT_DESK) -> bool:
    """With its task list and its people, and the second of linking over: only tickets of a later one are surely new."""
    handle = client.get_workflow_handle(names.desk_workflow_id(desk))
    try:
        state: DeskState = await handle.query("status", result_type=DeskState)
    except (RPCError, WorkflowQueryFailedError):
        return False
    over = datetime.now(UTC).replace(microsecond=0) > state.linked_at
    return bool(over and state.tasklist_id and state.directory.generation)
