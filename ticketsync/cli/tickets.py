"""`ticketsync tickets`: list, show, why; and the commands that put right."""

import asyncio
from typing import Any

import click

from ticketsync.cli.flags import SettingsCommand, desk_option, json_option, known_desk
from ticketsync.cli.linking import link, unlink
from ticketsync.cli.one_ticket import unknown
from ticketsync.cli.output import Failed, print_json
from ticketsync.cli.put_right import resync, retry
from ticketsync.cli.reach import log_quietly, reach_temporal
from ticketsync.cli.ticket_filter import ID, filtered
from ticketsync.cli.ticket_prints import print_list, print_view, print_why
from ticketsync.settings import Settings
from ticketsync.ticket_list import TicketList, Wanted, list_tickets
from ticketsync.tickets import TicketCallError, TicketView, UnknownTicketError, read_ticket
from ticketsync.why import state_of, why_of

ticket_argument = click.argument("ticket_id", metavar="ID", type=ID)


@click.group()
def tickets() -> None:
    """How tickets stand, and why."""


# --- list


@tickets.command("list", cls=SettingsCommand)
@filtered
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="so many lines a page")
@click.option("--page", type=click.IntRange(1), default=1, show_default=True, help="which page")
@desk_option
@json_option
def list_command(settings: Settings, desk: str, as_json: bool, **filters: Any) -> None:
    """Tickets and how they stand, the newest trouble first.

    Behind the troubles the tickets that began last. Listed are those whose workflow runs: one that has ended leaves the
    list after its grace period, "show" and "why" still answer for it. Below the list: what its reasons mean, what to
    do, and how many tickets are in each state. The agent is the Zendesk user whose person the task should have: the
    assignee, or whoever opened a ticket that was never assigned.
    """
    log_quietly(settings)
    found = asyncio.run(_list(Wanted(desk=known_desk(settings, desk), **filters)))
    if as_json:
        print_json(found.model_dump(mode="json"))
    else:
        print_list(found)


async def _list(wanted: Wanted) -> TicketList:
    return await list_tickets(await reach_temporal(), wanted)


# --- show and why


@tickets.command(cls=SettingsCommand)
@ticket_argument
@desk_option
@json_option
def show(settings: Settings, ticket_id: int, desk: str, as_json: bool) -> None:
    """One ticket: how it stands, why, and what to do.

    Then what is under way, and the last things that happened.
    """
    view = _read(settings, desk, ticket_id)
    if as_json:
        print_json(view.model_dump(mode="json"))
    else:
        print_view(view, state_of(view))


@tickets.command(cls=SettingsCommand)
@ticket_argument
@desk_option
@json_option
def why(settings: Settings, ticket_id: int, desk: str, as_json: bool) -> None:
    """Why a ticket's task is as it is.

    For each field of the task the rule and mapping, the step that set it last with Teamwork's answer, and the event
    before that; then what was not done, and the events that changed nothing, with the reason.
    """
    view = _read(settings, desk, ticket_id)
    story = why_of(view)
    if story is None:
        raise Failed(f"{view.note}: the reasons are in the ticket's workflow, start a worker (ticketsync worker)")
    if as_json:
        print_json(story.model_dump(mode="json"))
    else:
        print_why(view, story)


def _read(settings: Settings, desk: str, ticket_id: int) -> TicketView:
    log_quietly(settings)
    try:
        return asyncio.run(_view(known_desk(settings, desk), ticket_id))
    except UnknownTicketError:
        raise unknown(desk, ticket_id) from None
    except TicketCallError as error:
        raise Failed(f"Temporal refuses or does not answer: {error.code}") from None


async def _view(desk: str, ticket_id: int) -> TicketView:
    return await read_ticket(await reach_temporal(), desk, ticket_id)


# --- retry, resync, link, unlink

for command in (retry, resync, link, unlink):
    tickets.add_command(command)
