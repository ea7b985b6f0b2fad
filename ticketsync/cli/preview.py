"""`ticketsync preview`: what a configuration would do, before it does anything."""

import asyncio

import click

from ticketsync.activities.looks import ProjectDoesNotAnswer
from ticketsync.cli.flags import SettingsCommand, desk_option, json_option
from ticketsync.cli.output import Failed, note, print_json, print_rows, print_table, say
from ticketsync.cli.preview_of_desk import Asked, Preview, preview_desk
from ticketsync.cli.reach import log_quietly
from ticketsync.rehearsal import Foreseen, ForeseenStep
from ticketsync.settings import Settings


@click.command(cls=SettingsCommand, shown_settings=("TICKETSYNC_CONFIG",))
@click.option("--ticket", "ticket_id", type=click.IntRange(1, 2**63 - 1), metavar="ID", help="only this ticket")
@click.option("--query", metavar="FILTER", help="only tickets that this list filter of Temporal finds")
@click.option(
    "--limit", type=click.IntRange(1, 10_000), default=200, show_default=True, help="look at no more tickets than that"
)
@desk_option
@json_option
def preview(
    settings: Settings, ticket_id: int | None, query: str | None, limit: int, desk: str, *, as_json: bool
) -> None:
    """What would change on which tasks with these settings.

    Nothing is written anywhere. For each ticket whose workflow runs: the steps of its next decision, by the same rules,
    from what it knows now and what Zendesk and Teamwork show. To do them at once, restart the workers with these
    settings and use "tickets retry"; else each ticket does its own at its next event.
    """
    if ticket_id is not None and query is not None:
        raise click.UsageError("give either --ticket or --query")
    name = settings.desk(desk).name
    log_quietly(settings)
    try:
        found = asyncio.run(preview_desk(settings, name, Asked(ticket_id, query, limit)))
    except ProjectDoesNotAnswer as error:
        raise Failed(f"Teamwork: {error}") from None
    if as_json:
        print_json(found.model_dump(mode="json"))
    else:
        print_preview(found, whole=ticket_id is not None)


def print_preview(found: Preview, *, whole: bool = False, most: int | None = None) -> None:
    """`whole`: also why nothing else would be done. `most`: the steps of no more tickets than that."""
    for line in found.warnings:
        note(line)
    rows = [(one.ticket_id, one.task_id, *_cells(step)) for one in found.tickets[:most] for step in one.steps]
    if rows:
        print_table(("ticket", "task", "step", "why", "but"), rows)
        say(f"and {len(found.tickets) - most} tickets more\n" if most and len(found.tickets) > most else "")
    if whole:
        print_rows([("note", line) for one in found.tickets for line in one.notes or _nothing(one)])
    say(_summary(found))
    for failed in found.not_foreseen[:most]:
        note(f"ticket {failed.ticket_id} could not be looked at: {failed.why}")
    if found.more:
        note(f"there are more than {found.looked_at} tickets: see --limit")


def _cells(step: ForeseenStep) -> tuple[str | None, ...]:
    return step.what, step.why, step.but


def _nothing(one: Foreseen) -> list[str]:
    return [] if one.steps else ["nothing would be done"]


def _summary(found: Preview) -> str:
    steps = ", ".join(f"{count} {kind}" for kind, count in found.steps.items())
    counts = f"tickets looked at: {found.looked_at}, would change: {found.changing}"
    return f"desk {found.desk}, {counts}{steps and f' ({steps})'}"
