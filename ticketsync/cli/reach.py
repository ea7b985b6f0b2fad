"""What most commands need: Temporal within three seconds, and logs that do not disturb."""

import asyncio
from collections.abc import Sequence

import click
from temporalio.client import Client

from ticketsync.logs import start_logging
from ticketsync.settings import EncryptionKey, Settings
from ticketsync.temporal import TemporalUnreachableError, connect
from ticketsync.tickets import READ_SECONDS


def log_quietly(settings: Settings) -> None:
    """Logs of a command that answers and ends: only what people must see, unless they asked for more."""
    level = settings.log_level if settings.log_level == "debug" else "error"
    start_logging(settings.model_copy(update={"log_level": level}))


async def reach_temporal(seconds: float = READ_SECONDS) -> Client:
    """A client of a server that answers. Raises TemporalUnreachableError after `seconds`, BadTemporalConfigError."""
    try:
        async with asyncio.timeout(seconds):
            return await connect(keys=_keys())
    except TimeoutError:
        raise TemporalUnreachableError(f"Temporal does not answer within {seconds:g} s: see TEMPORAL_ADDRESS") from None


def _keys() -> Sequence[EncryptionKey]:
    """The encryption keys in the settings of the command that runs."""
    context = click.get_current_context(silent=True)
    settings = context.params.get("settings") if context is not None else None
    return settings.encryption_keys if isinstance(settings, Settings) else ()
