"""Histories as Temporal keeps them: read without a query, because a query adds workflow tasks of its own."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client, WorkflowHandle, WorkflowHistory
from temporalio.worker import Replayer
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions
from temporalio.workflow import SandboxImportNotificationPolicy

from tests.support.wait import eventually
from ticketsync.temporal import data_converter
from ticketsync.worker import WORKFLOWS
from ticketsync.workflows.burst import LONGEST

SIGNALED = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED
MARKER = EventType.EVENT_TYPE_MARKER_RECORDED
UPSERT = EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES
TIMER = EventType.EVENT_TYPE_TIMER_STARTED
TASK_DONE = EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED
ACTIVITY = EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED
ENDS_OF_ACTIVITIES = frozenset(
    {
        EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED,
        EventType.EVENT_TYPE_ACTIVITY_TASK_FAILED,
        EventType.EVENT_TYPE_ACTIVITY_TASK_CANCELED,
        EventType.EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT,
    }
)
ENDS_OF_A_TASK = frozenset({TASK_DONE, MARKER, UPSERT, TIMER, EventType.EVENT_TYPE_TIMER_CANCELED})


def replayer() -> Replayer:
    """As a worker replays, but a module that a workflow would import anew for each run is an error: that is slow."""
    policy = SandboxImportNotificationPolicy.RAISE_ON_UNINTENTIONAL_PASSTHROUGH
    restrictions = SandboxRestrictions.default.with_import_notification_policy(policy)
    return Replayer(
        workflows=WORKFLOWS,
        data_converter=data_converter(),
        workflow_runner=SandboxedWorkflowRunner(restrictions=restrictions),
    )


async def runs_of(client: Client, workflow: WorkflowHandle[Any, Any]) -> list[WorkflowHistory]:
    """The histories of all runs of this workflow, oldest first."""
    history = await workflow.fetch_history()
    runs = [history]
    while before := _continued_from(runs[0]):
        runs.insert(0, await client.get_workflow_handle(workflow.id, run_id=before).fetch_history())
    return runs


async def at_rest(workflow: WorkflowHandle[Any, Any], *, signals: int) -> WorkflowHistory:
    """The run's history once it has met so many signals and nothing is under way."""

    async def rests() -> WorkflowHistory | None:
        history = await workflow.fetch_history()
        return history if count(history.events, SIGNALED) == signals and _nothing_under_way(history.events) else None

    resting = await eventually(rests, what=f"{workflow.id} rests after {signals} signals")
    assert resting is not None
    return resting


async def out_of_the_burst(history: WorkflowHistory) -> None:
    """What comes now is done at once, whatever was done last."""
    last = history.events[-1].event_time.ToDatetime(UTC)
    await eventually(lambda: datetime.now(UTC) > last + LONGEST, what="the burst is over")


def count(events: Sequence[HistoryEvent], *kinds: int) -> int:
    return sum(event.event_type in kinds for event in events)


def kinds(events: Sequence[HistoryEvent]) -> list[str]:
    return [EventType.Name(event.event_type).removeprefix("EVENT_TYPE_").lower() for event in events]


def _continued_from(history: WorkflowHistory) -> str:
    return history.events[0].workflow_execution_started_event_attributes.continued_execution_run_id


def _nothing_under_way(events: Sequence[HistoryEvent]) -> bool:
    under_way = count(events, ACTIVITY) - count(events, *ENDS_OF_ACTIVITIES)
    return under_way == 0 and events[-1].event_type in ENDS_OF_A_TASK
