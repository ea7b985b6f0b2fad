"""`ticketsync tickets`: list, show, why, retry, resync."""

import asyncio
from typing import Any, get_args

import click

from ticketsync.cli.flags import SettingsCommand, desk_option, json_option, known_desk
from ticketsync.cli.output import Failed, print_json, say
from ticketsync.cli.reach import log_quietly, reach_temporal
from ticketsync.cli.ticket_list import TicketList, Wanted, list_tickets
from ticketsync.cli.ticket_prints import print_list, print_view, print_why
from ticketsync.reasons import codes_that_say, says_not_looked_at
from ticketsync.settings import Settings
from ticketsync.sync.state import SyncState
from ticketsync.tickets import (
    CommandName,
    CommandRefusedError,
    TicketCallError,
    TicketView,
    UnknownTicketError,
    command_ticket,
    read_ticket,
)
from ticketsync.why import state_of, why_of

STATES = get_args(SyncState)
STATUSES = ("new", "open", "pending", "hold", "solved", "closed", "deleted")
ID = click.IntRange(1, 2**63 - 1)

ticket_argument = click.argument("ticket_id", metavar="ID", type=ID)


@click.group()
def tickets() -> None:
    """How tickets stand, and why."""


# --- list


def _codes(_context: click.Context, _option: click.Parameter, text: str | None) -> tuple[str, ...] | None:
    """The reasons that `--reason` asks for, "" for that of tickets which have no code yet."""
    if text is None:
        return None
    codes = (*codes_that_say(text), *([""] if says_not_looked_at(text) else []))
    if not codes:
        raise click.BadParameter(f"no reason says {text!r}: docs/on-call.md has them all")
    return codes


@tickets.command("list", cls=SettingsCommand)
@click.option("--state", type=click.Choice(STATES), help="only tickets in this state")
@click.option("--status", type=click.Choice(STATUSES), help="only tickets with this status in Zendesk")
@click.option("--assignee", type=ID, metavar="ID", help="only tickets whose agent is this Zendesk user")
@click.option("--reason", "codes", callback=_codes, metavar="TEXT", help="only tickets whose reason says this")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="so many lines a page")
@click.option("--page", type=click.IntRange(1), default=1, show_default=True, help="which page")
@desk_option
@json_option
def list_command(settings: Settings, desk: str, as_json: bool, **filters: Any) -> None:
    """Tickets and how they stand: the newest trouble first, then the newest tickets.

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
        raise _unknown(desk, ticket_id) from None
    except TicketCallError as error:
        raise Failed(f"Temporal refuses or does not answer: {error.code}") from None


async def _view(desk: str, ticket_id: int) -> TicketView:
    return await read_ticket(await reach_temporal(), desk, ticket_id)


# --- retry and resync


@tickets.command(cls=SettingsCommand)
@ticket_argument
@desk_option
@json_option
def retry(settings: Settings, ticket_id: int, desk: str, as_json: bool) -> None:
    """Try now what is blocked or waits for its next try."""
    _command(settings, desk, ticket_id, "retry", as_json=as_json)


@tickets.command(cls=SettingsCommand)
@ticket_argument
@click.option("--recreate", is_flag=True, help="bring back a task that was deleted by hand")
@desk_option
@json_option
def resync(settings: Settings, ticket_id: int, desk: str, *, recreate: bool, as_json: bool) -> None:
    """Read ticket and task anew, and put right what differs.

    A ticket whose workflow has ended gets a new run.
    """
    _command(settings, desk, ticket_id, "resync", recreate, as_json=as_json)


def _command(settings: Settings, desk: str, ticket_id: int, command: CommandName, *args: Any, as_json: bool) -> None:
    log_quietly(settings)
    try:
        workflow_id = asyncio.run(_tell(known_desk(settings, desk), ticket_id, command, args))
    except UnknownTicketError:
        raise _unknown(desk, ticket_id) from None
    except CommandRefusedError as error:
        raise Failed(f"ticket {ticket_id} of desk {desk} refuses: {error.code}") from None
    except TicketCallError as error:
        look = f"ticketsync tickets show {ticket_id} --desk {desk}"
        raise Failed(f"no worker answers ({error.code}): start one, then look whether it was done: {look}") from None
    if as_json:
        print_json({"status": "queued", "workflow_id": workflow_id})
    else:
        say(f"{command} is queued: see ticketsync tickets show {ticket_id} --desk {desk}")


async def _tell(desk: str, ticket_id: int, command: CommandName, args: tuple[Any, ...]) -> str:
    return await command_ticket(await reach_temporal(), desk, ticket_id, command, args=args)


def _unknown(desk: str, ticket_id: int) -> Failed:
    why = "no event of it has come, or it ended longer ago than Temporal keeps closed workflows"
    return Failed(f"ticket {ticket_id} of desk {desk} has no workflow: {why}")
