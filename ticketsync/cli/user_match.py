"""`ticketsync users match`: who has no person, how many open tickets that touches, and who it may be."""

import asyncio
from collections.abc import Sequence

import click
from pydantic import BaseModel
from redis.exceptions import RedisError

from ticketsync.activities.matching import without_person
from ticketsync.cli.flags import SettingsCommand, desk_option, json_option
from ticketsync.cli.mapping_changes import (
    Change,
    Wanted,
    WhoIsWho,
    changes_for,
    make,
    print_changes,
    summary,
    who_is_who,
)
from ticketsync.cli.open_tickets import count_if_known, tickets
from ticketsync.cli.output import note, print_json, print_table, say
from ticketsync.cli.proposals import WORDS, Candidates, Proposal, sure_ones
from ticketsync.cli.reach import log_quietly, reach_temporal
from ticketsync.cli.roster import Roster, read_roster
from ticketsync.cli.sides import ask_redis, reach_desk, reach_redis
from ticketsync.desk_calls import want_directory
from ticketsync.desks import Desk
from ticketsync.directory import Directory
from ticketsync.settings import Settings
from ticketsync.teamwork import Forbidden, Person
from ticketsync.zendesk import Agent


class Unmatched(BaseModel):
    """An agent whose tickets are nobody's. `open_tickets` is None when they could not be counted."""

    agent_id: int
    agent_name: str
    agent_email: str | None
    active: bool
    open_tickets: int | None
    proposals: list[Proposal]


class Matching(BaseModel):
    """How a desk's agents and people match. `unmatched`: those with the most open tickets first."""

    desk: str
    agents: int
    unmatched: list[Unmatched]
    added: list[Change] = []


@click.command("match", cls=SettingsCommand)
@click.option("--accept", is_flag=True, help="map every agent for whom exactly one sure person is proposed; asks first")
@click.option("--yes", is_flag=True, help="with --accept: do not ask")
@desk_option
@json_option
def match_users(settings: Settings, accept: bool, yes: bool, desk: str, as_json: bool) -> None:
    """Agents without a Teamwork person, and who they may be.

    By e-mail and by name; with the number of open tickets that are nobody's for want of a person.
    """
    log_quietly(settings)
    name = settings.desk(desk).name
    matching, roster, now = asyncio.run(_read(settings, name))
    if not as_json:
        _print(matching)
    if accept:
        matching.added = asyncio.run(_proposed(matching, roster, now))
        _accept(matching, ask=not yes, quiet=as_json)
    if as_json:
        print_json(matching)


# --- reading


async def _read(settings: Settings, name: str) -> tuple[Matching, Roster, WhoIsWho]:
    async with reach_desk(settings, name) as desk:
        roster = await read_roster(desk)
        site = await _site(desk)
    now = await who_is_who(name, roster)
    await _renew_directory(settings, name, now)
    unmatched = await unmatched_of(name, roster.agents, now, Candidates(roster.people, site))
    return Matching(desk=name, agents=len(roster.agents), unmatched=unmatched), roster, now


async def _renew_directory(settings: Settings, name: str, now: WhoIsWho) -> None:
    """Have it read at once when somebody matches by now: it would be read hourly."""
    async with reach_redis(settings) as redis:
        try:
            stored = await ask_redis(lambda: Directory(redis).all(name))
        except RedisError:
            return
    if stored is not None and stored[1] != {**now.by_email, **now.explicit}:
        await want_directory(await reach_temporal(), name)


async def _site(desk: Desk) -> list[Person]:
    """The people of the whole site, who may be in need of being added to the project."""
    try:
        return await desk.teamwork.people()
    except Forbidden:
        return []


async def unmatched_of(desk: str, agents: Sequence[Agent], now: WhoIsWho, candidates: Candidates) -> list[Unmatched]:
    """The active agents without a person, and of the others those that still have open tickets."""
    nobody = [agent for agent in agents if now.person(agent.id) is None]
    counts = await count_if_known(desk, [agent.id for agent in nobody])
    active = {agent.id for agent in without_person(agents, {agent.id: now.person(agent.id) for agent in agents})}
    found = [
        Unmatched(
            agent_id=agent.id,
            agent_name=agent.name,
            agent_email=agent.email,
            active=agent.active,
            open_tickets=None if counts is None else counts[agent.id],
            proposals=candidates.for_agent(agent),
        )
        for agent in nobody
        if agent.id in active or (counts or {}).get(agent.id)
    ]
    return sorted(found, key=lambda one: (-(one.open_tickets or 0), one.agent_name, one.agent_id))


# --- showing


def _print(matching: Matching) -> None:
    rows = [row for one in matching.unmatched for row in _rows(one)]
    if rows:
        print_table(("zendesk", "agent", "e-mail", "open tickets", "perhaps", "person", "because"), rows)
        say("")
    say(_summary(matching))


def _rows(one: Unmatched) -> list[tuple[object, ...]]:
    agent = (one.agent_id, one.agent_name + ("" if one.active else " (suspended)"), one.agent_email, one.open_tickets)
    if not one.proposals:
        return [(*agent, None, None, None)]
    first, *others = [(found.person_id, found.person_name, WORDS[found.why]) for found in one.proposals]
    return [(*agent, *first), *(("", "", "", "", *other) for other in others)]


def _summary(matching: Matching) -> str:
    number = len(matching.unmatched)
    if not number:
        return f"desk {matching.desk}: all {matching.agents} agents have a Teamwork person"
    counts = [one.open_tickets for one in matching.unmatched if one.open_tickets is not None]
    are = "is" if sum(counts) == 1 else "are"
    touched = f"; {tickets(sum(counts))} {are} nobody's for that" if len(counts) == number else ""
    return f"desk {matching.desk}: {number} of {matching.agents} agents without a Teamwork person{touched}"


# --- accepting


async def _proposed(matching: Matching, roster: Roster, now: WhoIsWho) -> list[Change]:
    taken = {person for agent in roster.agents if (person := now.person(agent.id)) is not None}
    sure = sure_ones({one.agent_id: one.proposals for one in matching.unmatched if one.active}, taken)
    wanted = [Wanted(roster.agent(str(who)), roster.person(str(one.person_id))) for who, one in sure.items()]
    return await changes_for(matching.desk, wanted, now)


def _accept(matching: Matching, *, ask: bool, quiet: bool) -> None:
    changes = matching.added
    if not changes:
        note("No agent has exactly one sure proposal: map them with ticketsync users add AGENT PERSON")
        return
    if not quiet:
        say("")
        print_changes(changes)
    if ask:
        click.confirm(f"Add {len(changes)} {'mapping' if len(changes) == 1 else 'mappings'}?", abort=True, err=True)
    asyncio.run(make(matching.desk, changes))
    if not quiet:
        say(summary(matching.desk, changes, done=True))
