"""The errors that a person can do something about, and the exit code of each. All others are ours: a traceback."""

from collections.abc import Callable
from typing import Any

import click
from redis.exceptions import RedisError
from temporalio.service import RPCError

from ticketsync.cli.output import Failed
from ticketsync.desk_calls import DeskCallError, DeskRefusedError, NotLinkedError
from ticketsync.embedded import EmbeddedError
from ticketsync.server import CannotListenError
from ticketsync.settings import SettingsError
from ticketsync.stored_payloads import UndecodableError
from ticketsync.teamwork import TeamworkError
from ticketsync.temporal import BadTemporalConfigError, TemporalError
from ticketsync.tracing import TracingUnavailableError
from ticketsync.zendesk import ZendeskError

WRONG_SETTINGS = (SettingsError, BadTemporalConfigError, TracingUnavailableError)


def failure_of(error: Exception) -> click.ClickException | None:
    """What to tell instead of a traceback; None for an error of ours. Of several at once the first is told."""
    if isinstance(error, ExceptionGroup):
        failures = [failure_of(one) for one in error.exceptions]
        return failures[0] if all(failures) else None
    if isinstance(error, click.ClickException):
        return error
    message = next((words(error) for kind, words in WORDS if isinstance(error, kind)), None)
    if message is None:
        return None
    return Failed(message, exit_code=2 if isinstance(error, WRONG_SETTINGS) else 1)


def _of_desk(error: DeskCallError) -> str:
    match error:
        case NotLinkedError():
            return f"desk {error.desk} has no workflow yet: start a worker (ticketsync worker)"
        case DeskRefusedError():
            return f"desk {error.desk} refuses: {error.code}"
        case _:
            return f"desk {error.desk} does not answer ({error.code}): is a worker running? Look whether it was done"


def _of_call(error: RPCError) -> str:
    return f"Temporal refuses or does not answer: {' '.join(filter(None, [error.status.name, error.message]))}"


WORDS: tuple[tuple[type[Exception], Callable[[Any], str]], ...] = (
    (SettingsError, str),
    (TemporalError, str),
    (UndecodableError, str),
    (TracingUnavailableError, str),
    (CannotListenError, str),
    (EmbeddedError, str),
    (DeskCallError, _of_desk),
    (RPCError, _of_call),
    (ZendeskError, lambda error: f"Zendesk: {error}"),
    (TeamworkError, lambda error: f"Teamwork: {error}"),
    (RedisError, lambda error: f"Redis does not answer ({type(error).__name__}): see REDIS_HOST and REDIS_PORT"),
)
