"""Counting attempts where they run: each step and read by what came of it, and how late the step was."""

from datetime import UTC, datetime
from typing import Any

from temporalio import activity
from temporalio.exceptions import ApplicationError, is_cancelled_exception
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from ticketsync import names
from ticketsync.metrics.worker import WorkerMetrics
from ticketsync.sync.requests import StepRequest
from ticketsync.sync.step import StepResult

KINDS = {
    **{name: kind for kind, name in names.STEP_ACTIVITIES.items()},
    names.READ_TICKET: "read",
    names.READ_EXPORT: "export",
    names.LOAD_DIRECTORY: "directory",
    names.BRING_IN: "backfill",
}
DONE, NOT_TAKEN, CANCELLED, FAILED = "done", "not_taken", "cancelled", "activity_failed"


class CountAttempts(Interceptor):
    """Of a worker whose activities are a desk's: each has a request with its `desk`."""

    def __init__(self, metrics: WorkerMetrics) -> None:
        self._metrics = metrics

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002
        return _CountAttempts(next, self._metrics)


class _CountAttempts(ActivityInboundInterceptor):
    def __init__(self, next: ActivityInboundInterceptor, metrics: WorkerMetrics) -> None:  # noqa: A002
        super().__init__(next)
        self._metrics = metrics

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002
        kind = KINDS.get(activity.info().activity_type)
        if kind is None:
            return await super().execute_activity(input)
        request = input.args[0]
        try:
            result = await super().execute_activity(input)
        except BaseException as error:
            self._metrics.step_attempt(request.desk, kind, outcome_of(error))
            raise
        self._count_success(request, kind, result)
        return result

    def _count_success(self, request: Any, kind: str, result: Any) -> None:
        self._metrics.step_attempt(request.desk, kind, _outcome(result))
        if isinstance(request, StepRequest) and request.heard_at is not None:
            self._metrics.delay(request.desk, (datetime.now(UTC) - request.heard_at).total_seconds())


def _outcome(result: Any) -> str:
    """A person or a task that Teamwork would not take does not make a step fail."""
    refused = isinstance(result, StepResult) and (result.refused or result.refused_assignee_id is not None)
    return NOT_TAKEN if refused else DONE


def outcome_of(error: BaseException) -> str:
    """A failure's code, as its ticket shows it; any other exception is an error of ours."""
    if is_cancelled_exception(error):
        return CANCELLED
    return error.type or FAILED if isinstance(error, ApplicationError) else FAILED
