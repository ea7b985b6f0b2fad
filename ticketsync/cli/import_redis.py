"""`ticketsync import-redis`: taking over what an older service kept in Redis."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from pydantic import SecretStr
from redis.asyncio import Redis
from temporalio.client import Client

from ticketsync.activities.matching import match_people
from ticketsync.cli.adoption import TAKEN, WORDS, Looked, Outcome, adopt, known_tasks, look_at
from ticketsync.cli.asking import checked
from ticketsync.cli.flags import SettingsCommand, desk_option, json_option
from ticketsync.cli.mapping_changes import Change, WhoIsWho, changes_for, make, reassigned, summary
from ticketsync.cli.older_service import TICKETS_HASH, USERS_HASH, OlderService, read_older_service
from ticketsync.cli.older_users import wanted_mappings
from ticketsync.cli.output import Failed, note, print_json, print_table, say
from ticketsync.cli.progress import progress
from ticketsync.cli.reach import log_quietly, reach_temporal
from ticketsync.cli.roster import Roster, read_roster
from ticketsync.cli.sides import reach_redis
from ticketsync.desk_calls import DeskCallError, DeskView, NotLinkedError, read_desk
from ticketsync.desks import Desk, open_desks
from ticketsync.hints import Hints
from ticketsync.redis_client import close_redis, connect_redis
from ticketsync.settings import RedisSettings, Settings
from ticketsync.settings.secret_file import read_secret
from ticketsync.temporal import BadTemporalConfigError, TemporalError

PORT = click.IntRange(1, 65535)
SOURCE_SECONDS = 5.0  # the older service's Redis may be far away, and nobody but the one who imports waits for it


@dataclass(frozen=True)
class Source:
    """Where the older service's hashes are."""

    redis: RedisSettings
    tickets_hash: str
    users_hash: str


@dataclass
class Plan:
    """What is to be taken over, and what not: one problem per line, each with its entry. `adopted`: tasks, by now."""

    looked: list[Looked]
    changes: list[Change]
    problems: list[str]
    view: DeskView
    adopted: int = 0

    @property
    def outcomes(self) -> dict[Outcome, int]:
        counts = Counter(one.outcome for one in self.looked)
        return {outcome: counts[outcome] for outcome in WORDS if counts[outcome]}

    @property
    def work(self) -> int:
        """How many entries there are to take over."""
        return sum(one.outcome in TAKEN for one in self.looked) + sum(one.change != "same" for one in self.changes)


@click.command("import-redis", cls=SettingsCommand)
@click.option("--tickets-hash", default=TICKETS_HASH, show_default=True, help="the hash of ticket → task; '' for none")
@click.option("--users-hash", default=USERS_HASH, show_default=True, help="the hash of agent → person; '' for none")
@click.option("--from-host", help="the older service's Redis, if it is another than ours")
@click.option("--from-port", type=PORT, help="its port")
@click.option("--from-db", type=click.IntRange(0), help="the number of its database")
@click.option("--from-password-file", type=click.Path(path_type=Path, dir_okay=False), help="file with its password")
@click.option("--dry-run", is_flag=True, help="only show what would be taken over")
@click.option("--yes", is_flag=True, help="do not ask")
@click.option("--unpaused", is_flag=True, help="also while the desk is at work: tickets that stir may get second tasks")
@desk_option
@json_option
def import_redis(
    *,
    settings: Settings,
    tickets_hash: str,
    users_hash: str,
    from_host: str | None,
    from_port: int | None,
    from_db: int | None,
    from_password_file: Path | None,
    dry_run: bool,
    yes: bool,
    unpaused: bool,
    desk: str,
    as_json: bool,
) -> None:
    """Take over the tasks and mappings that an older service kept in Redis.

    Every entry is looked at; what would be done is shown, then it asks. The desk must be paused. What was taken over
    once is not changed by a second time. Ends with 1 when entries had to be left out that a person should see to.
    """
    log_quietly(settings)
    name = settings.desk(desk).name
    redis = _source(settings.redis, from_host, from_port, from_db, from_password_file)
    plan = asyncio.run(_plan(settings, name, Source(redis, tickets_hash, users_hash)))
    if not as_json:
        _print(name, plan)
    if plan.work and not dry_run:
        _refuse_what_cannot_be(name, plan, unpaused=unpaused)
        if not yes:
            click.confirm(f"Take over {plan.work} {'entry' if plan.work == 1 else 'entries'}?", abort=True, err=True)
        asyncio.run(_apply(settings, name, plan))
    _tell(name, plan, dry_run=dry_run, as_json=as_json)
    if plan.problems:
        raise click.exceptions.Exit(1)


def _source(
    ours: RedisSettings, host: str | None, port: int | None, db: int | None, password_file: Path | None
) -> RedisSettings:
    """Another server has nothing of ours; another database of the same server has all but its number.

    Raises Failed for what cannot be.
    """
    given: dict[str, Any] = {"port": port, "db": db, "password": _password(password_file)}
    changes = {key: value for key, value in given.items() if value is not None}
    if host is None and port is not None and ours.use_sentinel:
        raise Failed("--from-port: sentinels say where our own Redis is: give --from-host too", exit_code=2)
    try:
        return checked(RedisSettings, ({"host": host} if host is not None else ours.model_dump()) | changes)
    except Failed as error:
        raise Failed(f"the older service's Redis: {error.message}", exit_code=2) from None


