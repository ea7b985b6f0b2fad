"""A desk's backfill from outside: begin it, look at it, stop it.

Raises DeskSilentError where Temporal or the worker does not answer in time.
"""

import asyncio
from datetime import timedelta
from typing import Any

from pydantic import BaseModel
from temporalio.client import (
    Client,
    RPCError,
    RPCStatusCode,
    RPCTimeoutOrCancelledError,
    WorkflowExecutionStatus,
    WorkflowHandle,
    WorkflowUpdateFailedError,
)
from temporalio.common import WorkflowIDConflictPolicy

from ticketsync import names
from ticketsync.ask_status import ask_status
from ticketsync.desk_calls import DeskSilentError
from ticketsync.sync.backfill import BackfillState
from ticketsync.tickets import COMMAND_SECONDS, READ_SECONDS


class BackfillView(BaseModel):
    """The desk's newest backfill: `state` as its workflow says, or said in the end; None (and a `note` why) without."""

    desk: str
    workflow_id: str
    running: bool
    state: BackfillState | None
    note: str | None = None


async def read_backfill(client: Client, desk: str, seconds: float = READ_SECONDS) -> BackfillView | None:
    """What is known of it, within `seconds`; None where there was none, or Temporal has forgotten it."""
    give_up = asyncio.get_running_loop().time() + seconds
    handle = _handle(client, desk)
    try:
        async with asyncio.timeout_at(give_up):
            status = (await handle.describe()).status
    except RPCError as error:
        if error.status == RPCStatusCode.NOT_FOUND:
            return None
        raise DeskSilentError(desk, error.status.name) from None
    except TimeoutError:
        raise DeskSilentError(desk, "TIMEOUT") from None
    view = BackfillView(desk=desk, workflow_id=handle.id, running=status == WorkflowExecutionStatus.RUNNING, state=None)
    if view.running:
        state, note = await ask_status(handle, BackfillState, give_up)
        return view.model_copy(update={"state": state, "note": note})
    if status != WorkflowExecutionStatus.COMPLETED:
        return view.model_copy(update={"note": "it was ended in Temporal: how far it was is not known"})
    return view.model_copy(update={"state": await _result(handle, desk, give_up)})


async def begin_backfill(client: Client, state: BackfillState, seconds: float = COMMAND_SECONDS) -> None:
    """Begin it, unless one is under way: then that one goes on."""
    try:
        async with asyncio.timeout(seconds):
            await client.start_workflow(
                names.BACKFILL_WORKFLOW,
                state,
                id=names.backfill_workflow_id(state.desk),
                task_queue=names.WORKFLOW_QUEUE,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                static_summary=f"backfill of desk {state.desk}",
                rpc_timeout=timedelta(seconds=seconds),
            )
    except RPCError as error:
        raise DeskSilentError(state.desk, error.status.name) from None
    except (RPCTimeoutOrCancelledError, TimeoutError):
        raise DeskSilentError(state.desk, "TIMEOUT") from None


async def stop_backfill(client: Client, desk: str, seconds: float = COMMAND_SECONDS) -> bool:
    """Have it stop after what it is doing now; False where none is under way. It may still stop after an error."""
    try:
        async with asyncio.timeout(seconds):
            await _handle(client, desk).execute_update("stop", rpc_timeout=timedelta(seconds=seconds))
    except WorkflowUpdateFailedError:  # it came to its end at this very moment
        return False
    except RPCError as error:
        if error.status == RPCStatusCode.NOT_FOUND:
            return False
        raise DeskSilentError(desk, error.status.name) from None
    except (RPCTimeoutOrCancelledError, TimeoutError):
        raise DeskSilentError(desk, "TIMEOUT") from None
    return True


def _handle(client: Client, desk: str) -> WorkflowHandle[Any, Any]:
    return client.get_workflow_handle(names.backfill_workflow_id(desk), result_type=BackfillState)


async def _result(handle: WorkflowHandle[Any, Any], desk: str, give_up: float) -> BackfillState:
    try:
        async with asyncio.timeout_at(give_up):
            state: BackfillState = await handle.result()
    except RPCError as error:
        raise DeskSilentError(desk, error.status.name) from None
    except TimeoutError:
        raise DeskSilentError(desk, "TIMEOUT") from None
    return state
