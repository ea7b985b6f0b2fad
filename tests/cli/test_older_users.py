"""What an older service's mappings come to: what people have said since counts more, and nobody is two people."""

from ticketsync.cli.older_service import UserEntry
from ticketsync.cli.older_users import wanted_mappings
from ticketsync.cli.roster import Roster
from ticketsync.teamwork import Person
from ticketsync.zendesk import Agent

ANN, BEN = 7, 8
ROSTER = Roster(
    desk="acme",
    project_id=1,
    agents=(
        Agent(id=ANN, name="Ann", email="ann@acme.example", role="agent", active=True),
        Agent(id=BEN, name="Ben", email="ben@acme.example", role="agent", active=True),
    ),
    people=(Person(id=201, email="ann@globex.example"), Person(id=202, email="ben@globex.example")),
)


def wanted(*pairs: tuple[str, str], explicit: dict[int, int] | None = None) -> tuple[dict[int, int], list[str]]:
    problems: list[str] = []
    entries = [UserEntry(agent, agent, person) for agent, person in pairs]
    found = wanted_mappings("users", entries, ROSTER, explicit or {}, problems)
    return {one.agent.id: one.person.id for one in found}, problems


def test_an_agent_who_is_there_twice_with_one_person_is_taken_once() -> None:
    assert wanted(("7", "201"), ("ann@acme.example", "ann@globex.example"), ("8", "202")) == ({ANN: 201, BEN: 202}, [])


def test_an_agent_with_two_people_is_left_out_and_told_entry_by_entry() -> None:
    taken, problems = wanted(("7", "201"), ("ann@acme.example", "202"), ("8", "202"))
    assert taken == {BEN: 202}
    assert problems == [
        f"users[{field}]: Ann (ann@acme.example) has several people here: 201, 202"
        for field in ("7", "ann@acme.example")
    ]


def test_what_was_mapped_to_somebody_else_since_stays_and_is_told() -> None:
    taken, problems = wanted(("7", "201"), ("8", "202"), explicit={ANN: 202, BEN: 202})
    assert taken == {BEN: 202}
    assert problems == [
        "users[7]: Ann (ann@acme.example) is mapped to 202 already: ticketsync users add 7 201 changes that"
    ]


def test_who_is_not_there_is_told() -> None:
    assert wanted(("9", "201"))[1] == ["users[9]: Zendesk has no agent 9: see ticketsync users list --desk acme"]
