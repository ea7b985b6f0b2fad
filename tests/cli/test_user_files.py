"""`ticketsync users import`, `export` and `match` against the running service."""

import csv
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import ANN, ANN_PERSON, BEN_PERSON, CLEO, CUSTOMER, Service
from tests.cli.test_users import open_tickets
from ticketsync import names
from ticketsync.desk_calls import command_desk

GUS_PERSON = {"first_name": "Gus", "last_name": "Gray", "email": "gus@elsewhere.example", "project_ids": [987654]}


@pytest.fixture(autouse=True)
async def no_mappings(service: Service) -> AsyncIterator[None]:
    """Each test leaves the desk without explicit mappings."""
    yield
    for agent_id in await mappings(service):
        await command_desk(service.client, "default", "remove_user", int(agent_id))


async def mappings(service: Service) -> dict[str, int]:
    desk = service.client.get_workflow_handle(names.desk_workflow_id("default"))
    found: dict[str, int] = (await desk.query("status"))["mappings"]
    return found


def csv_file(folder: Path, *rows: str) -> str:
    file = folder / "people.csv"
    file.write_text("\n".join(["agent,person", *rows, ""]))
    return str(file)


# --- import and export


async def test_an_import_maps_reassigns_and_says_how_many_and_a_second_one_changes_nothing(
    service: Service, tmp_path: Path
) -> None:
    ticket_id = await service.ticket(subject="Cleo's", assignee_id=CLEO)
    number = await open_tickets(service, CLEO)
    file = csv_file(
        tmp_path, f"cleo@sandbox.example,{BEN_PERSON}", f"{ANN},ann@sandbox.example", "ben@sandbox.example,"
    )
    tried = await service.run("users", "import", file, "--dry-run", "--json")
    assert (tried.json["dry_run"], tried.json["reassigned"], await mappings(service)) == (True, number, {})
    imported = await service.run("users", "import", file)
    are = "ticket is" if number == 1 else "tickets are"
    says = f"desk default: mappings: 2 new, 0 changed, 0 as before; {number} open {are} re-assigned"
    assert imported.out.splitlines()[-1] == says
    await service.until(ticket_id, "in_step", assignee_id=BEN_PERSON)
    assert await mappings(service) == {str(CLEO): BEN_PERSON, str(ANN): ANN_PERSON}
    again = await service.run("users", "import", file)
    assert again.out.splitlines()[-1].endswith("0 new, 0 changed, 2 as before; 0 open tickets are re-assigned")


async def test_what_cannot_be_taken_is_told_line_by_line_and_nothing_is_changed(
    service: Service, tmp_path: Path
) -> None:
    rows = (f"{CLEO},{BEN_PERSON}", "nobody@sandbox.example,1", f"{CUSTOMER},{BEN_PERSON}", "cleo@sandbox.example,2")
    ran = await service.run("users", "import", csv_file(tmp_path, *rows, f"{ANN},dora@sandbox.example", ",1"))
    assert (ran.code, ran.out) == (1, "")
    begin, *problems = ran.err.splitlines()
    assert begin == f"Error: nothing was changed: 5 lines of {tmp_path / 'people.csv'} cannot be taken"
    assert [problem.partition(": ")[::2] for problem in problems] == [
        ("line 3", "Zendesk has no agent nobody@sandbox.example: see ticketsync users list --desk default"),
        ("line 4", f"Zendesk has no agent {CUSTOMER}: see ticketsync users list --desk default"),
        ("line 5", "agent cleo@sandbox.example is on line 2 too: keep one"),
        (
            "line 6",
            "nobody in Teamwork project 987654 has the e-mail dora@sandbox.example: add them there, or give their id",
        ),
        ("line 7", "names no agent"),
    ]
    assert await mappings(service) == {}


async def test_a_file_that_is_no_list_of_people_is_one_message(service: Service, tmp_path: Path) -> None:
    file = tmp_path / "other.csv"
    file.write_text("name;town\n")
    ran = await service.run("users", "import", str(file))
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == f"Error: {file}, line 1: must name the columns agent and person; others may stand beside them\n"


