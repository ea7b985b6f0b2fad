"""The line of `ticketsync check` on a desk's people: who has no Teamwork person, before and after that matters."""

from collections.abc import Collection, Mapping

from temporalio.client import Client
from temporalio.service import RPCError

from ticketsync.activities.matching import match_people
from ticketsync.cli.checks import CheckLine, Outcome
from ticketsync.cli.open_tickets import count_open, tickets
from ticketsync.cli.roster import Roster, read_roster
from ticketsync.desks import Desk
from ticketsync.sync.desk import DeskState
from ticketsync.teamwork import TeamworkError
from ticketsync.zendesk import Agent, ZendeskError

MOST_NAMED = 5


async def check_people(desk: Desk, client: Client, state: DeskState) -> CheckLine:
    """A warning as soon as open tickets are nobody's for want of a person.

    By what both sides say now; while one of them does not answer, by the directory in use.
    """
    people = state.directory
    if people.made_at is None:
        return _line(desk, "warning", "not loaded yet", "look again in a minute")
    try:
        return await _by_both_sides(desk, client, state, await read_roster(desk))
    except (ZendeskError, TeamworkError):
        return _line(desk, "ok", _found(people.matched, people.agents))


async def _by_both_sides(desk: Desk, client: Client, state: DeskState, roster: Roster) -> CheckLine:
    matches = match_people(roster.agents, roster.people, state.mappings)
    nobody = [agent for agent in roster.agents if matches.get(agent.id) is None]
    counts = await _open_tickets(client, desk.name, [agent.id for agent in nobody])
    missed = [agent for agent in nobody if agent.active or counts.get(agent.id)]
    found = _found(len(roster.agents) - len(nobody), len(roster.agents))
    if not missed:
        return _line(desk, "ok", found)
    to_do = f"run ticketsync users match --desk {desk.name}: tickets of the others are assigned to nobody"
    outcome: Outcome = "warning" if any(counts.values()) else "ok"
    return _line(desk, outcome, f"{found}; without: {_named(missed, counts)}", to_do)


def _line(desk: Desk, outcome: Outcome, found: str, to_do: str = "") -> CheckLine:
    return CheckLine(of=desk.name, name="directory", outcome=outcome, found=found, next=to_do)


def _found(matched: int, agents: int) -> str:
    return f"agents with a Teamwork person: {matched} of {agents}"


async def _open_tickets(client: Client, desk: str, agent_ids: Collection[int]) -> dict[int, int]:
    try:
        return await count_open(client, desk, agent_ids)
    except RPCError:
        return {}


def _named(agents: Collection[Agent], counts: Mapping[int, int]) -> str:
    """Those with the most open tickets first."""
    ordered = sorted(agents, key=lambda agent: (-counts.get(agent.id, 0), agent.name))
    names = [f"{one.name} ({tickets(counts[one.id])})" if counts.get(one.id) else one.name for one in ordered]
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
