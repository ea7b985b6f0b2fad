"""`ticketsync users`: list, add, remove."""

import asyncio
from typing import Any

import click

from ticketsync.cli.flags import SettingsCommand, desk_option, json_option
from ticketsync.cli.output import note, print_json, print_table, say
from ticketsync.cli.people import People, find_agent, find_person, read_people
from ticketsync.cli.reach import log_quietly, reach_temporal
from ticketsync.cli.sides import reach_desk
from ticketsync.desk_calls import command_desk
from ticketsync.settings import Settings
from ticketsync.sync.desk import Mapping


@click.group()
def users() -> None:
    """Who is who: Zendesk agents and Teamwork people.

    People with the same e-mail on both sides are matched by themselves; an explicit mapping wins over that.
    """


# --- list


@users.command("list", cls=SettingsCommand)
@desk_option
@json_option
def list_users(settings: Settings, desk: str, as_json: bool) -> None:
    """All agents of a desk with their Teamwork person.

    And how that was found: explicit, by e-mail, or none.
    """
    log_quietly(settings)
    people = asyncio.run(read_people(settings, settings.desk(desk).name))
    if as_json:
        print_json({"desk": desk, **people.model_dump()})
    else:
        _print(people)


def _print(people: People) -> None:
    for line in people.notes:
        note(line)
    rows = [
        (row.how, row.agent_id, row.agent_name, row.agent_email, row.person_id, row.person_name) for row in people.users
    ]
    print_table(("how", "zendesk", "agent", "e-mail", "teamwork", "person"), rows)


# --- add and remove


@users.command(cls=SettingsCommand)
@click.argument("zendesk", metavar="AGENT")
@click.argument("teamwork", metavar="PERSON")
@desk_option
@json_option
def add(settings: Settings, zendesk: str, teamwork: str, desk: str, as_json: bool) -> None:
    """Say that an agent is this Teamwork person.

    AGENT is one in Zendesk, PERSON one in Teamwork, each by id or e-mail. The agent's tickets are told at once.
    """
    log_quietly(settings)
    added = asyncio.run(_add(settings, settings.desk(desk).name, zendesk, teamwork))
    if as_json:
        print_json(added)
        return
    if added["warning"]:
        note(f"Warning: {added['warning']}")
    say(f"desk {desk}: {added['agent']} is now {added['person']}")


async def _add(settings: Settings, name: str, zendesk: str, teamwork: str) -> dict[str, Any]:
    async with reach_desk(settings, name) as desk:
        agent = await find_agent(desk, zendesk)
        person = await find_person(desk, teamwork)
    mapping = Mapping(agent_id=agent.id, person_id=person.id)
    await command_desk(await reach_temporal(), name, "add_user", mapping)
    told = {"agent": agent.shown, "person": person.shown, "warning": agent.warning or person.warning}
    return {"desk": name, **mapping.model_dump(), **told}


@users.command(cls=SettingsCommand)
@click.argument("zendesk", metavar="AGENT")
@desk_option
@json_option
def remove(settings: Settings, zendesk: str, desk: str, as_json: bool) -> None:
    """Take back an agent's explicit mapping.

    AGENT is an id or an e-mail in Zendesk. A match by e-mail counts again.
    """
    log_quietly(settings)
    agent_id = asyncio.run(_remove(settings, settings.desk(desk).name, zendesk))
    if as_json:
        print_json({"desk": desk, "agent_id": agent_id})
    else:
        say(f"desk {desk}: Zendesk user {agent_id} has no explicit mapping any more")


async def _remove(settings: Settings, name: str, zendesk: str) -> int:
    """An id is taken as it is: somebody who is gone from Zendesk can still be removed."""
    if zendesk.isdecimal():
        agent_id = int(zendesk)
    else:
        async with reach_desk(settings, name) as desk:
            agent_id = (await find_agent(desk, zendesk)).id
    await command_desk(await reach_temporal(), name, "remove_user", agent_id)
    return agent_id
