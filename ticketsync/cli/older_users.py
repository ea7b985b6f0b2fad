"""Which mappings an older service's entries of Zendesk user → Teamwork user come to."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from ticketsync.cli.mapping_changes import Wanted
from ticketsync.cli.older_service import UserEntry, place
from ticketsync.cli.output import Failed
from ticketsync.cli.roster import Roster

Meant = tuple[UserEntry, Wanted]


def wanted_mappings(
    name: str, entries: Sequence[UserEntry], roster: Roster, explicit: Mapping[int, int], problems: list[str]
) -> list[Wanted]:
    """One for each agent whom the entries of the hash `name` give one person; what is left out becomes a problem.

    `explicit` mappings to somebody else are newer than the older service, and stay.
    """
    meant: defaultdict[int, list[Meant]] = defaultdict(list)
    for entry in entries:
        wanted = _wanted(name, entry, roster, problems)
        if wanted is not None:
            meant[wanted.agent.id].append((entry, wanted))
    clear: list[Wanted] = []
    for same_agent in meant.values():
        clash = _clash(same_agent, explicit)
        if clash is None:
            clear.append(same_agent[0][1])
        else:
            problems += [f"{place(name, entry.field)}: {clash}" for entry, _ in same_agent]
    return clear


def _wanted(name: str, entry: UserEntry, roster: Roster, problems: list[str]) -> Wanted | None:
    try:
        return Wanted(roster.agent(entry.agent), roster.person(entry.person), unless_by_email=True)
    except Failed as error:
        problems.append(f"{place(name, entry.field)}: {error.message}")
        return None


def _clash(same_agent: Sequence[Meant], explicit: Mapping[int, int]) -> str | None:
    """An agent may be there by id and by e-mail."""
    agent, people = same_agent[0][1].agent, {wanted.person.id for _, wanted in same_agent}
    if len(people) > 1:
        return f"{agent.shown} has several people here: {', '.join(map(str, sorted(people)))}"
    now = explicit.get(agent.id)
    if now is not None and now not in people:
        (person,) = people
        return f"{agent.shown} is mapped to {now} already: ticketsync users add {agent.id} {person} changes that"
    return None