def _password(file: Path | None) -> SecretStr | None:
    if file is None:
        return None
    try:
        return SecretStr(read_secret(file))
    except ValueError as error:
        raise Failed(f"--from-password-file: {file} {error}", exit_code=2) from None


# --- what would be done


async def _plan(settings: Settings, name: str, source: Source) -> Plan:
    client = await _temporal()
    view = await _view(client, name)
    found = await _found(source)
    async with _opened(settings, name) as (desk, redis):
        known = await known_tasks(client, Hints(redis), name, found.tasks)
        with progress("looking at tasks", len(found.tasks)) as done:
            looked = await look_at(desk, found.tasks, known, done)
        roster = await read_roster(desk) if found.users else None
    changes = await _changes(source, found, roster, view) if roster is not None else []
    problems = [*found.problems, *(one.problem for one in looked if one.problem)]
    return Plan(looked, changes, problems, view)


@asynccontextmanager
async def _opened(settings: Settings, name: str) -> AsyncIterator[tuple[Desk, Redis]]:
    only = settings.model_copy(update={"desks": {name: settings.desk(name)}})
    async with reach_redis(settings) as redis, open_desks(only, redis) as desks:
        yield desks[name], redis


async def _found(source: Source) -> OlderService:
    redis = connect_redis(source.redis, encoding_errors="replace", seconds=SOURCE_SECONDS)
    try:
        return await read_older_service(redis, source.tickets_hash, source.users_hash)
    finally:
        await close_redis(redis)


async def _temporal() -> Client | None:
    """A plan can be made without it; what tickets have with us is then known by their hints alone."""
    try:
        return await reach_temporal()
    except BadTemporalConfigError:
        raise
    except TemporalError as error:
        note(str(error))
        return None


async def _view(client: Client | None, name: str) -> DeskView:
    if client is None:
        return DeskView.unknown(name, "Temporal does not answer")
    try:
        return await read_desk(client, name)
    except NotLinkedError:
        return DeskView.unknown(name, "no worker has started this desk yet")
    except DeskCallError as error:
        return DeskView.unknown(name, f"Temporal does not answer ({error.code})")


async def _changes(source: Source, found: OlderService, roster: Roster, view: DeskView) -> list[Change]:
    explicit = view.state.mappings if view.state is not None else {}
    now = WhoIsWho(explicit, match_people(roster.agents, roster.people, {}))
    wanted = wanted_mappings(source.users_hash, found.users, roster, explicit, found.problems)
    return await changes_for(roster.desk, wanted, now)


# --- showing and asking


def _print(name: str, plan: Plan) -> None:
    for line in plan.problems:
        note(line)
    if plan.problems:
        note("")
    if plan.outcomes:
        print_table(("tasks", ""), [(count, WORDS[outcome]) for outcome, count in plan.outcomes.items()])
    if plan.changes:
        say(summary(name, plan.changes, done=False))
    if plan.view.note:
        note(f"desk {name} does not answer: {plan.view.note}")


def _refuse_what_cannot_be(name: str, plan: Plan, *, unpaused: bool) -> None:
    """Raises Failed while nobody would take the mappings, and while tickets may look for their tasks meanwhile."""
    if plan.view.state is None:
        raise Failed(f"nothing was changed: desk {name} does not answer ({plan.view.note}): start a worker")
    if plan.outcomes.keys() & set(TAKEN) and not (plan.view.state.paused or unpaused):
        raise Failed(
            f"nothing was changed: desk {name} is at work, and a ticket that stirs meanwhile could get a second task. "
            f"Run ticketsync desks pause {name}, then this again; or say --unpaused"
        )


def _tell(name: str, plan: Plan, *, dry_run: bool, as_json: bool) -> None:
    if as_json:
        tasks = {outcome: plan.outcomes.get(outcome, 0) for outcome in WORDS}
        changes = [one.model_dump() for one in plan.changes]
        told = {"tasks": tasks, "changes": changes, "reassigned": reassigned(plan.changes), "problems": plan.problems}
        print_json({"desk": name, "dry_run": dry_run, "adopted": plan.adopted, **told})
    elif not plan.work:
        say(f"desk {name}: there is nothing to take over")
    elif not dry_run:
        if plan.changes:
            say(summary(name, plan.changes, done=True))
        say(f"desk {name}: {_adopted(plan.adopted)} now")


def _adopted(number: int) -> str:
    return "1 task is its ticket's" if number == 1 else f"{number} tasks are their tickets'"


# --- doing it


async def _apply(settings: Settings, name: str, plan: Plan) -> None:
    """The people first, so that tasks go to them."""
    await make(name, plan.changes)
    entries = [one.entry for one in plan.looked if one.outcome in TAKEN]
    async with _opened(settings, name) as (desk, redis):
        with progress("adopting tasks", len(entries)) as done:
            problems = await adopt(desk, Hints(redis), entries, done)
    for line in problems:
        note(line)
    plan.problems += problems
    plan.adopted = len(entries) - len(problems)
