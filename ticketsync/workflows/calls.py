"""How the ticket workflow calls its activities: queue, time limits, priority, and the summary that the UI shows."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import Priority, RetryPolicy

with workflow.unsafe.imports_passed_through():
    from ticketsync import names
    from ticketsync.sync.event import Event
    from ticketsync.sync.requests import LOOKS, DecideRequest, ReadRequest, StepRequest
    from ticketsync.sync.state import Decision
    from ticketsync.sync.step import StepResult
    from ticketsync.workflows.attempt import Start

PAUSE_AT_MOST = timedelta(seconds=5)
ONCE = RetryPolicy(maximum_attempts=1)
RULES_RETRY = RetryPolicy(initial_interval=timedelta(milliseconds=200), maximum_attempts=3)

# A turn of the quota takes up to 10 s and one HTTP call up to 10 s. These take several calls.
SEVERAL_CALLS = frozenset(
    {"create", "restore", "reopen", "move", "update", "complete", "delete", "inspect", "link", "unlink"}
)
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
        summary=f"decide on {len(request.events)} events" if len(request.events) != 1 else "decide on 1 event",
    )
    return decision


def start_pause(time: timedelta) -> workflow.ActivityHandle[Any]:
    """Ends after this time, which is short; when nobody is there to wait, it fails after 5 s."""
    return workflow.start_activity(
        names.PAUSE,
        time.total_seconds(),
        schedule_to_close_timeout=PAUSE_AT_MOST,
        retry_policy=ONCE,
        summary="until nothing more comes",
    )


def start_step(request: StepRequest, priority: Priority) -> Start:
    limit = SEVERAL_CALLS_TIME if request.step.kind in SEVERAL_CALLS else ONE_CALL_TIME

    def start(policy: RetryPolicy) -> workflow.ActivityHandle[Any]:
        return workflow.start_activity(
            names.STEP_ACTIVITIES[request.step.kind],
            request,
            task_queue=names.teamwork_queue(request.desk),
            result_type=StepResult,
            start_to_close_timeout=limit,
            retry_policy=_with_looks(policy, request),
            cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
            priority=priority,
            summary=request.step.summary,
        )

    return start


def _with_looks(policy: RetryPolicy, request: StepRequest) -> RetryPolicy:
    """Where a create looks patiently, each look is an attempt: the quick ones come on top."""
    looks = len(LOOKS) if request.step.kind == "create" and request.look == "patiently" else 0
    return replace(policy, maximum_attempts=policy.maximum_attempts + looks) if policy.maximum_attempts else policy


def start_read(request: ReadRequest, reason: str, priority: Priority) -> Start:
    def start(policy: RetryPolicy) -> workflow.ActivityHandle[Any]:
        return workflow.start_activity(
            names.READ_TICKET,
            request,
            task_queue=names.zendesk_queue(request.desk),
            result_type=Event,
            start_to_close_timeout=SEVERAL_CALLS_TIME,
            retry_policy=policy,
            cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
            priority=priority,
            summary=f"read: {reason}",
        )

    return start
