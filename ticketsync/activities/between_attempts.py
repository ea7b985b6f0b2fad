"""What one attempt tells the next: by the details of its last heartbeat, which Temporal hands on."""

from datetime import datetime

from temporalio import activity

NOTHING_SENT = "nothing_sent"
LOOKING = "looking_for_its_task"


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


def say_looking(since: datetime) -> None:
    """Tell the next attempt since when the task is looked for, and pass on whether nothing was sent."""
    activity.heartbeat(LOOKING, activity.info().attempt, since.isoformat(), nothing_was_sent())


def looking_since() -> datetime:
    """Since when the task is looked for: the first look's moment, or this attempt's. Times of Temporal's server."""
    info = activity.info()
    match list(info.heartbeat_details):
        case [said, attempt, since, _] if said == LOOKING and attempt == info.attempt - 1:
            return datetime.fromisoformat(since)
        case _:
            return info.current_attempt_scheduled_time
