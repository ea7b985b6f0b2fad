"""`ticketsync check`."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import click

from ticketsync.cli.checks import CheckLine, check_redis, check_temporal, worst
from ticketsync.cli.desk_checks import check_desk
from ticketsync.cli.flags import SettingsCommand, json_option, need_desks
from ticketsync.cli.output import print_json, print_table, say
from ticketsync.cli.reach import log_quietly, reach_temporal
from ticketsync.cli.sides import reach_redis
from ticketsync.cli.verdicts import Verdict, verdict_of
from ticketsync.desks import open_desks
from ticketsync.settings import Settings
from ticketsync.temporal import TemporalError, register_search_attributes

# What running workers, and the webhook that is made after them, bring.
BROUGHT_LATER = frozenset({"worker", "worker deployment", "workflow", "queues", "directory", "webhook"})


@click.command(cls=SettingsCommand)
@click.option("--desk", help="only this desk; all desks without it")
@click.option(
    "--before-start",
    is_flag=True,
    help="before any worker runs: register the search attributes, and leave out what workers and webhook bring",
)
@json_option
def check(settings: Settings, desk: str | None, before_start: bool, as_json: bool) -> None:
    """Look at everything that the service needs, and say what to do where something is missing.

    Nothing is changed anywhere, without --before-start. The last lines say of each desk whether it is ready, and what
    to do first. Ends with 1 when a check failed.
    """
    need_desks(settings)
    log_quietly(settings)
    chosen = [settings.desk(desk).name] if desk else list(settings.desks)
    lines = asyncio.run(_check_first(settings, chosen) if before_start else _check(settings, chosen))
    verdicts = {name: verdict_of(name, lines) for name in chosen}
    if as_json:
        print_json(_as_json(lines, verdicts))
    else:
        _print(lines, verdicts)
    if worst(lines) == "failed":
        raise click.exceptions.Exit(1)


async def _check_first(settings: Settings, chosen: list[str]) -> list[CheckLine]:
    with suppress(TemporalError):  # one of the lines says it, with what to do
        await register_search_attributes(await reach_temporal())
    return list(_known_before_start(await _check(settings, chosen)))


def _known_before_start(lines: Iterable[CheckLine]) -> Iterable[CheckLine]:
    """A Redis may be started together with the workers, which get on without it."""
    for line in lines:
        if line.name == "redis" and line.outcome == "failed":
            yield line.model_copy(update={"outcome": "warning"})
        elif line.name not in BROUGHT_LATER:
            yield line


async def _check(settings: Settings, chosen: list[str]) -> list[CheckLine]:
    only = settings.model_copy(update={"desks": {name: settings.desks[name] for name in chosen}})
    async with reach_redis(settings) as redis, open_desks(only, redis) as desks:
        client, of_temporal = await check_temporal(settings)
        groups = await asyncio.gather(check_redis(redis), *(check_desk(desk, client) for desk in desks.values()))
    return [*of_temporal, *(line for group in groups for line in group)]


def _as_json(lines: list[CheckLine], verdicts: dict[str, Verdict]) -> dict[str, Any]:
    return {
        "ok": worst(lines) != "failed",
        "desks": {desk: verdict.outcome for desk, verdict in verdicts.items()},
        "verdicts": {desk: verdict.model_dump() for desk, verdict in verdicts.items()},
        "checks": [line.model_dump() for line in lines],
    }


def _print(lines: list[CheckLine], verdicts: dict[str, Verdict]) -> None:
    rows = [(line.outcome, line.of, line.name, line.found, line.next) for line in lines]
    print_table(("", "of", "check", "found", "what to do"), rows)
    say("")
    for desk, verdict in verdicts.items():
        say(f"desk {desk}: {verdict.said}")
