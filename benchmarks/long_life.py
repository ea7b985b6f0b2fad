"""One ticket that is changed again and again: what its workflow's history grows to, and what it carries on."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from temporalio.api.history.v1 import WorkflowExecutionStartedEventAttributes
from temporalio.client import Client, WorkflowHandle

from benchmarks.delay import all_stored, delays, evenly
from benchmarks.deliveries import Traffic
from benchmarks.service import Service, until
from ticketsync import names
from ticketsync.settings import DEFAULT_DESK


@dataclass(frozen=True)
class Run:
    """One run of a workflow. `size` is that of its history; `given`, what it was started with: bytes as stored."""

    events: int
    size: int
    given: int


async def long_life(service: Service, port: int, ticket_id: int, *, changes: int, rate: float) -> list[Run]:
    """The runs, the newest first, of a ticket that is opened and then renamed at an even pace, so often a second.

    Raises RuntimeError when a delivery is refused, or when all fitted into one run.
    """
    await delays(service, evenly(Traffic(first=ticket_id), rate=1, seconds=1, port=port))
    load = evenly(Traffic(tickets=(ticket_id,)), rate=rate, seconds=changes / rate, port=port)
    all_stored(await service.send(load))
    workflow_id = names.ticket_workflow_id(DEFAULT_DESK, ticket_id)
    handle = service.client.get_workflow_handle(workflow_id)
    await until(lambda: _rests(handle), "the last change is told")
    runs = [run async for run in runs_of(service.client, workflow_id)]
    if len(runs) == 1:
        raise RuntimeError(f"{changes} changes were too few: no run carried its state into another")
    return runs


async def _rests(handle: WorkflowHandle[object, object]) -> bool:
    raw = (await handle.describe()).raw_description
    return not raw.pending_activities and not raw.HasField("pending_workflow_task")


async def runs_of(client: Client, workflow_id: str) -> AsyncIterator[Run]:
    """The newest first: each names the one that it continues."""
    run_id: str | None = None
    while run_id != "":
        handle = client.get_workflow_handle(workflow_id, run_id=run_id)
        info = (await handle.describe()).raw_description.workflow_execution_info
        started = await _start_of(handle)
        given = sum(payload.ByteSize() for payload in started.input.payloads)
        yield Run(events=info.history_length, size=info.history_size_bytes, given=given)
        run_id = started.continued_execution_run_id


async def _start_of(handle: WorkflowHandle[object, object]) -> WorkflowExecutionStartedEventAttributes:
    first = await anext(aiter(handle.fetch_history_events(page_size=1)))
    return first.workflow_execution_started_event_attributes
