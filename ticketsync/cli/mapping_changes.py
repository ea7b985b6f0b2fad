"""Explicit mappings as commands change them: what would change, which open tickets that re-assigns, and doing it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel

from ticketsync.activities.matching import match_people
from ticketsync.cli.open_tickets import count_if_known, tickets
from ticketsync.cli.output import Failed, note, print_table
from ticketsync.cli.reach import reach_temporal
from ticketsync.cli.roster import Found, Roster
from ticketsync.desk_calls import command_desk, read_desk
from ticketsync.sync.desk import Mappings

AT_ONCE = 500


@dataclass(frozen=True)
class WhoIsWho:
    """What counts now: the explicit mappings, and who has whose e-mail."""

    explicit: Mapping[int, int]
    by_email: Mapping[int, int | None]

    def person(self, agent_id: int) -> int | None:
        return self.explicit.get(agent_id) or self.by_email.get(agent_id)


@dataclass(frozen=True)
class Wanted:
    """A mapping that is asked for. `unless_by_email`: where the e-mails say the same by themselves it is not needed."""

    agent: Found
    person: Found
    unless_by_email: bool = False


class Change(BaseModel):
    """One mapping and what becomes of it. `open_tickets` are re-assigned by it; None when they could not be counted."""

    change: Literal["new", "changed", "same"]
    agent_id: int
    agent: str
    person_id: int
    person: str
    open_tickets: int | None = 0
    warning: str = ""


async def who_is_who(desk: str, roster: Roster) -> WhoIsWho:
    """Raises Failed without a worker that answers for the desk, DeskCallError, TemporalError."""
    view = await read_desk(await reach_temporal(), desk)
    if view.state is None:
        raise Failed(f"the mappings of desk {desk} are not known: {view.note}")
    return WhoIsWho(view.state.mappings, match_people(roster.agents, roster.people, {}))


async def changes_for(desk: str, wanted: Sequence[Wanted], now: WhoIsWho) -> list[Change]:
    """What these mappings change. Nothing is changed yet."""
    touched = [one.agent.id for one in wanted if now.person(one.agent.id) != one.person.id]
    counts = await count_if_known(desk, touched)
    return [_change(one, now, counts) for one in wanted]


async def make(desk: str, changes: Sequence[Change]) -> None:
    """Raises DeskCallError: what was done by then stays, and the whole may be done again."""
    people = [(one.agent_id, one.person_id) for one in changes if one.change != "same"]
    client = await reach_temporal()
    for start in range(0, len(people), AT_ONCE):
        await command_desk(client, desk, "add_users", Mappings(people=dict(people[start : start + AT_ONCE])))


def reassigned(changes: Sequence[Change]) -> int | None:
    """How many open tickets these changes re-assign; None when that could not be counted."""
    counts = [one.open_tickets for one in changes if one.open_tickets is not None]
    return sum(counts) if len(counts) == len(changes) else None


def summary(desk: str, changes: Sequence[Change], *, done: bool) -> str:
    """One line for people."""
    numbers = {kind: sum(one.change == kind for one in changes) for kind in ("new", "changed", "same")}
    verb = "are" if done else "would be"
    count = reassigned(changes)
    touched = "" if count is None else f"; {tickets(count)} {verb if count != 1 or not done else 'is'} re-assigned"
    mappings = f"{numbers['new']} new, {numbers['changed']} changed, {numbers['same']} as before"
    return f"desk {desk}: mappings: {mappings}{touched}"


def print_changes(changes: Sequence[Change]) -> None:
    for one in changes:
        if one.warning:
            note(f"Warning: {one.warning}")
    rows = [(one.change, one.agent_id, one.agent, one.person_id, one.person, one.open_tickets) for one in changes]
    print_table(("", "zendesk", "agent", "teamwork", "person", "open tickets"), rows)


def _change(wanted: Wanted, now: WhoIsWho, counts: Mapping[int, int] | None) -> Change:
    agent, person = wanted.agent, wanted.person
    stays = now.person(agent.id) == person.id
    return Change(
        change=_kind(wanted, now),
        agent_id=agent.id,
        agent=agent.shown,
        person_id=person.id,
        person=person.shown,
        open_tickets=0 if stays else None if counts is None else counts[agent.id],
        warning=agent.warning or person.warning,
    )


def _kind(wanted: Wanted, now: WhoIsWho) -> Literal["new", "changed", "same"]:
    explicit = now.explicit.get(wanted.agent.id)
    if explicit is None:
        by_itself = wanted.unless_by_email and now.by_email.get(wanted.agent.id) == wanted.person.id
        return "same" if by_itself else "new"
    return "same" if explicit == wanted.person.id else "changed"
