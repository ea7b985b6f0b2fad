"""`ticketsync check`."""

import asyncio
from collections.abc import Iterable
from typing import Any

import click

from ticketsync.cli.checks import SERVICE, CheckLine, Outcome, check_redis, check_temporal, worst
from ticketsync.cli.desk_checks import check_desk
from ticketsync.cli.flags import SettingsCommand, json_option, need_desks
from ticketsync.cli.output import print_json, print_table, say
from ticketsync.cli.reach import log_quietly
from ticketsync.cli.sides import reach_redis
from ticketsync.desks import open_desks
from ticketsync.settings import Settings

VERDICTS: dict[Outcome, str] = {"ok": "ready", "warning": "ready, with warnings", "failed": "not ready"}


@click.command(cls=SettingsCommand)
@click.option("--desk", help="only this desk; all desks without it")
@json_option
def check(settings: Settings, desk: str | None, as_json: bool) -> None:
    """Look at everything that the service needs, and say what to do where something is missing.

    Nothing is changed anywhere. Ends with 1 when a check failed.
    """
    need_desks(settings)
    log_quietly(settings)
    chosen = [settings.desk(desk).name] if desk else list(settings.desks)
    lines = asyncio.run(_check(settings, chosen))
    verdicts = _verdicts(lines, chosen)
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


def _verdicts(lines: Iterable[CheckLine], desks: Iterable[str]) -> dict[str, Outcome]:
    """Of each desk, by its own checks and those of the whole service."""
    return {desk: worst(line for line in lines if line.of in (SERVICE, desk)) for desk in desks}


def _as_json(lines: list[CheckLine], verdicts: dict[str, Outcome]) -> dict[str, Any]:
    return {"ok": worst(lines) != "failed", "desks": verdicts, "checks": [line.model_dump() for line in lines]}


def _print(lines: list[CheckLine], verdicts: dict[str, Outcome]) -> None:
    rows = [(line.outcome, line.of, line.name, line.found, line.next) for line in lines]
    print_table(("", "of", "check", "found", "what to do"), rows)
    say("")
    for desk, outcome in verdicts.items():
        say(f"desk {desk}: {VERDICTS[outcome]}")
