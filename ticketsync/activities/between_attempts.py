"""What one attempt tells the next: by the details of its last heartbeat, which Temporal hands on."""

from datetime import datetime, timedelta

from temporalio import activity

NOTHING_SENT = "nothing_sent"
LOOKING = "looking_for_its_task"
SWITCHED_OFF = "switched_off"
MANY_TRIES = 30
TEMPORALS_LONGEST = (
    100  # initial intervals, where a policy has no longest: https://docs.temporal.io/encyclopedia/retry-policies
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
        case [said, attempt, _, nothing_sent, *_] if said == LOOKING:
            said_so = attempt == info.attempt - 1 and nothing_sent
        case _:
            said_so = False
    return info.attempt == 1 or said_so


def say_looking(since: datetime) -> None:
    """Tell the next attempt since when the task is looked for, and pass on whether nothing was sent.

    And those to come how many attempts were such looks.
    """
    activity.heartbeat(LOOKING, activity.info().attempt, since.isoformat(), nothing_was_sent(), _looks() + 1)


def looking_since() -> datetime:
    """Since when the task is looked for: the first look's moment, or this attempt's. Times of Temporal's server."""
    info = activity.info()
    match list(info.heartbeat_details):
        case [said, attempt, since, *_] if said == LOOKING and attempt == info.attempt - 1:
            return datetime.fromisoformat(since)
        case _:
            return info.current_attempt_scheduled_time


def pause_without_looks() -> timedelta | None:
    """The retry policy's pause after this attempt, as if no look had been one; None where Temporal counts the same."""
    info, looks = activity.info(), _looks()
    policy = info.retry_policy
    if policy is None or looks == 0:
        return None
    # Of so many tries that any pause is the longest; the exponent has its bound before it overflows.
    exponent = min(max(info.attempt - looks - 1, 0), MANY_TRIES)
    pause = policy.initial_interval * policy.backoff_coefficient**exponent
    return min(pause, policy.maximum_interval or policy.initial_interval * TEMPORALS_LONGEST)


def _looks() -> int:
    match list(activity.info().heartbeat_details):
        case [said, _, _, _, int(looks)] if said == LOOKING:
            return looks
        case _:
            return 0


def switched_off_in_a_row() -> int:
    """How many attempts in a row, this one the last, have found what they do switched off; the next one is told."""
    info = activity.info()
    match list(info.heartbeat_details):
        case [said, attempt, int(before)] if said == SWITCHED_OFF and attempt == info.attempt - 1:
            times = before + 1
        case _:
            times = 1
    activity.heartbeat(SWITCHED_OFF, info.attempt, times)
    return times
