"""`ticketsync desks`: list, show, pause, resume."""

import asyncio
from collections.abc import Iterable
from typing import Any

import click
from temporalio.client import Client

from ticketsync.activities.looks import known_list
from ticketsync.cli.desks_add import add_desk
from ticketsync.cli.flags import SettingsCommand, desk_argument, json_option, known_desk, need_desks
from ticketsync.cli.output import note, print_facts, print_json, print_reasons, print_table, say
from ticketsync.cli.reach import log_quietly, reach_temporal
from ticketsync.cli.resume import resume
from ticketsync.cli.sides import reach_desk
from ticketsync.desk_calls import (
    DeskCallError,
    DeskView,
    NotLinkedError,
    command_desk,
    read_desk,
    read_facts,
)
from ticketsync.reasons import NOT_LISTED, REASONS, Reason
from ticketsync.settings import DeskSettings, Settings, masked
from ticketsync.sync.desk import DeskFacts
from ticketsync.teamwork import TeamworkError
from ticketsync.temporal import BadTemporalConfigError, TemporalError
from ticketsync.tickets import READ_SECONDS


@click.group()
def desks() -> None:
    """Zendesk accounts and the Teamwork projects their tickets go to."""


desks.add_command(add_desk)
desks.add_command(resume)


# --- list


@desks.command("list", cls=SettingsCommand)
@json_option
def list_desks(settings: Settings, as_json: bool) -> None:
    """All desks of the settings, and how each one stands."""
    need_desks(settings)
    log_quietly(settings)
    states = asyncio.run(_states(list(settings.desks)))
    rows = [_row(desk, *states[name]) for name, desk in settings.desks.items()]
    if as_json:
        print_json({"desks": rows})
    else:
        heads = ("desk", "zendesk", "teamwork", "project", "task list", "state", "linked")
        print_table(heads, [list(row.values()) for row in rows])
        print_reasons(_reasons(facts for _, facts in states.values()))


async def _states(desk_names: list[str]) -> dict[str, tuple[str, DeskFacts | None]]:
    """How each desk stands by what it published last: that takes Temporal, but no worker."""
    try:
        client = await reach_temporal()
    except BadTemporalConfigError:
        raise
    except TemporalError as error:
        note(str(error))
        return dict.fromkeys(desk_names, ("unknown", None))
    states = await asyncio.gather(*(_state(client, name) for name in desk_names))
    return dict(zip(desk_names, states, strict=True))


async def _state(client: Client, desk: str) -> tuple[str, DeskFacts | None]:
    try:
        facts = await read_facts(client, desk)
    except NotLinkedError:
        return "not started", None
    except DeskCallError:
        return "unknown", None
    return _word(facts), facts


def _word(facts: DeskFacts | None) -> str:
    if facts is None:
        return "starting"
    return ", ".join(_codes(facts)) or "running"


def _codes(facts: DeskFacts) -> list[str]:
    """Everything that holds up the desk."""
    troubles = [code for code in (facts.teamwork_trouble, facts.zendesk_trouble) if code]
    return [*(["paused"] if facts.paused else []), *troubles]


def _reasons(all_facts: Iterable[DeskFacts | None]) -> dict[str, Reason]:
    return {code: REASONS.get(code, NOT_LISTED) for facts in all_facts if facts is not None for code in _codes(facts)}


def _row(desk: DeskSettings, state: str, facts: DeskFacts | None) -> dict[str, Any]:
    return {
        "desk": desk.name,
        "zendesk": desk.zendesk.base_url,
        "teamwork": desk.teamwork.base_url,
        "project_id": desk.teamwork.project_id,
        "tasklist_id": known_list(desk.teamwork, facts),
        "state": state,
        "linked_at": facts.linked_at if facts else None,
    }


# --- show


