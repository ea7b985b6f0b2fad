"""Who is who: Zendesk agents and Teamwork people matched by e-mail, with the explicit mappings laid over."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from ticketsync.teamwork.models import Person
from ticketsync.zendesk import Agent


def match_people(
    agents: Iterable[Agent], people: Iterable[Person], mappings: Mapping[int, int]
) -> dict[int, int | None]:
    """Agent → person, None without a match. An e-mail matches only when exactly one person of the project has it."""
    by_email: defaultdict[str, list[int]] = defaultdict(list)
    for person in people:
        if person.email and not person.deleted:
            by_email[person.email.casefold()].append(person.id)
    matches: dict[int, int | None] = {agent.id: _only(by_email[(agent.email or "").casefold()]) for agent in agents}
    return matches | dict(mappings)


def without_person(agents: Iterable[Agent], matches: Mapping[int, int | None]) -> list[Agent]:
    """The active agents whose tickets are nobody's."""
    return [agent for agent in agents if agent.active and matches.get(agent.id) is None]


def _only(person_ids: list[int]) -> int | None:
    return person_ids[0] if len(person_ids) == 1 else None
