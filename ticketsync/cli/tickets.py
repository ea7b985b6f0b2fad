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
from ticketsync.cli.ticket_filter import ID, STATES, STATUSES
from ticketsync.cli.ticket_list import TicketList, Wanted, list_tickets
from ticketsync.cli.ticket_prints import print_list, print_view, print_why
from ticketsync.cli.why import explain
from ticketsync.settings import Settings
from ticketsync.sync.state import TicketState
from ticketsync.tickets import TicketCallError, TicketView, UnknownTicketError, read_ticket

ticket_argument = click.argument("ticket_id", metavar="ID", type=ID)


@click.group()
def tickets() -> None:
    """How tickets stand, and why."""


# --- list


@tickets.command("list", cls=SettingsCommand)
@click.option("--state", type=click.Choice(STATES), help="only tickets in this state")
@click.option("--status", type=click.Choice(STATUSES), help="only tickets with this status in Zendesk")
@click.option("--assignee", type=ID, metavar="ID", help="only tickets whose agent is this Zendesk user")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="at most so many lines")
@desk_option
@json_option
def list_command(settings: Settings, desk: str, as_json: bool, **filters: Any) -> None:
    """Tickets and how they stand, the newest first.

    Those whose workflow runs: tickets that have ended leave the list after their grace period, "show" and "why" still
    answer for them. Below the list: what its reasons mean, what to do, and how many tickets are in each state. The
    agent is the Zendesk user whose person the task should have: the assignee, or whoever opened a ticket that was
    never assigned.
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
        print_view(view, _state_of(view))


@tickets.command(cls=SettingsCommand)
@ticket_argument
@desk_option
@json_option
def why(settings: Settings, ticket_id: int, desk: str, as_json: bool) -> None:
    """Why a ticket's task is as it is.

    For each field of the task the step that set it last and the event before that; then what was not done, and the
    events that changed nothing, with the reason.
    """
    view = _read(settings, desk, ticket_id)
    state = _state_of(view)
    if state is None:
        raise Failed(f"{view.note}: the reasons are in the ticket's workflow, start a worker (ticketsync worker)")
    story = explain(state)
    if as_json:
        print_json({"desk": desk, "ticket_id": ticket_id, **story.model_dump(mode="json")})
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


def _state_of(view: TicketView) -> TicketState | None:
    return TicketState.model_validate(view.status) if view.status is not None else None


# --- retry, resync, link, unlink

for command in (retry, resync, link, unlink):
    tickets.add_command(command)
