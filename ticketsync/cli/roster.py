"""Zendesk agents and Teamwork people as commands name them, by id or e-mail: looked up one by one, or in lists."""

from collections.abc import Iterable
from dataclasses import dataclass

from ticketsync.cli.output import Failed
from ticketsync.desks import Desk
from ticketsync.teamwork import Person
from ticketsync.zendesk import Agent, NotFound

LONGEST_ID = 18  # digits


@dataclass(frozen=True)
class Found:
    """Somebody on one side. `warning`: why this may not do what was meant."""

    id: int
    shown: str
    warning: str = ""


@dataclass(frozen=True)
class Roster:
    """Everybody on both sides of a desk: Zendesk's agents and admins, and the people of the Teamwork project."""

    desk: str
    project_id: int
    agents: tuple[Agent, ...]
    people: tuple[Person, ...]

    def agent(self, name: str) -> Found:
        """The agent with this id or e-mail. Raises Failed when there is none."""
        wanted = name if is_id(name) else _email(name).casefold()
        found = next((one for one in self.agents if wanted in (str(one.id), (one.email or "").casefold())), None)
        if found is None:
            raise Failed(f"Zendesk has no agent {name}: see ticketsync users list --desk {self.desk}")
        return _agent_found(found, name)

    def person(self, name: str) -> Found:
        """As `find_person`."""
        return _person_among(self.people, name, self.project_id)


async def read_roster(desk: Desk) -> Roster:
    """Raises ZendeskError, TeamworkError."""
    project_id = desk.settings.teamwork.project_id
    people = await desk.teamwork.project_people(project_id)
    agents = await desk.zendesk.agents()
    return Roster(desk=desk.name, project_id=project_id, agents=tuple(agents), people=tuple(people))


async def find_agent(desk: Desk, name: str) -> Found:
    """The Zendesk agent with this id or e-mail. Raises Failed when there is none, ZendeskError."""
    agent = await (_agent_by_id(desk, int(name)) if is_id(name) else desk.zendesk.find_user(_email(name)))
    if agent is None:
        raise Failed(f"Zendesk has no user {name}: see ticketsync users list --desk {desk.name}")
    if not agent.is_staff:
        raise Failed(f"Zendesk user {name} is no agent: customers are never assigned to tickets")
    return _agent_found(agent, name)


async def find_person(desk: Desk, name: str) -> Found:
    """The Teamwork person with this id or e-mail among the project's. Raises Failed, TeamworkError.

    An id that is not in the project is taken with a warning: the person may be added later.
    """
    project_id = desk.settings.teamwork.project_id
    return _person_among(await desk.teamwork.project_people(project_id), name, project_id)


def is_id(name: str) -> bool:
    return name.isascii() and name.isdecimal() and len(name) <= LONGEST_ID and int(name) > 0


def full_name(person: Person) -> str:
    return f"{person.first_name} {person.last_name}".strip()


def agent_shown(agent: Agent) -> str:
    return f"{agent.name} ({agent.email or agent.id})"


def person_shown(person: Person) -> str:
    return f"{full_name(person)} ({person.email or person.id})"


async def _agent_by_id(desk: Desk, agent_id: int) -> Agent | None:
    try:
        return await desk.zendesk.user(agent_id)
    except NotFound:
        return None


def _agent_found(agent: Agent, name: str) -> Found:
    warning = "" if agent.active else f"Zendesk user {name} is suspended or deleted"
    return Found(agent.id, agent_shown(agent), warning)


def _person_among(people: Iterable[Person], name: str, project_id: int) -> Found:
    if is_id(name):
        return _person_by_id(people, int(name), project_id)
    wanted = _email(name).casefold()
    found = [person for person in people if not person.deleted and person.email.casefold() == wanted]
    if not found:
        raise Failed(f"nobody in Teamwork project {project_id} has the e-mail {name}: add them there, or give their id")
    if len(found) > 1:
        ids = ", ".join(str(person.id) for person in found)
        raise Failed(f"several in Teamwork project {project_id} have the e-mail {name}: give one of the ids {ids}")
    return Found(found[0].id, person_shown(found[0]))


def _person_by_id(people: Iterable[Person], person_id: int, project_id: int) -> Found:
    person = next((person for person in people if person.id == person_id and not person.deleted), None)
    if person is not None:
        return Found(person_id, person_shown(person))
    warning = f"{person_id} is not a member of Teamwork project {project_id}: add them, or tasks go to nobody"
    return Found(person_id, f"Teamwork person {person_id}", warning)


def _email(name: str) -> str:
    if "@" not in name:
        raise Failed(f"{name} is neither an id nor an e-mail", exit_code=2)
    return name
