"""`ticketsync check`."""

import asyncio
from typing import Any

import click

from ticketsync.cli.checks import CheckLine, check_redis, check_temporal, worst
from ticketsync.cli.desk_checks import check_desk
from ticketsync.cli.flags import SettingsCommand, json_option, need_desks
from ticketsync.cli.output import print_json, print_table, say
from ticketsync.cli.reach import log_quietly
from ticketsync.cli.sides import reach_redis
from ticketsync.cli.verdicts import Verdict, verdict_of
from ticketsync.desks import open_desks
from ticketsync.settings import Settings


@click.command(cls=SettingsCommand)
@click.option("--desk", help="only this desk; all desks without it")
@json_option
def check(settings: Settings, desk: str | None, as_json: bool) -> None:
    """Look at everything that the service needs, and say what to do where something is missing.

    Nothing is changed anywhere. The last lines say of each desk whether it is ready, and what to do first. Ends with 1
    when a check failed.
    """
    need_desks(settings)
    log_quietly(settings)
    chosen = [settings.desk(desk).name] if desk else list(settings.desks)
    lines = asyncio.run(_check(settings, chosen))
    verdicts = {name: verdict_of(name, lines) for name in chosen}
    if as_json:
        print_json(_as_json(lines, verdicts))
    else:
        _print(lines, verdicts)
    if worst(lines) == "failed":
        raise click.exceptions.Exit(1)


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
