"""`tickets why`: from the journal to the reasons for each field of the task."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ticketsync.reasons import REASONS
from ticketsync.sync.fold import EXPLANATIONS
from ticketsync.sync.state import (
    Command,
    JournalLine,
    ReadWanted,
    RefusedAssignee,
    TicketState,
    Trouble,
    WaitingForPeople,
    journal_line,
)
from ticketsync.sync.step import AppliedTask
from ticketsync.why import CHANGED_NOTHING, NOT_ENOUGH, FieldStory, explain

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
TASK = AppliedTask(id=1, standing="open", title="New", assignee_id=7)


def event(minute: int, code: str, text: str) -> JournalLine:
    return journal_line(NOON + timedelta(minutes=minute), code, text, f"event-{minute}")


def line(minute: int, code: str, text: str) -> JournalLine:
    return journal_line(NOON + timedelta(minutes=minute), code, text)


def a_state(*journal: JournalLine, task: AppliedTask = TASK, **more: Any) -> TicketState:
    return TicketState(desk="acme", ticket_id=3, task=task, journal=journal).model_copy(update=more)


def story(state: TicketState, field: str) -> FieldStory:
    return next(told for told in explain(state).fields if told.field == field)


CREATED = event(0, "first", "created")
CREATE = line(1, "create_done", "create: 'Old'")
RENAMED = event(2, "applied", "subject_changed")
DUPLICATE = event(3, "duplicate", "subject_changed")
RENAME = line(4, "rename_done", "rename: 'Old' to 'New'")


def test_what_came_in_while_a_step_was_under_way_is_not_its_cause() -> None:
    rename = journal_line(NOON + timedelta(minutes=4), "rename_done", "rename: 'Old' to 'New'", after=RENAMED.at)
    state = a_state(CREATED, CREATE, RENAMED, event(3, "applied", "priority_changed"), rename)
    assert story(state, "title").cause == RENAMED


def test_a_create_set_every_field() -> None:
    told = explain(a_state(CREATED, CREATE)).fields
    assert [(one.field, one.step, one.cause) for one in told] == [
        (field, CREATE, CREATED) for field in ("title", "assignee", "list", "labels", "standing")
    ]


def test_a_field_has_the_last_step_that_set_it_and_the_last_event_before_that() -> None:
    state = a_state(CREATED, CREATE, RENAMED, DUPLICATE, RENAME)
    title, assignee = story(state, "title"), story(state, "assignee")
    assert (title.value, title.step, title.cause) == ("New", RENAME, RENAMED)
    assert (assignee.value, assignee.step, assignee.cause) == ("7", CREATE, CREATED)


@pytest.mark.parametrize("command", ["retry", "resync", "link", "unlink"])
def test_an_operators_command_can_be_the_cause(command: str) -> None:
    asked = line(5, command, "an operator asked")
    assert story(a_state(CREATED, CREATE, asked, RENAME), "title").cause == asked


@pytest.mark.parametrize("code", ["link_done", "unlink_done"])
def test_a_link_by_hand_explains_every_field(code: str) -> None:
    asked, done = line(5, code.removesuffix("_done"), "an operator asked"), line(6, code, "by hand")
    told = explain(a_state(CREATED, CREATE, asked, done))
    assert [(field.step, field.cause) for field in told.fields] == [(done, asked)] * len(told.fields)


def test_a_refused_link_is_among_what_was_not_done_and_a_wish_among_what_is_to_come() -> None:
    refused = line(6, "link_refused", "task 7 is not linked")
    told = explain(a_state(CREATED, CREATE, refused).model_copy(update={"link_to": 8}))
    assert told.not_done == [refused]
    assert told.waiting == ["task 8 is to become the ticket's, as an operator asked"]


def test_steps_of_the_standing_explain_the_standing_only() -> None:
    done = line(6, "complete_done", "complete: solved")
    state = a_state(CREATED, CREATE, done, task=TASK.model_copy(update={"standing": "completed"}))
    assert story(state, "standing").step == done
    assert story(state, "title").step == CREATE


def test_what_the_journal_has_forgotten_is_not_made_up() -> None:
    told = story(a_state(event(9, "same", "status_changed")), "title")
    assert (told.value, told.step, told.cause) == ("New", None, None)


def test_a_write_that_may_not_have_landed_is_not_sure() -> None:
    state = a_state(CREATED, CREATE, task=TASK.model_copy(update={"uncertain": ("assignee",)}))
    assert [told.field for told in explain(state).fields if not told.sure] == ["assignee"]


@pytest.mark.parametrize("doubt", [{"unsure_priority": True}, {"unsure_tags": ("Important",)}])
def test_a_label_that_may_not_have_landed_is_not_sure_either(doubt: dict[str, Any]) -> None:
    state = a_state(CREATED, CREATE, task=TASK.model_copy(update=doubt))
    assert [told.field for told in explain(state).fields if not told.sure] == ["labels"]


def test_all_that_is_blocked_is_told_and_what_matters_most_first() -> None:
    blocked = [
        Trouble(phase="blocked", code=code, what=what, since=NOON, retry_at=NOON)
        for what, code in (("update", "forbidden"), ("move", "tasklist_unknown"))
    ]
    first, second = explain(a_state().with_step_troubles(blocked)).waiting
    assert first.startswith("move is blocked (tasklist_unknown)")
    assert second.startswith("update is blocked (forbidden)")


def test_every_line_of_the_journal_is_told_in_its_place() -> None:
    note, trouble = line(7, "no_mapping", "nobody is assigned"), line(8, "blocked", "rename: forbidden")
    why = explain(a_state(CREATED, CREATE, RENAMED, DUPLICATE, note, trouble))
    assert why.changed_nothing == [DUPLICATE]
    assert why.not_done == [note]
    assert why.troubles == [trouble]


def test_an_event_that_said_too_little_is_told_apart() -> None:
    read = event(5, "hint", "status_changed: says too little (no clock): the ticket is read")
    why = explain(a_state(CREATED, CREATE, read))
    assert (why.not_enough, why.changed_nothing, why.not_done) == ([read], [], [])


def test_a_note_has_what_to_do_about_it() -> None:
    why = explain(a_state(line(7, "no_mapping", "nobody is assigned"), line(8, "in_step", "as it should be")))
    assert why.remedies == {"no_mapping": REASONS["no_mapping"].remedy}


def test_a_field_has_the_rule_by_which_it_is_as_it_should_be() -> None:
    state = a_state(CREATED, CREATE, rules={"title": "the title template"})
    assert (story(state, "title").rule, story(state, "list").rule) == ("the title template", None)


def test_a_ticket_that_zendesk_does_not_know_is_a_trouble_and_no_cause() -> None:
    unreadable = event(3, "unreadable", "read: Zendesk answers 404")
    state = a_state(CREATED, unreadable, CREATE)
    assert explain(state).troubles == [unreadable]
    assert story(state, "title").cause == CREATED


def test_the_codes_of_events_that_say_too_little_are_those_of_the_rules() -> None:
    assert EXPLANATIONS.keys() >= NOT_ENOUGH


def test_the_codes_of_events_that_change_nothing_are_those_of_the_rules() -> None:
    assert CHANGED_NOTHING - {"duplicate"} <= EXPLANATIONS.keys()


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (
            {"trouble": Trouble(phase="blocked", code="forbidden", what="rename", since=NOON, retry_at=NOON)},
            "forbidden",
        ),
        ({"trouble": Trouble(phase="retrying", code="answer_lost", what="rename", since=NOON)}, "goes on trying"),
        (
            {"trouble": Trouble(phase="blocked", code="refused", what="rename", since=NOON, answer="422 to PATCH")},
            "since 2026-11-21 12:00:00Z: 422 to PATCH; ",
        ),
        ({"read_trouble": Trouble(phase="paused", code="paused", what="read", since=NOON)}, "read is paused"),
        ({"refused": RefusedAssignee(user_id=9, since=NOON, retry_at=NOON)}, "person 9"),
        ({"waiting": WaitingForPeople(agent_id=8, generation=1, since=NOON, retry_at=NOON)}, "Zendesk user 8"),
        ({"settle_until": NOON}, "the delete waits until 2026-11-21 12:00:00Z"),
        ({"read": ReadWanted(reason="no_clock", asked=1)}, "to be read from Zendesk (no_clock)"),
        ({"end_at": NOON}, "completes at 2026-11-21 12:00:00Z"),
        ({"commands": (Command(kind="retry", at=NOON),)}, "retry, as an operator asked"),
    ],
)
def test_what_is_still_to_come_is_told(more: dict[str, Any], says: str) -> None:
    (waiting,) = explain(a_state(**more)).waiting
    assert says in waiting
