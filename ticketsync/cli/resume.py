"""`ticketsync desks resume`: what a paused desk would write, and then going on."""

import asyncio

import click
from redis.exceptions import RedisError
from temporalio.client import Client
from temporalio.service import RPCError

from ticketsync import names
from ticketsync.activities.looks import ProjectDoesNotAnswer
from ticketsync.cli.asking import agreed
from ticketsync.cli.failures import failure_of
from ticketsync.cli.flags import SettingsCommand, desk_argument, json_option, known_desk
from ticketsync.cli.output import note, print_json, say
from ticketsync.cli.preview import print_preview
from ticketsync.cli.preview_of_desk import Asked, Preview, preview_desk
from ticketsync.cli.reach import log_quietly, reach_temporal
from ticketsync.desk_calls import command_desk, read_facts
from ticketsync.settings import Settings
from ticketsync.sync.state import SyncState
from ticketsync.teamwork import TeamworkError
from ticketsync.ticket_list import TIMEOUT, Wanted
from ticketsync.zendesk import ZendeskError

TICKETS_SHOWN = 20
HELD: tuple[SyncState, ...] = ("paused", "blocked", "retrying", "pending")  # those that have something to do
CANNOT_BE_SHOWN = (ProjectDoesNotAnswer, TeamworkError, ZendeskError, RedisError, RPCError)


@click.command(cls=SettingsCommand)
@click.option("--yes", is_flag=True, help="do not ask")
@click.option(
    "--limit",
    type=click.IntRange(0, 10_000),
    default=200,
    show_default=True,
    help="look at no more tickets than that; 0: only say how many have something to do",
)
@desk_argument
@json_option
def resume(settings: Settings, desk: str, yes: bool, limit: int, as_json: bool) -> None:
    """Go on after a pause: its tickets are told at once.

    First it shows what will be written, on which tasks, and asks. Nothing is written before the answer.
    """
    log_quietly(settings)
    name = known_desk(settings, desk)
    preview = None
    if asyncio.run(_is_paused(name)):
        held = asyncio.run(_held(name))
        preview = _foreseen(settings, name, min(limit, held))
        if not as_json:
            _print(preview, held)
        agreed(_question(name, preview, held), yes=yes)
    asyncio.run(_resume(name))
    if as_json:
        print_json({"desk": name, "status": "resumed", "preview": preview})
    else:
        say(f"desk {name} resumed")


async def _is_paused(desk: str) -> bool:
    facts = await read_facts(await reach_temporal(), desk)
    return facts is not None and facts.paused


async def _resume(desk: str) -> None:
    await command_desk(await reach_temporal(), desk, "resume")


# --- what will be written


async def _held(desk: str) -> int:
    """How many tickets have something to do."""
    client: Client = await reach_temporal()
    found = await client.count_workflows(f"{Wanted(desk=desk).query} AND {_has_something_to_do()}", rpc_timeout=TIMEOUT)
    return found.count


def _has_something_to_do() -> str:
    return f"{names.SYNC_STATE.name} IN ({', '.join(repr(state) for state in HELD)})"


def _foreseen(settings: Settings, desk: str, limit: int) -> Preview | None:
    """None, and a note why, when it cannot be known: that must keep nobody from going on."""
    if not limit:
        return None
    if desk not in settings.desks:
        note(f"what will be written is not known here: the settings do not have desk {desk}")
        return None
    asked = Asked(ticket_id=None, query=_has_something_to_do(), limit=limit)
    try:
        return asyncio.run(preview_desk(settings, desk, asked))
    except CANNOT_BE_SHOWN as error:
        failure = failure_of(error)
        note(f"what will be written cannot be shown: {failure.message if failure is not None else error}")
        return None


def _print(preview: Preview | None, held: int) -> None:
    if preview is not None:
        print_preview(preview.model_copy(update={"more": False}), most=TICKETS_SHOWN)
    looked_at = preview.looked_at if preview is not None else 0
    if held > looked_at:
        say(f"tickets with something to do that were not looked at: {held - looked_at}")


def _question(desk: str, preview: Preview | None, held: int) -> str:
    if preview is None:
        return f"Resume desk {desk}, where {held or 'no'} tickets have something to do?"
    steps = ", ".join(f"{count} {kind}" for kind, count in preview.steps.items()) or "nothing"
    more = f", and {held - preview.looked_at} tickets were not looked at" if held > preview.looked_at else ""
    return f"Resume desk {desk}, which will write {steps}{more}?"
