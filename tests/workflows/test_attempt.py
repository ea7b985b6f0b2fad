"""What became of an activity: whether it may succeed later by itself."""

import pytest
from temporalio.exceptions import ActivityError, ApplicationError, RetryState

from ticketsync.sync.step import StepFailure
from ticketsync.workflows.attempt import failure_of


@pytest.mark.parametrize("state", [RetryState.NON_RETRYABLE_FAILURE, RetryState.CANCEL_REQUESTED])
def test_what_fails_for_good_does_so_also_when_it_was_told_to_stop(state: RetryState) -> None:
    failure = failure_of(_failed(state, non_retryable=True))
    assert (failure.code, failure.passing) == ("credentials_refused", False)


@pytest.mark.parametrize("state", [RetryState.MAXIMUM_ATTEMPTS_REACHED, RetryState.CANCEL_REQUESTED])
def test_what_may_pass_may_pass_also_when_it_was_told_to_stop(state: RetryState) -> None:
    assert failure_of(_failed(state, non_retryable=False)).passing


def _failed(state: RetryState, *, non_retryable: bool) -> ActivityError:
    details = StepFailure(code="credentials_refused").model_dump(mode="json")
    error = ActivityError(
        "failed",
        scheduled_event_id=5,
        started_event_id=6,
        identity="a worker",
        activity_type="rename_task",
        activity_id="1",
        retry_state=state,
    )
    error.__cause__ = ApplicationError("refused", details, non_retryable=non_retryable)
    return error
