"""`ticketsync tickets retry` and `resync`: of one ticket, of several, of those that a filter finds, or of all."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any

import click

from ticketsync import names
from ticketsync.cli.asking import agreed
from ticketsync.cli.flags import SettingsCommand, desk_option, json_option, known_desk
from ticketsync.cli.one_ticket import tell_one
from ticketsync.cli.output import note, print_json, say
from ticketsync.cli.progress import progress
from ticketsync.cli.reach import log_quietly, reach_temporal
from ticketsync.cli.telling import Telling, Told
from ticketsync.cli.ticket_filter import Chosen, chosen_tickets, ids_of
from ticketsync.settings import Settings
from ticketsync.tickets import CommandName

IDS_SHOWN = 20

yes_option = click.option("--yes", is_flag=True, help="do not ask")


@click.command(cls=SettingsCommand)
@chosen_tickets
@yes_option
@desk_option
@json_option
def retry(settings: Settings, desk: str, yes: bool, as_json: bool, **which: Any) -> None:
    """Try now what is blocked or waits for its next try.

    Of one ticket, of several, of those that a filter finds, or of all of a desk. For more than the one that was named
    it says how many there are, and asks.
    """
    log_quietly(settings)
    _tell(_chosen(settings, desk, which), "retry", yes=yes, as_json=as_json)


@click.command(cls=SettingsCommand)
@chosen_tickets
@click.option("--recreate", is_flag=True, help="bring back tasks that were deleted by hand or unlinked")
@yes_option
@desk_option
@json_option
def resync(settings: Settings, desk: str, *, recreate: bool, yes: bool, as_json: bool, **which: Any) -> None:
    """Read ticket and task anew, and put right what differs.

    Of one ticket, of several, of those that a filter finds, or of all of a desk. A ticket that is named and whose
    workflow has ended gets a new run.
    """
    log_quietly(settings)
    _tell(_chosen(settings, desk, which), "resync", recreate, yes=yes, as_json=as_json)


def _chosen(settings: Settings, desk: str, which: dict[str, Any]) -> Chosen:
    chosen = Chosen(desk=known_desk(settings, desk), ids=which.pop("ticket_ids"), **which)
    chosen.check()
    return chosen


def _tell(chosen: Chosen, command: CommandName, *args: Any, yes: bool, as_json: bool) -> None:
    match chosen.ids:
        case [ticket_id]:
            _tell_the_one(chosen.desk, ticket_id, command, args, as_json=as_json)
        case _:
            _tell_many(chosen, command, args, yes=yes, as_json=as_json)


# --- one


def _tell_the_one(desk: str, ticket_id: int, command: CommandName, args: Sequence[Any], *, as_json: bool) -> None:
    tell_one(desk, ticket_id, command, args)
    if as_json:
        print_json({"status": "queued", "workflow_id": names.ticket_workflow_id(desk, ticket_id)})
    else:
        say(f"{command} is queued: see ticketsync tickets show {ticket_id} --desk {desk}")


# --- many


def _tell_many(chosen: Chosen, command: CommandName, args: Sequence[Any], *, yes: bool, as_json: bool) -> None:
    ids = asyncio.run(_ids(chosen))
    if ids:
        agreed(f"Tell {_tickets(len(ids))} of desk {chosen.desk} to {command}?", yes=yes)
    told = asyncio.run(_tell_each(chosen.desk, ids, command, args))
    if as_json:
        print_json(told)
    else:
        _print(told)
    if not told.is_whole:
        raise click.exceptions.Exit(1)


async def _ids(chosen: Chosen) -> list[int]:
    return await ids_of(await reach_temporal(), chosen)


async def _tell_each(desk: str, ids: Sequence[int], command: CommandName, args: Sequence[Any]) -> Told:
    telling = Telling(await reach_temporal(), desk, ids, command, *args)
    with progress("telling tickets", len(ids)) as done:
        return await telling.run(done)


def _print(told: Told) -> None:
    nothing = f", {told.nothing_to_retry} of them had nothing to retry" if told.command == "retry" else ""
    say(f"desk {told.desk}: {_tickets(told.told)} told to {told.command}{nothing}")
    for line in _not_told(told):
        note(line)


def _not_told(told: Told) -> Iterator[str]:
    reasons = {
        "did not answer and may be told all the same: is a worker running?": told.no_answer,
        "have no workflow: no event of them has come, or they ended long ago": told.unknown,
        "refused": told.refused,
        "were not told, because so many had not answered": told.not_told,
    }
    for reason, ids in reasons.items():
        if ids:
            yield f"{len(ids)} {reason}: {_named(ids)}"


def _named(ids: Sequence[int]) -> str:
    more = f" and {len(ids) - IDS_SHOWN} more" if len(ids) > IDS_SHOWN else ""
    return f"{', '.join(map(str, ids[:IDS_SHOWN]))}{more}"


def _tickets(number: int) -> str:
    return f"{number} ticket{'' if number == 1 else 's'}"
