"""A ticket's workflow from outside: tell it an event, read it, give it a command.

Exceptions, all with a `code` (a gRPC status or an exception's name) and never a ticket's text:

TicketCallError
├── NotStoredError       the event is not surely in Temporal: send it again
├── UnknownTicketError   Temporal knows no run of this ticket
├── NoAnswerError        Temporal or the worker did not answer in time
└── CommandRefusedError  the workflow said no; `code` is its reason
"""

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from pydantic import BaseModel, computed_field
from temporalio.api.workflow.v1 import PendingActivityInfo
from temporalio.client import (
    Client,
    RPCError,
    RPCStatusCode,
    RPCTimeoutOrCancelledError,
    WithStartWorkflowOperation,
    WorkflowExecutionDescription,
    WorkflowExecutionStatus,
    WorkflowHandle,
    WorkflowUpdateFailedError,
)
from temporalio.common import Priority, SearchAttributePair, TypedSearchAttributes, WorkflowIDConflictPolicy

from ticketsync import names
from ticketsync.ask_status import ask_status
from ticketsync.reasons import Explanation, explanation
from ticketsync.sync.event import Event
from ticketsync.sync.snapshot import TicketSnapshot

STORE_SECONDS = 8.0
READ_SECONDS = 3.0
COMMAND_SECONDS = 5.0
LANE_SECONDS = 5

CommandName = Literal["retry", "resync", "link_task", "unlink_task"]


class TicketCallError(Exception):
    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class NotStoredError(TicketCallError): ...


class UnknownTicketError(TicketCallError): ...


class NoAnswerError(TicketCallError): ...


class CommandRefusedError(TicketCallError): ...


class PendingActivity(BaseModel):
    """A step or read that Temporal is trying: `next_attempt_at` is None while an attempt runs."""

    activity: str
    attempt: int
    last_failure: str | None = None
    next_attempt_at: datetime | None = None


class TicketView(BaseModel):
    """One ticket: what its workflow says (`status`); without a worker what Temporal stores, and a `note` why.

    Of a ticket whose workflow has completed Temporal stores the last state too; else `status` is None then.
    """

    desk: str
    ticket_id: int
    workflow_id: str
    run_id: str
    run: str
    started_at: datetime
    closed_at: datetime | None
    answered_by: Literal["worker", "temporal"]
    note: str | None
    status: dict[str, Any] | None
    search_attributes: dict[str, str]
    pending: tuple[PendingActivity, ...]

    @computed_field  # type: ignore[prop-decorator]  # mypy knows no decorated property
    @property
    def explanation(self) -> Explanation:
        """How the ticket stands, in words."""
        status, stored = self.status or {}, self.search_attributes
        code = status.get("reason") or stored.get(names.REASON.name, "")
        return explanation(status.get("sync_state") or stored.get(names.SYNC_STATE.name, "unknown"), code)


async def store_event(client: Client, desk: str, event: Event, seconds: float = STORE_SECONDS) -> str:
    """Hand an event to its ticket's workflow, which is started if it does not run; returns the workflow's id.

    One round trip. When this returns the event is stored; whatever goes wrong is a NotStoredError, within `seconds`.
    """
    try:
        # The RPC's own limit counts each attempt: with its retries 8 s became 16 (reference/temporal-python §9).
        async with asyncio.timeout(seconds):
            await client.start_workflow(
                **_start(desk, event.ticket_id, event.snapshot),
                start_signal=names.ZENDESK_EVENT,
                start_signal_args=[event],
                rpc_timeout=timedelta(seconds=seconds),
            )
    except Exception as error:  # noqa: BLE001 - whatever it is, the sender must send again
        # The exception itself may quote what could not be sent.
        raise NotStoredError(_code(error)) from None
    return names.ticket_workflow_id(desk, event.ticket_id)


async def read_ticket(client: Client, desk: str, ticket_id: int, seconds: float = READ_SECONDS) -> TicketView:
    """What is known of a ticket, within `seconds`. Raises UnknownTicketError, NoAnswerError when Temporal is silent."""
    handle = client.get_workflow_handle(names.ticket_workflow_id(desk, ticket_id))
    give_up = asyncio.get_running_loop().time() + seconds
    description = await _describe(handle, give_up)
    (status, note), last = await asyncio.gather(
        ask_status(handle, dict[str, Any], give_up), _last_state(client, description, give_up)
    )
    return TicketView(
        desk=desk,
        ticket_id=ticket_id,
        workflow_id=description.id,
        run_id=description.run_id,
        run=description.status.name.lower() if description.status else "unknown",
        started_at=description.start_time,
        closed_at=description.close_time,
        answered_by="temporal" if status is None else "worker",
        note=note,
        status=last if status is None else status,
        search_attributes=_our_search_attributes(description),
        pending=tuple([await _pending(client, info) for info in description.raw_description.pending_activities]),
    )