async def test_a_file_that_is_not_there_is_one_message(service: Service, tmp_path: Path) -> None:
    ran = await service.run("users", "import", str(tmp_path / "none.csv"))
    assert (ran.code, ran.err) == (2, f"Error: {tmp_path}/none.csv cannot be read: No such file or directory\n")


async def test_what_is_exported_is_imported_again_when_it_was_lost(service: Service, tmp_path: Path) -> None:
    await service.run("users", "add", str(CLEO), str(BEN_PERSON))
    kept = tmp_path / "kept.csv"
    exported = await service.run("users", "export", str(kept))
    assert (exported.out, exported.err) == ("", f"1 line written to {kept}\n")
    await service.run("users", "remove", str(CLEO))
    await service.run("users", "import", str(kept))
    assert await mappings(service) == {str(CLEO): BEN_PERSON}


async def test_the_whole_list_is_filled_in_and_those_matched_by_e_mail_stay_so(
    service: Service, tmp_path: Path
) -> None:
    exported = await service.run("users", "export", "--all")
    rows = {int(row["agent"]): row for row in csv.DictReader(exported.out.splitlines())}
    assert (rows[ANN]["how"], rows[ANN]["person"], rows[CLEO]["person"]) == ("e-mail", str(ANN_PERSON), "")
    filled = tmp_path / "filled.csv"
    filled.write_text(exported.out.replace(f"{CLEO},,none", f"{CLEO},{BEN_PERSON},none"))
    imported = await service.run("users", "import", str(filled), "--json")
    changes = {one["agent_id"]: one["change"] for one in imported.json["changes"]}
    assert (changes[CLEO], changes[ANN]) == ("new", "same")
    assert await mappings(service) == {str(CLEO): BEN_PERSON}


# --- match


async def _gus(service: Service) -> tuple[int, int]:
    """An agent and a person who have only their name in common."""
    user = {"name": "Gray, Gus", "email": "gus.gray@sandbox.example", "role": "agent"}
    agent = await service.zendesk.post("/api/v2/users", json={"user": user})
    person = await service.teamwork.post("/sandbox/people", json=GUS_PERSON)
    return agent.raise_for_status().json()["user"]["id"], person.raise_for_status().json()["person"]["id"]


def _unmatched(answer: Any) -> dict[int, dict[str, Any]]:
    return {one["agent_id"]: one for one in answer["unmatched"]}


async def test_match_proposes_and_maps_only_who_is_sure(service: Service) -> None:
    await service.ticket(subject="Cleo's other", assignee_id=CLEO)
    agent_id, person_id = await _gus(service)
    found = _unmatched((await service.run("users", "match", "--json")).json)
    assert [(one["person_id"], one["why"]) for one in found[agent_id]["proposals"]] == [(person_id, "same_name")]
    assert (found[CLEO]["proposals"], found[agent_id]["open_tickets"]) == ([], 0)
    assert found[CLEO]["open_tickets"] >= 1
    assert next(iter(found)) == CLEO
    asked = await service.run("users", "match", "--accept")
    assert (asked.code, await mappings(service)) == (1, {})
    accepted = await service.run("users", "match", "--accept", "--yes")
    assert accepted.out.splitlines()[-1].startswith("desk default: mappings: 1 new, 0 changed")
    assert await mappings(service) == {str(agent_id): person_id}
    left = (await service.run("users", "match")).out
    assert "Gus" not in left
    assert left.splitlines()[-1].startswith("desk default: 1 of ") or "Sue" in left


async def test_check_names_agents_without_a_person_and_warns_once_tickets_are_theirs(service: Service) -> None:
    await service.ticket(subject="Cleo's third", assignee_id=CLEO)
    ran = await service.run("check", "--json")
    line = next(line for line in ran.json["checks"] if line["name"] == "directory")
    assert (ran.code, line["outcome"]) == (0, "warning")
    assert "; without: Cleo Agent (" in line["found"]
    user = {"name": "Newly Made", "email": "newly@sandbox.example", "role": "agent"}
    (await service.zendesk.post("/api/v2/users", json={"user": user})).raise_for_status()
    later = next(line for line in (await service.run("check", "--json")).json["checks"] if line["name"] == "directory")
    assert later["found"].endswith("Newly Made")
    assert line["next"].startswith("run ticketsync users match --desk default")
