"""Every code that can appear as a reason or in a journal is explained, and no explanation is for nothing."""

import ast
import re
from collections.abc import Callable, Iterator
from typing import get_args

import pytest

from tests.docs.code_words import module, modules
from tests.docs.pages import PAGES, codes_in
from ticketsync.reasons import REASONS
from ticketsync.sync import fold, step
from ticketsync.sync.desk import CREDENTIALS_REFUSED, PROJECT_UNREACHABLE, TASKLIST_GONE
from ticketsync.sync.event import DELETIONS
from ticketsync.sync.filters import REFUSALS
from ticketsync.sync.plan import PERSON_NOTES
from ticketsync.sync.state import UNREACHABLE, Command, SyncState, Trouble
from ticketsync.teamwork import errors as teamwork
from ticketsync.zendesk import errors as zendesk

PAGE = PAGES["docs/on-call.md"]

# Codes that never become a ticket's reason.
NEVER_SHOWN = {
    "cancelled": "a step that nobody wants any more, or one that is given up: `unreachable`",
    "open": "a ticket that is open has a task, or is outside the filter, which is another reason",
}


JARGON = ("temporal", "workflow", "activity", "signal", "query", "visibility", "payload", "namespace", "redis")


# --- where reasons come from


def _of_clients() -> set[str]:
    errors = [kind for kinds in (teamwork, zendesk) for kind in vars(kinds).values() if isinstance(kind, type)]
    return {kind.code for kind in errors if hasattr(kind, "code")}


def _of_desks() -> set[str]:
    return {*CREDENTIALS_REFUSED.values(), PROJECT_UNREACHABLE, TASKLIST_GONE}


def _of_activities() -> set[str]:
    found = modules("activities")
    return {code for source in found for name in ("hold_up", "not_yet") for code in source.arguments(name, 0)}


def _of_workflows() -> set[str]:
    codes = {code for source in modules("workflows") for code in source.arguments("Failure", 0, "code")}
    return codes | {UNREACHABLE}


def _of_rules() -> set[str]:
    status, desired = module("sync.status"), module("sync.desired")
    return {
        *module("sync.decide").arguments("Trouble", 1, "code"),
        *REFUSALS,
        *(status.function("at_rest").returned(1) | status.function("shown").returned(1)),
        *(status.function("_note").returned() - {""}),
        *desired.function("_standing").returned(1),
        *(DELETIONS | desired.function("desired_task").arguments("DesiredTask", 1, "why")),
        *desired.function("_mapped").returned(1) & PERSON_NOTES.keys(),
    }


SOURCES = [_of_clients, _of_desks, _of_activities, _of_workflows, _of_rules]


def _reasons() -> set[str]:
    return {code for find in SOURCES for code in find()}


def test_every_reason_is_explained_and_none_is_invented() -> None:
    assert REASONS.keys() == _reasons() - NEVER_SHOWN.keys()


@pytest.mark.parametrize("find", SOURCES)
def test_each_place_is_looked_at(find: Callable[[], set[str]]) -> None:
    assert len(find()) > 1


def test_what_is_never_shown_is_there() -> None:
    assert NEVER_SHOWN.keys() <= _reasons()


def test_every_error_has_a_remedy() -> None:
    assert all(REASONS[code].remedy for code in _of_clients() | _of_desks())
    assert all(reason.meaning for reason in REASONS.values())


def test_only_the_ends_of_a_ticket_need_no_remedy() -> None:
    without = {code for code, reason in REASONS.items() if not reason.remedy}
    assert without == DELETIONS | {"closed", "merged", "deleted"}


@pytest.mark.parametrize("code", REASONS)
def test_a_support_lead_needs_to_know_nothing_of_temporal(code: str) -> None:
    said = " ".join(REASONS[code]).lower()
    assert [word for word in JARGON if re.search(rf"\b{word}\b", said)] == []


# --- the page


def test_no_reason_is_missing_on_the_page() -> None:
    told = {codes_in(row[0])[0] for row in PAGE.section("Reasons").tables[0][1:]}
    assert sorted(REASONS.keys() - told) == []


def test_the_page_has_every_reason_as_it_is() -> None:
    rows = [(*codes_in(code), meaning, remedy) for code, meaning, remedy in PAGE.section("Reasons").tables[0][1:]]
    assert rows == [(code, reason.meaning, reason.remedy or "nothing") for code, reason in REASONS.items()]


def test_the_page_has_every_state() -> None:
    told = [codes_in(cell)[0] for cell in PAGE.section("States").column("state")]
    assert sorted(told) == sorted(get_args(SyncState))


def test_the_page_names_the_causes_of_a_whole_desk() -> None:
    told = PAGE.section("When the whole desk waits").codes
    assert set(told) & REASONS.keys() == _of_desks()


# --- the journal


def _journal() -> Iterator[str]:
    yield from fold.EXPLANATIONS
    yield from fold.NEWS_OF_THE_DESK
    yield from module("sync.fold").arguments("_line", 1)
    yield from (f"{kind}_done" for kind in get_args(step.StepKind))
    yield from get_args(Command.model_fields["kind"].annotation)
    yield from get_args(Trouble.model_fields["phase"].annotation)
    yield from PERSON_NOTES
    for source in (*modules("sync"), *modules("workflows")):
        yield from source.arguments("journal_line", 1, "code")
    for name in ("sync.plan", "sync.decide", "sync.linking"):
        yield from _notes(module(name).tree)


def _notes(tree: ast.AST) -> Iterator[str]:
    """The code of each pair of a code and its text."""
    for node in ast.walk(tree):
        match node:
            case ast.Tuple(elts=[ast.Constant(value=str(code)), ast.Constant(value=str(text))]) if " " in text:
                yield code
            case ast.Tuple(elts=[ast.Constant(value=str(code)), ast.JoinedStr() | ast.Name(id="text")]):
                yield code


def test_the_page_has_every_code_of_the_journal() -> None:
    told = {code for cell in PAGE.section("The journal").column("code") for code in codes_in(cell)}
    assert told - {"no_task_"} == set(_journal())
