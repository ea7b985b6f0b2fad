"""An activity in two phases: three quick attempts, then one patient activity that goes on without adding history.

Quick attempts are limited by number, never by schedule-to-close: that lets a running call land after its successor
began. For the same reason every activity is cancelled with WAIT_CANCELLATION_COMPLETED: one in back-off ends at once, a
running call finishes first and its result counts.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError, CancelledError, RetryState

with workflow.unsafe.imports_passed_through():
    from ticketsync.sync.step import StepFailure

QUICK = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=10), maximum_attempts=3)
PATIENT = RetryPolicy(initial_interval=timedelta(seconds=10), maximum_interval=timedelta(minutes=10))

Start = Callable[[RetryPolicy], workflow.ActivityHandle[Any]]


@dataclass(frozen=True)
class Failure:
    """Why an activity did not succeed. `passing`: it may succeed later by itself. `cancelled`: we asked it to stop."""

    code: str
    passing: bool
    cancelled: bool = False
    details: StepFailure | None = None

    @property
    def nothing_sent(self) -> bool:
        return self.details is not None and self.details.nothing_sent

    @property
    def answer(self) -> str:
        """Which call was answered how; empty where none was made, or nobody knows."""
        return self.details.answer if self.details is not None else ""


class Attempt:
    """One step or read under way. `what` is its kind.

    `superseded`: nobody wants it any more. `first_create`: no create of this ticket was begun before. `after`: the
    moment of the journal's last line when it was begun.
    """

    def __init__(
        self, what: str, start: Start, *, patient: bool, first_create: bool = False, after: datetime | None = None
    ) -> None:
        self.what = what
        self.after = after
        self.first_create = first_create
        self.superseded = False
        self.given_up = False
        self.told_to_stop = False
        self.patient = patient
        self._start = start
        self._handle = start(PATIENT if patient else QUICK)

    @property
    def done(self) -> bool:
        return self._handle.done()

    def be_patient(self) -> None:
        self.patient = True
        self._handle = self._start(PATIENT)

    def supersede(self) -> None:
        """Nobody wants this any more. What it still does counts: see `done` and `outcome`.

        A create's quick attempts are left to end: another create would have to look for the task of this one, for 22 s.
        """
        self.superseded = True
        if self.patient or self.what != "create":
            self.cancel()

    def cancel(self) -> None:
        """Tell it to stop, whatever it is doing."""
        self.superseded = True
        if not self.told_to_stop:
            self.told_to_stop = True
            self._handle.cancel()

    def outcome(self) -> Any | Failure:
        """The activity's result, or why there is none."""
        if self._handle.cancelled():
            return Failure(code="cancelled", passing=True, cancelled=True)
        error = self._handle.exception()
        return self._handle.result() if error is None else failure_of(error)


def failure_of(error: BaseException) -> Failure:
    """Why an activity that was awaited has failed."""
    cause = error.cause if isinstance(error, ActivityError) else error
    if isinstance(cause, CancelledError):
        return Failure(code="cancelled", passing=True, cancelled=True)
    for_good = _is_for_good(error, cause)
    if isinstance(cause, ApplicationError) and cause.details:
        details = StepFailure.model_validate(cause.details[0])
        return Failure(code=details.code, passing=not for_good, details=details)
    if isinstance(cause, ApplicationError):  # not one of ours: its type is the name of an exception
        return Failure(code="activity_failed", passing=not for_good)
    return Failure(code="timed_out", passing=not for_good)


def _is_for_good(error: BaseException, cause: BaseException | None) -> bool:
    """Of what was told to stop meanwhile the server says only that (CANCEL_REQUESTED), however it has failed."""
    said = isinstance(error, ActivityError) and error.retry_state == RetryState.NON_RETRYABLE_FAILURE
    return said or (isinstance(cause, ApplicationError) and cause.non_retryable)
