"""`ticketsync tickets link` and `unlink`: whose task it is, said by hand."""

import asyncio
from collections.abc import Sequence
from typing import Any, Literal

import click
from temporalio.client import Client

from ticketsync.cli.flags import SettingsCommand, desk_option, json_option, known_desk
from ticketsync.cli.one_ticket import tell_one
from ticketsync.cli.output import Failed, print_json, say
from ticketsync.cli.reach import log_quietly, reach_temporal
from ticketsync.cli.ticket_filter import ID
from ticketsync.settings import Settings
from ticketsync.sync.state import JournalLine
from ticketsync.tickets import CommandName, TicketCallError, read_ticket
from ticketsync.why import state_of

SECONDS = 20.0  # that the outcome is waited for
LOOK_EVERY = 0.5
Kind = Literal["link", "unlink"]

ticket_argument = click.argument("ticket_id", metavar="ID", type=ID)


@click.command(cls=SettingsCommand)
@ticket_argument
@click.argument("task_id", metavar="TASK", type=ID)
@desk_option
@json_option
def link(settings: Settings, ticket_id: int, task_id: int, desk: str, as_json: bool) -> None:
    """Make an existing Teamwork task that of a ticket.

    The task gets the ticket's marker, and is then put in step as any other. The task that the ticket had before is let
    go. Waits up to 20 s for the outcome, and ends with 1 when the task cannot be the ticket's.
    """
    log_quietly(settings)
    _do(known_desk(settings, desk), ticket_id, "link", (task_id,), as_json=as_json)


@click.command(cls=SettingsCommand)
@ticket_argument
@desk_option
@json_option
def unlink(settings: Settings, ticket_id: int, desk: str, as_json: bool) -> None:
    """Let a ticket's task go.

    It stays in Teamwork, without the ticket's marker. The ticket makes no other until it is linked, or resynced with
    --recreate. Waits up to 20 s for the outcome.
    """
    log_quietly(settings)
    _do(known_desk(settings, desk), ticket_id, "unlink", (), as_json=as_json)


COMMANDS: dict[Kind, CommandName] = {"link": "link_task", "unlink": "unlink_task"}


def _do(desk: str, ticket_id: int, kind: Kind, args: Sequence[Any], *, as_json: bool) -> None:
    # A ticket of which nothing was heard may have a task of which nothing is known.
    tell_one(desk, ticket_id, COMMANDS[kind], args, even_unknown=kind == "link")
    line = asyncio.run(_outcome(desk, ticket_id, kind))
    if line is not None and line.code == f"{kind}_refused":
        raise Failed(f"ticket {ticket_id} of desk {desk}: {line.text}")
    if as_json:
        print_json({"desk": desk, "ticket_id": ticket_id, "status": _word(kind, line), "answer": line and line.text})
    elif line is None:
        say(f"{kind} is queued: see ticketsync tickets show {ticket_id} --desk {desk}")
    else:
        say(f"ticket {ticket_id} of desk {desk}: {line.text}")


def _word(kind: Kind, line: JournalLine | None) -> str:
    return "queued" if line is None else f"{kind}ed"


# --- the outcome


async def _outcome(desk: str, ticket_id: int, kind: Kind) -> JournalLine | None:
    """The journal's line on what came of the command; None when that is not known in time."""
    client = await reach_temporal()
    try:
        async with asyncio.timeout(SECONDS):
            while True:
                line = outcome_in(await _journal(client, desk, ticket_id), kind)
                if line is not None:
                    return line
                await asyncio.sleep(LOOK_EVERY)
    except TimeoutError:
        return None


async def _journal(client: Client, desk: str, ticket_id: int) -> tuple[JournalLine, ...]:
    try:
        view = await read_ticket(client, desk, ticket_id)
    except TicketCallError:
        return ()
    state = state_of(view)
    return state.journal if state is not None and not state.commands else ()


def outcome_in(journal: Sequence[JournalLine], kind: Kind) -> JournalLine | None:
    """What came of the newest such command, by the lines below it."""
    codes = [line.code for line in journal]
    if kind not in codes:
        return None
    since = len(codes) - codes[::-1].index(kind)
    ends = {f"{kind}_done", f"{kind}_refused", *(("unlinked",) if kind == "unlink" else ())}
    return next((line for line in journal[since:] if line.code in ends), None)
