"""The line of `ticketsync check` on a desk's people: who has no Teamwork person, before and after that matters."""

from temporalio.client import Client
from temporalio.service import RPCError

from ticketsync.cli.checks import CheckLine, Outcome
from ticketsync.cli.open_tickets import count_open, tickets
from ticketsync.desks import Desk
from ticketsync.sync.desk import DeskState
from ticketsync.zendesk import ZendeskError

MOST_NAMED = 5


async def check_people(desk: Desk, client: Client, state: DeskState) -> CheckLine:
    """A warning as soon as open tickets are nobody's for want of a person."""
    people = state.directory
    if people.made_at is None:
        return _line(desk, "warning", "not loaded yet", "look again in a minute")
    found = f"agents with a Teamwork person: {people.matched} of {people.agents}"
    if people.matched >= people.agents:
        return _line(desk, "ok", found)
    counts = await _open_tickets(client, desk.name, people.unmatched)
    names = await _names(desk, people.unmatched, counts)
    if not names:
        return _line(desk, "ok", found)
    to_do = f"run ticketsync users match --desk {desk.name}: tickets of the others are assigned to nobody"
    outcome: Outcome = "warning" if any(counts.values()) else "ok"
    return _line(desk, outcome, f"{found}; without: {_listed(names)}", to_do)


def _line(desk: Desk, outcome: Outcome, found: str, to_do: str = "") -> CheckLine:
    return CheckLine(of=desk.name, name="directory", outcome=outcome, found=found, next=to_do)


async def _open_tickets(client: Client, desk: str, agent_ids: tuple[int, ...]) -> dict[int, int]:
    try:
        return await count_open(client, desk, agent_ids)
    except RPCError:
        return {}


async def _names(desk: Desk, agent_ids: tuple[int, ...], counts: dict[int, int]) -> list[str]:
    """Those with the most open tickets first; of suspended agents only those that have some."""
    try:
        agents = {agent.id: agent for agent in await desk.zendesk.agents()}
    except ZendeskError:
        agents = {}
    missed = [who for who in agent_ids if counts.get(who) or who not in agents or agents[who].active]
    missed.sort(key=lambda who: (-counts.get(who, 0), agents[who].name if who in agents else ""))
    shown = {who: agents[who].name if who in agents else str(who) for who in missed}
    return [f"{name} ({tickets(counts[who])})" if counts.get(who) else name for who, name in shown.items()]


def _listed(names: list[str]) -> str:
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
