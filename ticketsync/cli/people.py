"""People of a desk as commands name and show them: looked up on both sides, laid over what the desk knows."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel
from redis.exceptions import RedisError

from ticketsync.cli.output import Failed
from ticketsync.cli.reach import reach_temporal
from ticketsync.cli.sides import ask_redis, reach_desk, reach_redis
from ticketsync.desk_calls import DeskCallError, NotLinkedError, read_desk
from ticketsync.desks import Desk
from ticketsync.directory import Directory
from ticketsync.settings import Settings
from ticketsync.teamwork import Person, TeamworkError
from ticketsync.temporal import BadTemporalConfigError, TemporalError
from ticketsync.tickets import READ_SECONDS
from ticketsync.zendesk import Agent, NotFound, ZendeskError

HOW_ORDER = ("explicit", "e-mail", "none")

# --- one person, by id or e-mail


@dataclass(frozen=True)
class Found:
    """Somebody on one side. `warning`: why this may not do what was meant."""

    id: int
    shown: str
    warning: str = ""


async def find_agent(desk: Desk, name: str) -> Found:
    """The Zendesk agent with this id or e-mail. Raises Failed when there is none, ZendeskError."""
    agent = await (_agent_by_id(desk, int(name)) if name.isdecimal() else desk.zendesk.find_user(_email(name)))
    if agent is None:
        raise Failed(f"Zendesk has no user {name}: see ticketsync users list --desk {desk.name}")
    if not agent.is_staff:
        raise Failed(f"Zendesk user {name} is no agent: customers are never assigned to tickets")
    warning = "" if agent.active else f"Zendesk user {name} is suspended or deleted"
    return Found(agent.id, f"{agent.name} ({agent.email or agent.id})", warning)


async def _agent_by_id(desk: Desk, agent_id: int) -> Agent | None:
    try:
        return await desk.zendesk.user(agent_id)
    except NotFound:
        return None


async def find_person(desk: Desk, name: str) -> Found:
    """The Teamwork person with this id or e-mail among the project's. Raises Failed, TeamworkError.

    An id that is not in the project is taken with a warning: the person may be added later.
    """
    project_id = desk.settings.teamwork.project_id
    people = await desk.teamwork.project_people(project_id)
    if name.isdecimal():
        return _by_id(people, int(name), project_id)
    wanted = _email(name).casefold()
    found = [person for person in people if not person.deleted and person.email.casefold() == wanted]
    if not found:
        raise Failed(f"nobody in Teamwork project {project_id} has the e-mail {name}: add them there, or give their id")
    if len(found) > 1:
        ids = ", ".join(str(person.id) for person in found)
        raise Failed(f"several in Teamwork project {project_id} have the e-mail {name}: give one of the ids {ids}")
    return Found(found[0].id, _person_shown(found[0]))


def _by_id(people: Iterable[Person], person_id: int, project_id: int) -> Found:
    person = next((person for person in people if person.id == person_id and not person.deleted), None)
    if person is not None:
        return Found(person_id, _person_shown(person))
    warning = f"{person_id} is not a member of Teamwork project {project_id}: add them, or tasks go to nobody"
    return Found(person_id, f"Teamwork person {person_id}", warning)


def _email(name: str) -> str:
    if "@" not in name:
        raise Failed(f"{name} is neither an id nor an e-mail", exit_code=2)
    return name


def _person_shown(person: Person) -> str:
    return f"{_full_name(person)} ({person.email or person.id})"


def _full_name(person: Person) -> str:
    return f"{person.first_name} {person.last_name}".strip()


# --- everybody


class UserRow(BaseModel):
    """One agent. Names are None when the side that has them did not tell."""

    how: Literal["explicit", "e-mail", "none"]
    agent_id: int
    agent_name: str | None
    agent_email: str | None
    person_id: int | None
    person_name: str | None


class People(BaseModel):
    """Everybody of a desk: the explicit ones first, those without a person last. `notes` say what is not known."""

    users: list[UserRow]
    notes: list[str]


async def read_people(settings: Settings, name: str) -> People:
    """What desk workflow, directory and both sides say, each within seconds; who does not answer is in the notes."""
    notes: list[str] = []
    async with asyncio.TaskGroup() as group:
        asking = group.create_task(_mappings(name, notes))
        looking = group.create_task(_matches(settings, name, notes))
        naming = group.create_task(_names(settings, name, notes))
    mappings, matches, (agents, persons) = asking.result(), looking.result(), naming.result()
    ids = {*mappings, *matches}
    rows = [_row(agent_id, mappings, matches, agents.get(agent_id), persons) for agent_id in ids]
    rows.sort(key=lambda row: (HOW_ORDER.index(row.how), row.agent_name or "", row.agent_id))
    return People(users=rows, notes=notes)


def _row(
    agent_id: int,
    mappings: dict[int, int],
    matches: dict[int, int | None],
    agent: Agent | None,
    persons: dict[int, Person],
) -> UserRow:
    person_id = mappings.get(agent_id) or matches.get(agent_id)
    person = persons.get(person_id or 0)
    return UserRow(
        how="explicit" if agent_id in mappings else "none" if person_id is None else "e-mail",
        agent_id=agent_id,
        agent_name=agent.name if agent else None,
        agent_email=agent.email if agent else None,
        person_id=person_id,
        person_name=_full_name(person) if person else None,
    )


async def _mappings(name: str, notes: list[str]) -> dict[int, int]:
    try:
        view = await read_desk(await reach_temporal(), name)
    except BadTemporalConfigError:
        raise
    except NotLinkedError:
        notes.append("explicit mappings are not known: no worker has started this desk yet")
    except (DeskCallError, TemporalError) as error:
        notes.append(f"explicit mappings are not known: {error}")
    else:
        if view.state is not None:
            return view.state.mappings
        notes.append(f"explicit mappings are not known: {view.note}")
    return {}


async def _matches(settings: Settings, name: str, notes: list[str]) -> dict[int, int | None]:
    try:
        async with reach_redis(settings) as redis:
            directory = Directory(redis)
            stored = await ask_redis(lambda: directory.all(name))
    except RedisError as error:
        notes.append(f"matches are not known: Redis does not answer ({type(error).__name__})")
        return {}
    if stored is None:
        notes.append("matches are not known: there is no directory yet, a worker makes it")
        return {}
    return stored[1]


async def _names(settings: Settings, name: str, notes: list[str]) -> tuple[dict[int, Agent], dict[int, Person]]:
    try:
        async with asyncio.timeout(READ_SECONDS), reach_desk(settings, name) as desk:
            people = await desk.teamwork.project_people(desk.settings.teamwork.project_id)
            agents = await desk.zendesk.agents()
    except (ZendeskError, TeamworkError) as error:
        notes.append(f"only ids are shown: {error}")
        return {}, {}
    except TimeoutError:
        notes.append(f"only ids are shown: Zendesk and Teamwork did not answer within {READ_SECONDS:g} s")
        return {}, {}
    return {agent.id: agent for agent in agents}, {person.id: person for person in people}
