"""From what a client raises to what Temporal is told: what is retried, after how long, and under which code."""

from datetime import timedelta
from typing import NoReturn

import structlog
from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from ticketsync.activities.between_attempts import nothing_was_sent, pause_without_looks
from ticketsync.sync.step import StepFailure
from ticketsync.teamwork import errors as teamwork
from ticketsync.zendesk import errors as zendesk

logger = structlog.get_logger(__name__)

SHORTEST_PAUSE, LONGEST_PAUSE = 1.0, 120.0

ClientError = teamwork.TeamworkError | zendesk.ZendeskError


def fail(error: ClientError, *, nothing_sent: bool = False) -> NoReturn:
    """Raise what the workflow understands. The text holds codes and paths only, never what a ticket says.

    All failures are benign to the SDK, which would log each with a traceback: one line of our own says as much.
    """
    passing = isinstance(error, teamwork.Passing | zendesk.Passing)
    info = activity.info()
    logger.info(
        "attempt failed", code=error.code, step=info.activity_type, workflow=info.workflow_id, attempt=info.attempt
    )
    raise ApplicationError(
        str(error),
        StepFailure(code=error.code, nothing_sent=nothing_sent, answer=answer_of(error)),
        type=error.code,
        non_retryable=not passing,
        next_retry_delay=_pause(error.retry_after) or pause_without_looks() if passing else None,
        category=ApplicationErrorCategory.BENIGN,
    ) from None


def answer_of(error: ClientError) -> str:
    """Which call was answered how, in words; empty where our own quota let no call through."""
    if isinstance(error, teamwork.NoTurn | zendesk.NoTurn):
        return ""
    side = "Teamwork" if isinstance(error, teamwork.TeamworkError) else "Zendesk"
    if error.status is None and isinstance(error, teamwork.UnknownTaskList):  # looked up before anything was sent
        return f"Teamwork has no open {error.call}"
    if error.status is None:
        return f"{side} gave no answer to {error.call}"
    field = f", field {error.field}" if error.field else ""
    return f"{side} answered {error.status} to {error.call}{field}"


def hold_up(code: str, what_to_do: str, *, paused: bool = False, answer: str = "") -> NoReturn:
    """Raise that the whole desk is held up: this attempt sent nothing, and nobody tries on by himself."""
    details = StepFailure(code=code, desk_wide=True, paused=paused, nothing_sent=nothing_was_sent(), answer=answer)
    raise ApplicationError(
        f"{code}: {what_to_do}",
        details,
        type=code,
        non_retryable=True,
        category=ApplicationErrorCategory.BENIGN,
    )


def not_yet(code: str, what: str, pause: timedelta = timedelta(seconds=2)) -> NoReturn:
    """Raise that it is too early: nothing was sent, and it is tried again after this pause."""
    raise ApplicationError(
        f"{code}: {what}",
        StepFailure(code=code, nothing_sent=nothing_was_sent()),
        type=code,
        next_retry_delay=pause,
        category=ApplicationErrorCategory.BENIGN,
    )


def _pause(seconds: float | None) -> timedelta | None:
    if seconds is None:
        return None
    return timedelta(seconds=min(max(seconds, SHORTEST_PAUSE), LONGEST_PAUSE))
