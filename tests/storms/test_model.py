"""The model says what was agreed: a few lines of the table each, put down by hand."""

from dataclasses import replace

import pytest

from tests.storms.model import Change, Look, Must, Rules, must_be

ANN, BEN, CLEO, CARLA = 1, 2, 3, 9
ANNS, BENS = 101, 102
RULES = Rules(people={ANN: ANNS, BEN: BENS})
FIRST = Look(id=7, opener=CARLA, subject="Broken")
CREATED = Change("created")
NOBODY = None


def _one(*changes: Change, first: Look = FIRST, rules: Rules = RULES) -> Must:
    (must,) = must_be(first, (CREATED, *changes), rules)
    return must


@pytest.mark.parametrize(
    ("changes", "must"),
    [
        ((), Must("open", "Broken", NOBODY)),
        ((Change("renamed", "Mended"),), Must("open", "Mended", NOBODY)),
        ((Change("renamed", " "),), Must("open", "Ticket #7", NOBODY)),
        ((Change("renamed", "x" * 251),), Must("open", "x" * 249 + "…", NOBODY)),
        ((Change("renamed", "two\nlines"),), Must("open", "two lines", NOBODY)),
        ((Change("assigned", ANN),), Must("open", "Broken", ANNS)),
        ((Change("assigned", ANN), Change("assigned", CLEO)), Must("open", "Broken", NOBODY)),
        ((Change("assigned", ANN), Change("assigned", None)), Must("open", "Broken", NOBODY)),
        ((Change("status", "pending"),), Must("open", "Broken", NOBODY)),
        ((Change("status", "solved"),), Must("completed", "Broken", NOBODY)),
        ((Change("status", "solved"), Change("status", "open")), Must("open", "Broken", NOBODY)),
        ((Change("closed"),), Must("absent")),
        ((Change("deleted"),), Must("absent")),
        ((Change("deleted"), Change("undeleted")), Must("open", "Broken", NOBODY)),
        ((Change("merged"),), Must("completed", "Broken", NOBODY)),
        ((Change("merged"), Change("deleted")), Must("absent")),
        ((Change("merged"), Change("deleted"), Change("undeleted")), Must("completed", "Broken", NOBODY)),
    ],
)
def test_what_a_ticket_does_to_its_task(changes: tuple[Change, ...], must: Must) -> None:
    assert _one(*changes) == must


def test_an_agent_who_opens_a_ticket_has_it_until_it_was_given_to_somebody() -> None:
    anns = replace(FIRST, opener=ANN)
    assert _one(first=anns).person == ANNS
    assert _one(Change("assigned", BEN), first=anns).person == BENS
    assert _one(Change("assigned", BEN), Change("assigned", None), first=anns).person is NOBODY


@pytest.mark.parametrize(
    ("on_closed", "before", "state"),
    [
        ("complete", "open", "completed"),
        ("keep", "open", "open"),
        ("keep", "solved", "completed"),
    ],
)
def test_closed_does_what_the_policy_says(on_closed: str, before: str, state: str) -> None:
    rules = replace(RULES, on_closed=on_closed)  # type: ignore[arg-type]
    assert _one(Change("status", before), Change("closed"), rules=rules).state == state


@pytest.mark.parametrize(("on_filtered", "state"), [("keep", "open"), ("complete", "completed"), ("delete", "absent")])
def test_a_ticket_that_leaves_the_filter_does_what_the_policy_says(on_filtered: str, state: str) -> None:
    rules = replace(RULES, on_filtered=on_filtered, exclude_tags=frozenset({"spam"}))  # type: ignore[arg-type]
    assert _one(Change("tagged", frozenset({"spam"})), rules=rules).state == state
    assert _one(first=replace(FIRST, tags=frozenset({"spam"})), rules=rules) == Must("none")


def test_who_was_never_told_of_an_end_or_a_beginning_may_have_seen_it_or_not() -> None:
    untold = (Change("created", told=False), Change("merged"))
    assert must_be(FIRST, untold, RULES) == {Must("none"), Must("completed", "Broken", NOBODY)}
    anns = replace(FIRST, opener=ANN)
    in_between = (CREATED, Change("assigned", BEN, told=False), Change("assigned", None, told=False))
    assert {must.person for must in must_be(anns, in_between, RULES)} == {ANNS, NOBODY}


def test_what_the_last_change_made_of_the_ticket_counts_told_or_not() -> None:
    assert must_be(FIRST, (CREATED, Change("deleted", told=False)), RULES) == {Must("absent")}
    assert must_be(FIRST, (CREATED, Change("renamed", "Z", told=False)), RULES) == {Must("open", "Z", NOBODY)}
