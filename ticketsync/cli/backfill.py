"""`ticketsync backfill`: bring in the tickets that were there before."""

import asyncio
from datetime import UTC, datetime
from typing import Any, Literal

import click
from temporalio.client import Client

from ticketsync.backfill_calls import BackfillView, begin_backfill, read_backfill, stop_backfill
from ticketsync.cli.asking import agreed
from ticketsync.cli.backfill_plan import Plan, plan_backfill
from ticketsync.cli.backfill_watch import command_line, in_words, reading, tell, watch
from ticketsync.cli.flags import SettingsCommand, desk_option, json_option, known_desk
from ticketsync.cli.output import note, print_json, print_table, say
from ticketsync.cli.reach import log_quietly, reach_temporal
from ticketsync.settings import Settings
from ticketsync.sync.backfill import BackfillState, Fate, Place

Action = Literal["status", "stop"]

WORDS: dict[Fate, str] = {
    "new": "to get a task",
    "adopted": "to be adopted: a task has the ticket's marker already",
    "unclear": "to be read first: the export says too little of them",
    "known": "known already: nothing is done",
    "filtered": "left out: outside the policy's filters",
    "ended": "left out: solved, closed, merged or deleted",
}


@click.command(cls=SettingsCommand)
@click.argument("action", metavar="[status|stop]", type=click.Choice(["status", "stop"]), required=False)
@click.option("--open", "only_open", is_flag=True, help="only tickets that are not solved or closed")
@click.option("--anew", is_flag=True, help="from the first ticket on, also where a backfill was stopped")
@click.option("--dry-run", is_flag=True, help="only count what would be done")
@click.option("--yes", is_flag=True, help="do not ask")
@desk_option
@json_option
def backfill(
    *,
    settings: Settings,
    action: Action | None,
    only_open: bool,
    anew: bool,
    dry_run: bool,
    yes: bool,
    desk: str,
    as_json: bool,
) -> None:
    """Bring in the tickets that were there before the desk was linked.

    First it counts what would be done, and asks. Then the worker does it, behind all live tickets, whether this command
    goes on or not: it shows how far it is, and Ctrl-C ends only that. Called again it shows a backfill that is under
    way, and goes on with one that was stopped. With "status" it tells how far it is, with "stop" it has it stop.
    """
    log_quietly(settings)
    if action is not None and (only_open or anew or dry_run or yes):
        raise click.UsageError(f"{action} takes no options but --desk and --json")
    match action:
        case "status":
            name = known_desk(settings, desk)
            tell(name, asyncio.run(_read(name)), as_json=as_json)
        case "stop":
            _stop(known_desk(settings, desk), as_json=as_json)
        case None:
            name = settings.desk(desk).name
            if not dry_run and (view := asyncio.run(_read(name))) is not None and view.running:
                note(f"a backfill of desk {name} is under way")
            elif not _begin(settings, name, only_open=only_open, anew=anew, yes=yes, dry=dry_run, as_json=as_json):
                return
            watch(name, as_json=as_json)


async def _read(name: str) -> BackfillView | None:
    return await read_backfill(await reach_temporal(), name)


# --- counting, and beginning


def _begin(settings: Settings, name: str, *, only_open: bool, anew: bool, yes: bool, dry: bool, as_json: bool) -> bool:
    """Whether one is under way then."""
    plan = asyncio.run(_plan(settings, name, only_open=only_open, anew=anew))
    work = plan.counts.brought_in
    if as_json and (dry or not work):
        print_json({"desk": name, "dry_run": dry, "plan": _plan_as_json(plan), "backfill": None})
    elif not as_json:
        _print_plan(name, plan)
    if dry or not work:
        return False
    agreed(f"Bring in {_tickets(work)}?", yes=yes)
    asyncio.run(_start(name, plan))
    return True


async def _plan(settings: Settings, name: str, *, only_open: bool, anew: bool) -> Plan:
    client = await reach_temporal()
    place = Place() if anew else await _where_to_begin(client, name, only_open=only_open)
    with reading() as told:
        return await plan_backfill(settings, name, client, place, told, only_open=only_open)


async def _where_to_begin(client: Client, name: str, *, only_open: bool) -> Place:
    """Where one of the same kind was stopped, else with the first ticket."""
    view = await read_backfill(client, name)
    state = view.state if view is not None else None
    if view is None or state is None or view.running or state.is_done or state.only_open != only_open:
        return Place()
    since = f"{state.ended_at:%Y-%m-%d %H:%M} UTC" if state.ended_at is not None else "before"
    note(f"going on where a backfill was stopped ({since}): --anew begins with the first ticket")
    return state.place


async def _start(name: str, plan: Plan) -> None:
    state = BackfillState(
        desk=name,
        only_open=plan.only_open,
        begun_at=datetime.now(UTC),
        until=plan.until,
        place=plan.place,
        planned=plan.counts,
    )
    await begin_backfill(await reach_temporal(), state)


def _print_plan(name: str, plan: Plan) -> None:
    counts = plan.counts.model_dump()
    rows = [(counts[fate], words) for fate, words in WORDS.items() if counts[fate]]
    print_table(("tickets", ""), rows)
    if plan.counts.brought_in:
        say(f"about {plan.calls} calls of Teamwork, {in_words(plan.time)} at the desk's quota")
    else:
        say(f"desk {name}: there is nothing to bring in")


def _plan_as_json(plan: Plan) -> dict[str, Any]:
    counts = plan.counts
    told = {"only_open": plan.only_open, "read": counts.read, **counts.model_dump(), "to_bring_in": counts.brought_in}
    return {**told, "calls": plan.calls, "seconds": round(plan.time.total_seconds())}


def _tickets(number: int) -> str:
    return "1 ticket" if number == 1 else f"{number} tickets"


# --- stopping


def _stop(name: str, *, as_json: bool) -> None:
    stopped = asyncio.run(_told_to_stop(name))
    if as_json:
        print_json({"desk": name, "status": "stopping" if stopped else "not running"})
    elif stopped:
        say(f"the backfill of desk {name} stops within a minute; {command_line(name)} goes on where it stopped")
    else:
        say(f"no backfill of desk {name} is under way")


async def _told_to_stop(name: str) -> bool:
    return await stop_backfill(await reach_temporal(), name)
