"""How the ticket workflow calls its activities: queue, time limits, priority, and the summary that the UI shows."""

from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import Priority, RetryPolicy

with workflow.unsafe.imports_passed_through():
    from ticketsync import names
    from ticketsync.sync.event import Event
    from ticketsync.sync.requests import DecideRequest, ReadRequest, StepRequest
    from ticketsync.sync.state import Decision
    from ticketsync.sync.step import StepResult
    from ticketsync.workflows.attempt import Start

LIVE, LATER = 2, 4  # priorities on the desk's queues; backfill has 5
RULES_RETRY = RetryPolicy(initial_interval=timedelta(milliseconds=200), maximum_attempts=3)

# A turn of the quota takes up to 10 s and one HTTP call up to 10 s. These take several calls, a create also looks for
# its marker at once and after 2, 5 and 15 s.
SEVERAL_CALLS = frozenset({"create", "restore", "reopen", "complete", "delete", "inspect"})
ONE_CALL_TIME = timedelta(seconds=25)
SEVERAL_CALLS_TIME = timedelta(seconds=60)


async def ask_the_rules(request: DecideRequest) -> Decision:
    """The decision on a batch of events. Raises FailureError when the rules fail three times or take over 5 s."""
    decision: Decision = await workflow.execute_local_activity(
        names.DECIDE,
        request,
        result_type=Decision,
        start_to_close_timeout=timedelta(seconds=2),
        schedule_to_close_timeout=timedelta(seconds=5),
        retry_policy=RULES_RETRY,
    )
    return decision


def start_step(request: StepRequest, *, live: bool) -> Start:
    limit = SEVERAL_CALLS_TIME if request.step.kind in SEVERAL_CALLS else ONE_CALL_TIME

    def start(policy: RetryPolicy) -> workflow.ActivityHandle[Any]:
        return workflow.start_activity(
            names.STEP_ACTIVITIES[request.step.kind],
            request,
            task_queue=names.teamwork_queue(request.desk),
            result_type=StepResult,
            start_to_close_timeout=limit,
            retry_policy=policy,
            cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
            priority=Priority(priority_key=LIVE if live else LATER),
            summary=request.step.summary,
        )

    return start


def start_read(request: ReadRequest, reason: str, *, live: bool) -> Start:
    def start(policy: RetryPolicy) -> workflow.ActivityHandle[Any]:
        return workflow.start_activity(
            names.READ_TICKET,
            request,
            task_queue=names.zendesk_queue(request.desk),
            result_type=Event,
            start_to_close_timeout=SEVERAL_CALLS_TIME,
            retry_policy=policy,
            cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
            priority=Priority(priority_key=LIVE if live else LATER),
            summary=f"read: {reason}",
        )

    return start
