"""`ticketsync users`: list, add, remove; import, export and match have files of their own."""

import asyncio
from typing import Any

import click

from ticketsync.cli.flags import SettingsCommand, desk_option, json_option
from ticketsync.cli.open_tickets import count_if_known, tickets
from ticketsync.cli.output import note, print_json, print_table, say
from ticketsync.cli.people import People, current_person, read_people
from ticketsync.cli.reach import log_quietly, reach_temporal
from ticketsync.cli.roster import find_agent, find_person
from ticketsync.cli.sides import reach_desk
from ticketsync.cli.user_files import export_users, import_users
from ticketsync.cli.user_match import match_users
from ticketsync.desk_calls import command_desk
from ticketsync.settings import Settings
from ticketsync.sync.desk import Mapping


@click.group()
def users() -> None:
    """Who is who: Zendesk agents and Teamwork people.

    People with the same e-mail on both sides are matched by themselves; an explicit mapping wins over that.
    """


for command in (import_users, export_users, match_users):
    users.add_command(command)


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

    AGENT is one in Zendesk, PERSON one in Teamwork, each by id or e-mail. The agent's open tickets are re-assigned.
    """
    log_quietly(settings)
    added = asyncio.run(_add(settings, settings.desk(desk).name, zendesk, teamwork))
    if as_json:
        print_json(added)
        return
    if added["warning"]:
        note(f"Warning: {added['warning']}")
    say(f"desk {desk}: {added['agent']} is now {added['person']}{_touched(added['reassigned'])}")


async def _add(settings: Settings, name: str, zendesk: str, teamwork: str) -> dict[str, Any]:
    async with reach_desk(settings, name) as desk:
        agent = await find_agent(desk, zendesk)
        person = await find_person(desk, teamwork)
    mapping = Mapping(agent_id=agent.id, person_id=person.id)
    stays = await current_person(settings, name, agent.id) == person.id
    number = 0 if stays else await _open_tickets(name, agent.id)
    await command_desk(await reach_temporal(), name, "add_user", mapping)
    told = {"agent": agent.shown, "person": person.shown, "warning": agent.warning or person.warning}
    return {"desk": name, **mapping.model_dump(), **told, "reassigned": number}


async def _open_tickets(desk: str, agent_id: int) -> int | None:
    counts = await count_if_known(desk, [agent_id])
    return counts[agent_id] if counts is not None else None


def _touched(number: int | None) -> str:
    if number is None:
        return ""
    return f"; {tickets(number)} {'is' if number == 1 else 'are'} re-assigned"


@users.command(cls=SettingsCommand)
@click.argument("zendesk", metavar="AGENT")
@desk_option
@json_option
def remove(settings: Settings, zendesk: str, desk: str, as_json: bool) -> None:
    """Take back an agent's explicit mapping.

    AGENT is an id or an e-mail in Zendesk. A match by e-mail counts again.
    """
    log_quietly(settings)
    agent_id, number = asyncio.run(_remove(settings, settings.desk(desk).name, zendesk))
    if as_json:
        print_json({"desk": desk, "agent_id": agent_id, "open_tickets": number})
        return
    touched = "" if number is None else f"; {tickets(number)} {'is' if number == 1 else 'are'} decided on again"
    say(f"desk {desk}: Zendesk user {agent_id} has no explicit mapping any more{touched}")


async def _remove(settings: Settings, name: str, zendesk: str) -> tuple[int, int | None]:
    """Whose mapping is gone, and how many open tickets that touches.

    An id is taken as it is: somebody who is gone from Zendesk can still be removed.
    """
    if zendesk.isdecimal():
        agent_id = int(zendesk)
    else:
        async with reach_desk(settings, name) as desk:
            agent_id = (await find_agent(desk, zendesk)).id
    await command_desk(await reach_temporal(), name, "remove_user", agent_id)
    return agent_id, await _open_tickets(name, agent_id)
