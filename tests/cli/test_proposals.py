"""Who an agent without a person may be: proposed by e-mail and by name, taken only when there is no doubt."""

import pytest

from ticketsync.cli.proposals import WORDS, Candidates, Proposal, sure_ones
from ticketsync.teamwork import Person
from ticketsync.zendesk import Agent


def person(person_id: int, name: str, email: str = "") -> Person:
    first, _, last = name.partition(" ")
    return Person(id=person_id, first_name=first, last_name=last, email=email)


def agent(name: str, email: str | None = None, agent_id: int = 7) -> Agent:
    return Agent(id=agent_id, name=name, email=email, active=True, role="agent")


ARCHER = person(1, "Ann Archer", "ann@acme.example")
OTHERS = [person(8, "Ben Baker", "ben@acme.example"), person(9, "Zoë Zola", "zz@acme.example")]


def proposed(who: Agent, *people: Person, site: tuple[Person, ...] = ()) -> list[tuple[int, str]]:
    return [(one.person_id, one.why) for one in Candidates([*people, *OTHERS], site).for_agent(who)]


@pytest.mark.parametrize("name", ["Ann Archer", "ann  ARCHER", "Archer, Ann", "Ann Ärcher", "Ann-Archer"])
def test_the_same_name_is_found_whatever_its_case_accents_and_order(name: str) -> None:
    assert proposed(agent(name), ARCHER) == [(1, "same_name")]


@pytest.mark.parametrize("name", ["Anne Archer", "Ann Archers", "Archer Anne"])
def test_a_name_that_is_nearly_the_same_is_proposed_as_similar(name: str) -> None:
    assert proposed(agent(name), ARCHER) == [(1, "similar_name")]


@pytest.mark.parametrize("name", ["Anna Barker", "Ann", "", "???", "Cleo Carter"])
def test_a_name_that_is_another_is_not_proposed(name: str) -> None:
    assert proposed(agent(name), ARCHER) == []


def test_an_e_mail_that_several_have_is_told_for_each() -> None:
    twin = person(2, "Tim Twin", "ANN@acme.example")
    assert proposed(agent("A. A.", "Ann@Acme.example"), ARCHER, twin) == [(1, "shared_e_mail"), (2, "shared_e_mail")]


def test_somebody_with_the_same_e_mail_outside_the_project_is_to_be_added_to_it() -> None:
    found = proposed(agent("Ann Archer", "ann@globex.example"), site=(person(3, "A", "ann@globex.example"), ARCHER))
    assert found == [(3, "not_in_the_project")]


def test_the_same_mailbox_at_another_address_is_proposed_but_not_one_that_everybody_has() -> None:
    assert proposed(agent("?", "ann@globex.example"), ARCHER) == [(1, "same_mailbox")]
    assert proposed(agent("?", "info@globex.example"), person(4, "In Fo", "info@acme.example")) == []
    assert proposed(agent("?"), person(4, "In Fo")) == []


def test_each_person_is_proposed_once_for_the_best_reason_and_the_best_come_first() -> None:
    people = (person(5, "Anne Archer"), ARCHER)
    found = proposed(agent("Ann Archer", "ann@globex.example"), *people)
    assert found == [(1, "same_name"), (5, "similar_name")]


def test_people_who_are_deleted_are_not_proposed() -> None:
    assert proposed(agent("Ann Archer"), ARCHER.model_copy(update={"deleted": True})) == []


# --- what is taken without a look


def same_name(person_id: int) -> Proposal:
    return Proposal(person_id=person_id, person_name="Ann", person_email=None, why="same_name")


def test_the_only_one_of_the_same_name_is_sure() -> None:
    assert sure_ones({7: [same_name(1)], 8: []}, taken=set()) == {7: same_name(1)}


@pytest.mark.parametrize("why", sorted(WORDS.keys() - {"same_name"}))
def test_no_other_reason_is_sure(why: str) -> None:
    assert sure_ones({7: [same_name(1).model_copy(update={"why": why})]}, taken=set()) == {}


def test_one_of_several_is_not_sure() -> None:
    assert sure_ones({7: [same_name(1), same_name(2)]}, taken=set()) == {}


def test_somebody_who_may_be_two_agents_is_sure_for_neither() -> None:
    assert sure_ones({7: [same_name(1)], 8: [same_name(1)]}, taken=set()) == {}


def test_somebody_who_is_an_agent_already_is_not_sure() -> None:
    assert sure_ones({7: [same_name(1)]}, taken={1}) == {}
