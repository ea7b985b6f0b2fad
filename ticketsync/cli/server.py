"""`ticketsync server`."""

from typing import Any

import click

from ticketsync.cli.flags import SettingsCommand, need_desks
from ticketsync.logs import start_logging
from ticketsync.server import serve
from ticketsync.settings import Settings
from ticketsync.settings.watch import SettingsWatch
from ticketsync.tracing import tracing

SHOWN = (
    "TICKETSYNC_HOST",
    "TICKETSYNC_PORT",
    "TICKETSYNC_METRICS_ADDRESS",
    "TICKETSYNC_API_TOKEN",
    "TICKETSYNC_TRACES_ENDPOINT",
)


@click.command(cls=SettingsCommand, shown_settings=SHOWN, hands_flags=True)
def server(settings: Settings, flags: dict[str, Any]) -> None:
    """Take webhooks in and hand them to Temporal.

    It listens at once and answers 503 until Temporal is there. Desks that the config file gets, changes or loses are
    taken over at once. SIGTERM or Ctrl-C: what is under way is answered, then it ends with 0.
    """
    need_desks(settings)
    start_logging(settings)
    with tracing(settings.traces_endpoint, "server"):
        serve(settings, SettingsWatch(settings, flags))
