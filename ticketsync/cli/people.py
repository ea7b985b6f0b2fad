"""Everybody of a desk as `users list` shows them: looked up on both sides, laid over what the desk knows."""

import asyncio
from typing import Literal

from pydantic import BaseModel, Field
from redis.exceptions import RedisError

from ticketsync.activities.matching import match_people
from ticketsync.cli.reach import reach_temporal
from ticketsync.cli.roster import Roster, full_name, read_roster
from ticketsync.cli.sides import ask_redis, reach_desk, reach_redis
from ticketsync.desk_calls import DeskCallError, NotLinkedError, read_desk
from ticketsync.directory import Directory
from ticketsync.settings import Settings
from ticketsync.teamwork import TeamworkError
from ticketsync.temporal import BadTemporalConfigError, TemporalError
from ticketsync.tickets import READ_SECONDS
from ticketsync.zendesk import ZendeskError

HOW_ORDER = ("explicit", "e-mail", "none")


class UserRow(BaseModel):
    """One agent. Names are None when the side that has them did not tell."""

    how: Literal["explicit", "e-mail", "none"]
    agent_id: int
    agent_name: str | None
    agent_email: str | None
    person_id: int | None
    person_name: str | None
    person_email: str | None


class People(BaseModel):
    """Everybody of a desk: the explicit ones first, those without a person last. `notes` say what is not known."""

    users: list[UserRow]
    notes: list[str]
    mappings_known: bool = Field(exclude=True)
    everybody_known: bool = Field(exclude=True)


async def read_people(settings: Settings, name: str, seconds: float = READ_SECONDS) -> People:
    """What desk workflow and both sides say, each within `seconds`; who does not answer is in the notes."""
    notes: list[str] = []
    async with asyncio.TaskGroup() as group:
        asking = group.create_task(_mappings(name, notes))
        naming = group.create_task(_roster(settings, name, notes, seconds))
    mappings, roster = asking.result(), naming.result()
    explicit = mappings or {}
    matches = await _matches(settings, name, notes) if roster is None else _by_email(roster)
    rows = [_row(agent_id, explicit, matches, roster) for agent_id in {*explicit, *matches}]
    rows.sort(key=lambda row: (HOW_ORDER.index(row.how), row.agent_name or "", row.agent_id))
    known = mappings is not None
    return People(users=rows, notes=notes, mappings_known=known, everybody_known=known and roster is not None)


async def current_person(settings: Settings, name: str, agent_id: int) -> int | None:
    """Who this agent is now, as far as that is known; None also for nobody."""
    unknown: list[str] = []
    mappings, matches = await asyncio.gather(_mappings(name, unknown), _matches(settings, name, unknown))
    return (mappings or {}).get(agent_id) or matches.get(agent_id)


def _by_email(roster: Roster) -> dict[int, int | None]:
    return match_people(roster.agents, roster.people, {})


def _row(agent_id: int, mappings: dict[int, int], matches: dict[int, int | None], roster: Roster | None) -> UserRow:
    agents, people = (roster.agents, roster.people) if roster is not None else ((), ())
    person_id = mappings.get(agent_id) or matches.get(agent_id)
    agent = next((one for one in agents if one.id == agent_id), None)
    person = next((one for one in people if one.id == person_id), None)
    return UserRow(
        how="explicit" if agent_id in mappings else "none" if person_id is None else "e-mail",
        agent_id=agent_id,
        agent_name=agent.name if agent else None,
        agent_email=agent.email if agent else None,
        person_id=person_id,
        person_name=full_name(person) if person else None,
        person_email=person.email or None if person else None,
    )


async def _mappings(name: str, notes: list[str]) -> dict[int, int] | None:
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
    return None


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


async def _roster(settings: Settings, name: str, notes: list[str], seconds: float) -> Roster | None:
    try:
        async with asyncio.timeout(seconds), reach_desk(settings, name) as desk:
            return await read_roster(desk)
    except (ZendeskError, TeamworkError) as error:
        notes.append(f"only ids are shown: {error}")
    except TimeoutError:
        notes.append(f"only ids are shown: Zendesk and Teamwork did not answer within {seconds:g} s")
    return None