async def command_ticket(
    client: Client,
    desk: str,
    ticket_id: int,
    command: CommandName,
    *,
    args: Sequence[Any] = (),
    even_unknown: bool = False,
    seconds: float = COMMAND_SECONDS,
) -> str:
    """Queue an operator's command, in a new run when the ticket's workflow has ended; returns the ticket's answer.

    `even_unknown`: also begin with a ticket of which nothing was heard. Raises UnknownTicketError, CommandRefusedError,
    and NoAnswerError, after which it may still be carried out.
    """
    give_up = asyncio.get_running_loop().time() + seconds
    if not even_unknown:
        await _describe(client.get_workflow_handle(names.ticket_workflow_id(desk, ticket_id)), give_up)
    conflict = WorkflowIDConflictPolicy.USE_EXISTING
    operation = WithStartWorkflowOperation[Any, Any](**_start(desk, ticket_id), id_conflict_policy=conflict)
    # The SDK puts a failure here too, and asyncio reports it when nobody looks.
    started = asyncio.ensure_future(operation.workflow_handle())
    started.add_done_callback(lambda done: done.cancelled() or done.exception())
    try:
        async with asyncio.timeout_at(give_up):
            answer = await client.execute_update_with_start_workflow(
                command, args=args, start_workflow_operation=operation, rpc_timeout=timedelta(seconds=seconds)
            )
    except WorkflowUpdateFailedError as error:
        raise CommandRefusedError(str(error.cause)) from None
    except (RPCError, RPCTimeoutOrCancelledError, TimeoutError) as error:
        raise NoAnswerError(_code(error)) from None
    finally:
        started.cancel()
    return str(answer)


def _start(desk: str, ticket_id: int, snapshot: TicketSnapshot | None = None) -> dict[str, Any]:
    """How a ticket's workflow is started, wherever that happens. The argument goes with every event: keep it small."""
    return {
        "workflow": names.TICKET_WORKFLOW,
        "arg": {"desk": desk, "ticket_id": ticket_id},  # a TicketState
        "id": names.ticket_workflow_id(desk, ticket_id),
        "task_queue": names.WORKFLOW_QUEUE,
        "search_attributes": _first_search_attributes(desk, ticket_id, snapshot),
        "static_summary": f"{desk} #{ticket_id}",
        "priority": Priority(fairness_key=_lane()),
    }


def _lane() -> str:
    """What begins within the same 5 s is one lane of Temporal's queues, which serve their lanes in turn.

    So a new ticket does not wait behind all that was stored while no worker was there, but for one of each lane.
    Servers without fairness (docs/operations.md, "What Temporal needs") serve who came first.
    """
    return str(int(time.time() // LANE_SECONDS))


def _first_search_attributes(desk: str, ticket_id: int, snapshot: TicketSnapshot | None) -> TypedSearchAttributes:
    pairs = [
        SearchAttributePair(names.DESK, desk),
        SearchAttributePair(names.TICKET_ID, str(ticket_id)),
        SearchAttributePair(names.SYNC_STATE, "pending"),
    ]
    if snapshot is not None and snapshot.status is not None:
        pairs.append(SearchAttributePair(names.TICKET_STATUS, snapshot.status))
    if snapshot is not None and snapshot.assignee_id is not None:
        pairs.append(SearchAttributePair(names.ASSIGNEE_ID, str(snapshot.assignee_id)))
    return TypedSearchAttributes(pairs)


async def _describe(handle: WorkflowHandle[Any, Any], give_up: float) -> WorkflowExecutionDescription:
    try:
        async with asyncio.timeout_at(give_up):
            return await handle.describe()
    except RPCError as error:
        kind = UnknownTicketError if error.status == RPCStatusCode.NOT_FOUND else NoAnswerError
        raise kind(error.status.name) from None
    except TimeoutError as error:
        raise NoAnswerError(_code(error)) from None


async def _last_state(
    client: Client, description: WorkflowExecutionDescription, give_up: float
) -> dict[str, Any] | None:
    """The result of a run that has completed: its last state, which Temporal stores itself."""
    if description.status != WorkflowExecutionStatus.COMPLETED:
        return None
    handle = client.get_workflow_handle(description.id, run_id=description.run_id, result_type=dict[str, Any])
    try:
        async with asyncio.timeout_at(give_up):
            last: dict[str, Any] = await handle.result(follow_runs=False)
    except (RPCError, TimeoutError, ValueError):
        return None
    return last


def _our_search_attributes(description: WorkflowExecutionDescription) -> dict[str, str]:
    ours = {key.name for key in names.SEARCH_ATTRIBUTES}
    pairs = description.typed_search_attributes
    return {pair.key.name: str(pair.value) for pair in pairs if pair.key.name in ours}


async def _pending(client: Client, info: PendingActivityInfo) -> PendingActivity:
    failed = info.HasField("last_failure")
    planned = info.HasField("next_attempt_schedule_time")
    return PendingActivity(
        activity=info.activity_type.name,
        attempt=info.attempt,
        last_failure=str(await client.data_converter.decode_failure(info.last_failure)) if failed else None,
        next_attempt_at=info.next_attempt_schedule_time.ToDatetime(UTC) if planned else None,
    )


def _code(error: BaseException) -> str:
    if isinstance(error, RPCError):
        return error.status.name
    return "TIMEOUT" if isinstance(error, TimeoutError | RPCTimeoutOrCancelledError) else type(error).__name__
