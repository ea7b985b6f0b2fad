"""`ticketsync alerts`: test."""

import asyncio

import click
from pydantic import SecretStr

from ticketsync import chat
from ticketsync.alert_words import trial_text
from ticketsync.cli.flags import SettingsCommand, desk_argument, json_option
from ticketsync.cli.output import Failed, print_json, say
from ticketsync.cli.reach import log_quietly
from ticketsync.settings import DeskSettings, Settings


@click.group()
def alerts() -> None:
    """What people are told by themselves."""


@alerts.command(cls=SettingsCommand)
@desk_argument
@json_option
def test(settings: Settings, desk: str, as_json: bool) -> None:
    """Send a message to the desk's chat, to try the way there.

    Ends with 1 when it does not arrive.
    """
    settled = settings.desk(desk)
    webhook = settled.alerts.webhook
    if webhook is None:
        raise Failed(f"desk {desk} has no chat: set TICKETSYNC_ALERT_WEBHOOK, or webhook_file in its alerts")
    log_quietly(settings)
    asyncio.run(_send(settled, webhook))
    where = chat.host_of(webhook)
    if as_json:
        print_json({"desk": desk, "sent_to": where})
    else:
        say(f"sent to the chat at {where}")


async def _send(desk: DeskSettings, webhook: SecretStr) -> None:
    try:
        await chat.tell(webhook, trial_text(desk))
    except chat.ChatError as error:
        raise Failed(str(error)) from None