@desks.command(cls=SettingsCommand)
@desk_argument
@json_option
def show(settings: Settings, desk: str, as_json: bool) -> None:
    """One desk: how it stands, its two sides and its policy.

    And what is known of its directory, and the project's task lists with their numbers.
    """
    name = settings.desk(desk).name
    log_quietly(settings)
    view, lists = asyncio.run(_read(settings, name))
    told = masked(settings)["desks"][name]
    if as_json:
        print_json({"settings": told, **view.model_dump(mode="json"), "tasklists": lists})
        return
    if view.note:
        note(view.note)
    print_facts(_facts(settings.desks[name], view) | {f"policy {key}": value for key, value in told["policy"].items()})
    print_reasons(_reasons([view.facts]))
    if lists is not None:
        say("")
        print_table(("task list", "name"), [(one["id"], one["name"]) for one in lists])


async def _read(settings: Settings, name: str) -> tuple[DeskView, list[dict[str, Any]] | None]:
    async with asyncio.TaskGroup() as group:
        viewing, listing = group.create_task(_view(name)), group.create_task(_task_lists(settings, name))
    return viewing.result(), listing.result()


async def _view(name: str) -> DeskView:
    """What is known of the desk; only a note when it has no workflow, or Temporal does not answer."""
    try:
        return await read_desk(await reach_temporal(), name)
    except BadTemporalConfigError:
        raise
    except NotLinkedError:
        why = "no worker has started this desk yet"
    except DeskCallError as error:
        why = f"Temporal does not answer ({error.code})"
    except TemporalError as error:
        why = str(error)
    return DeskView.unknown(name, why)


async def _task_lists(settings: Settings, name: str) -> list[dict[str, Any]] | None:
    """The open lists of the project; None, and a line why, when Teamwork does not tell within three seconds."""
    try:
        async with asyncio.timeout(READ_SECONDS), reach_desk(settings, name) as desk:
            lists = await desk.teamwork.tasklists(desk.settings.teamwork.project_id)
    except TeamworkError as error:
        note(f"the task lists are not known: {error}")
        return None
    except TimeoutError:
        note(f"the task lists are not known: Teamwork did not answer within {READ_SECONDS:g} s")
        return None
    return [{"id": one.id, "name": one.name} for one in lists]


def _facts(desk: DeskSettings, view: DeskView) -> dict[str, object]:
    facts = view.facts
    return {
        "desk": desk.name,
        "state": _word(facts) if facts else "unknown",
        "zendesk": f"{desk.zendesk.base_url}  {desk.zendesk.email or 'OAuth'}",
        "teamwork": f"{desk.teamwork.base_url}  project {desk.teamwork.project_id}",
        "task list": known_list(desk.teamwork, facts) or "not found yet",
        "linked": facts.linked_at if facts else None,
        **_directory(view),
        **_export(view),
    }


def _export(view: DeskView) -> dict[str, object]:
    """How far Zendesk's export is read, and how many of its rows said something that no webhook had told."""
    if view.state is None:
        return {}
    export = view.state.export
    told = f"{export.rows_told} of {export.rows_read}"
    return {"export read": export.read_at or "not yet", "rows with news": told, "export trouble": export.trouble}


def _directory(view: DeskView) -> dict[str, object]:
    if view.state is None:
        return {}
    people = view.state.directory
    found = f"{people.matched} of {people.agents}" if people.made_at else None
    return {
        "directory loaded": people.made_at or "not yet",
        "agents with a person": found,
        "explicit mappings": len(view.state.mappings),
    }


# --- pause


@desks.command(cls=SettingsCommand)
@desk_argument
@json_option
def pause(settings: Settings, desk: str, as_json: bool) -> None:
    """Stop all changes in Teamwork and reads of Zendesk.

    Events are still taken in and kept.
    """
    log_quietly(settings)
    asyncio.run(_pause(known_desk(settings, desk)))
    if as_json:
        print_json({"desk": desk, "status": "paused"})
    else:
        say(f"desk {desk} paused")


async def _pause(desk: str) -> None:
    await command_desk(await reach_temporal(), desk, "pause")
