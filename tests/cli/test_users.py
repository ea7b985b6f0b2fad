"""`ticketsync users` against the running service."""

from collections.abc import AsyncIterator

import click
import pytest

from tests.cli.conftest import ANN, ANN_PERSON, BEN, BEN_PERSON, CLEO, CUSTOMER, DORA_PERSON, Service
from ticketsync import names
from ticketsync.cli.roster import find_agent, find_person
from ticketsync.cli.sides import reach_desk
from ticketsync.desks import Desk
from ticketsync.settings import load_settings


async def open_tickets(service: Service, agent_id: int) -> int:
    """How many of an agent without a person the service says there are: other tests leave tickets too."""
    unmatched = (await service.run("users", "match", "--json")).json["unmatched"]
    return next(int(one["open_tickets"]) for one in unmatched if one["agent_id"] == agent_id)


async def test_people_are_listed_with_how_they_are_matched(service: Service) -> None:
    listed = await service.run("users", "list", "--json")
    assert listed.json["notes"] == []
    rows = {row["agent_id"]: row for row in listed.json["users"]}
    assert rows[ANN] == {
        "how": "e-mail",
        "agent_id": ANN,
        "agent_name": "Ann Agent",
        "agent_email": "ann@sandbox.example",
        "person_id": ANN_PERSON,
        "person_name": "Ann Archer",
        "person_email": "ann@sandbox.example",
    }
    assert (rows[CLEO]["how"], rows[CLEO]["person_id"]) == ("none", None)


async def test_a_mapping_reaches_the_tickets_and_can_be_taken_back(service: Service) -> None:
    ticket_id = await service.ticket(subject="Cleo's", assignee_id=CLEO)
    number = await open_tickets(service, CLEO)
    added = await service.run("users", "add", "Cleo@Sandbox.example", str(BEN_PERSON))
    says = "desk default: Cleo Agent (cleo@sandbox.example) is now Ben Baker (ben@sandbox.example)"
    assert added.out == f"{says}; {number} open {'ticket is' if number == 1 else 'tickets are'} re-assigned\n"
    await service.until(ticket_id, "in_step", assignee_id=BEN_PERSON)
    listed = await service.run("users", "list")
    words = ["explicit", str(CLEO), "Cleo", "Agent", "cleo@sandbox.example", str(BEN_PERSON), "Ben", "Baker"]
    assert listed.out.splitlines()[1].split() == words
    again = await service.run("users", "add", str(CLEO), str(BEN_PERSON), "--json")
    assert again.json["reassigned"] == 0
    removed = await service.run("users", "remove", str(CLEO), "--json")
    assert removed.json == {"desk": "default", "agent_id": CLEO, "open_tickets": number}
    await service.until(ticket_id, "in_step", assignee_id=None)
    desk = service.client.get_workflow_handle(names.desk_workflow_id("default"))
    assert (await desk.query("status"))["mappings"] == {}


async def test_a_mapping_that_is_not_there_cannot_be_taken_back(service: Service) -> None:
    ran = await service.run("users", "remove", "ben@sandbox.example")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == f"Error: desk default refuses: Zendesk user {BEN} has no explicit mapping\n"


# --- looking people up


@pytest.fixture(scope="module")
async def desk(service: Service) -> AsyncIterator[Desk]:
    async with reach_desk(load_settings(environ=service.environ), "default") as desk:
        yield desk


@pytest.mark.parametrize("name", [str(ANN), "ann@sandbox.example", "ANN@sandbox.example"])
async def test_an_agent_is_found_by_id_and_by_e_mail(desk: Desk, name: str) -> None:
    assert (await find_agent(desk, name)).id == ANN


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("12345", "Zendesk has no user 12345"),
        ("nobody@sandbox.example", "Zendesk has no user nobody@sandbox.example"),
        (str(CUSTOMER), "is no agent"),
        ("carla@customer.example", "is no agent"),
        ("ann", "neither an id nor an e-mail"),
    ],
)
async def test_an_agent_that_cannot_be_meant_is_refused(desk: Desk, name: str, says: str) -> None:
    with pytest.raises(click.ClickException, match=says):
        await find_agent(desk, name)


async def test_a_suspended_agent_is_taken_with_a_warning(desk: Desk, service: Service) -> None:
    user = {"name": "Sue", "email": "sue@sandbox.example", "role": "agent", "suspended": True}
    (await service.zendesk.post("/api/v2/users", json={"user": user})).raise_for_status()
    assert "suspended" in (await find_agent(desk, "sue@sandbox.example")).warning


@pytest.mark.parametrize("name", [str(ANN_PERSON), "ann@sandbox.example", "ANN@Sandbox.Example"])
async def test_a_person_is_found_by_id_and_by_e_mail(desk: Desk, name: str) -> None:
    found = await find_person(desk, name)
    assert (found.id, found.shown, found.warning) == (ANN_PERSON, "Ann Archer (ann@sandbox.example)", "")


async def test_somebody_outside_the_project_is_taken_by_id_with_a_warning(desk: Desk) -> None:
    found = await find_person(desk, str(DORA_PERSON))
    assert found.warning.startswith(f"{DORA_PERSON} is not a member of Teamwork project 987654")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("dora@sandbox.example", "nobody in Teamwork project 987654 has the e-mail"),
        ("ann", "neither an id nor an e-mail"),
    ],
)
async def test_a_person_that_cannot_be_meant_is_refused(desk: Desk, name: str, says: str) -> None:
    with pytest.raises(click.ClickException, match=says):
        await find_person(desk, name)


async def test_an_e_mail_that_several_people_have_is_refused_with_their_ids(desk: Desk, service: Service) -> None:
    twin = {"first_name": "Tim", "last_name": "Twin", "email": "twin@sandbox.example", "project_ids": [987654]}
    made = [(await service.teamwork.post("/sandbox/people", json=twin)).raise_for_status().json() for _ in range(2)]
    ids = ", ".join(str(one["person"]["id"]) for one in made)
    with pytest.raises(click.ClickException, match=f"give one of the ids {ids}"):
        await find_person(desk, "twin@sandbox.example")
