"""`docs/scaling.md`: its figures are those that were measured."""

import re

from benchmarks.page import recorded
from tests.docs.pages import PAGES

PAGE = PAGES["docs/scaling.md"]
TEXT = " ".join(PAGE.text.split())
FIGURES = {figure.name: figure.value for answer in recorded() for figure in answer.figures}
WORDS = dict(enumerate(["none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]))


def _actions(what: str) -> int:
    return int(FIGURES[f"thrift.actions {what}"])


def test_the_actions_that_a_change_costs_are_those_that_were_counted() -> None:
    changes = sorted({_actions(what) for what in ("create", "subject", "assignee", "solved")})
    assert f"{' or '.join(WORDS[number] for number in changes)} for an event that changes a task" in TEXT
    assert f"{WORDS[_actions('both events')]} for a status that Zendesk tells in two events" in TEXT
    assert f"{WORDS[_actions('pending')]} for one that changes nothing" in TEXT


def test_the_actions_of_a_tickets_life_are_their_sum() -> None:
    least, most = (_actions("create") + 5 * _actions(what) for what in ("subject", "both events"))
    assert f"With six changes in a life that is some {_to_five(least)} to {_to_five(most)} for each ticket" in TEXT


def _to_five(number: int) -> int:
    return round(number / 5) * 5


def test_a_worker_with_all_tickets_that_it_remembers_takes_what_was_measured() -> None:
    told = re.search(r"(\d+) MiB\]\([^)]*\) when it remembers 1,000 open tickets", TEXT)
    assert told is not None
    assert abs(int(told[1]) / FIGURES["growth.memory_1000"] - 1) < 0.2, "another run differs a little"
