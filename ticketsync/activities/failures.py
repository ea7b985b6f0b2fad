"""From what a client raises to what Temporal is told: what is retried, after how long, and under which code."""

from datetime import datetime, timedelta
from typing import NoReturn

import structlog
from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from ticketsync.sync.step import StepFailure
from ticketsync.teamwork import errors as teamwork
from ticketsync.zendesk import errors as zendesk

logger = structlog.get_logger(__name__)

SHORTEST_PAUSE, LONGEST_PAUSE = 1.0, 120.0

ClientError = teamwork.TeamworkError | zendesk.ZendeskError

NOTHING_SENT = "nothing_sent"
LOOKING = "looking_for_its_task"
LOOKS = (2.0, 7.0, 22.0)  # seconds after the first look: a create that was given up may take that long to land
NEARLY = 0.1


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
        StepFailure(code=error.code, nothing_sent=nothing_sent),
        type=error.code,
        non_retryable=not passing,
        next_retry_delay=_pause(error.retry_after) if passing else None,
        category=ApplicationErrorCategory.BENIGN,
    ) from None


def hold_up(code: str, what_to_do: str, *, paused: bool = False) -> NoReturn:
    """Raise that the whole desk is held up: this attempt sent nothing, and nobody tries on by himself."""
    details = StepFailure(code=code, desk_wide=True, paused=paused, nothing_sent=nothing_was_sent())
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


def say_nothing_sent() -> None:
    """Tell the next attempt that neither this one nor any before it can have landed.

    With its number: Temporal keeps what was said for all attempts to come, and the next but one must not believe it.
    """
    activity.heartbeat(NOTHING_SENT, activity.info().attempt)


def nothing_was_sent() -> bool:
    """Whether no attempt before this one can have landed."""
    info = activity.info()
    match list(info.heartbeat_details):
        case [said, attempt] if said == NOTHING_SENT:
            said_so = attempt == info.attempt - 1
        case [said, attempt, _, nothing_sent] if said == LOOKING:
            said_so = attempt == info.attempt - 1 and nothing_sent
        case _:
            said_so = False
    return info.attempt == 1 or said_so


def look_again_until_surely_not_there() -> None:
    """What may be landing was not found: look again a few times, and go on only when 22 s have passed.

    Each look is an attempt of its own: nobody holds a slot while he waits. The times are those of Temporal's server.
    """
    info = activity.info()
    since = _looking_since(info)
    passed = (info.started_time - since).total_seconds()
    later = [look for look in LOOKS if look > passed + NEARLY]
    if not later:
        return
    activity.heartbeat(LOOKING, info.attempt, since.isoformat(), nothing_was_sent())
    not_yet(LOOKING, "a create may still be landing: it is looked for again", timedelta(seconds=later[0] - passed))


def _looking_since(info: activity.Info) -> datetime:
    match list(info.heartbeat_details):
        case [said, attempt, since, _] if said == LOOKING and attempt == info.attempt - 1:
            return datetime.fromisoformat(since)
        case _:
            return info.current_attempt_scheduled_time


def _pause(seconds: float | None) -> timedelta | None:
    if seconds is None:
        return None
    return timedelta(seconds=min(max(seconds, SHORTEST_PAUSE), LONGEST_PAUSE))
