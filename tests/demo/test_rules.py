"""The demo's own expectations: each kind of mistake is named, and a table without mistakes names none."""

import pytest

from ticketsync.demo.rules import RULES, wrong_with
from ticketsync.demo.world import SeenTask, TaskState


def _task(
    title: str = "Password reset", state: TaskState = "completed", assignee: str | None = "Ben Baker"
) -> SeenTask:
    return SeenTask(id=30_000_001, title=title, state=state, assignee=assignee)


def test_a_task_as_it_must_be_is_not_wrong() -> None:
    assert list(wrong_with("solved", 7, [_task()])) == []


def test_a_ticket_that_must_have_no_task_is_right_without_one() -> None:
    assert list(wrong_with("tag no_task", 7, [])) == []


@pytest.mark.parametrize(
    ("task", "words"),
    [
        (_task(state="open"), "the task is open, must be completed"),
        (_task(title="Password"), "the title is 'Password', must be 'Password reset'"),
        (_task(assignee=None), "the task is nobody's, must be Ben Baker's"),
        (_task(assignee="Ann Archer"), "the task is Ann Archer's, must be Ben Baker's"),
    ],
)
def test_each_field_that_is_wrong_is_named(task: SeenTask, words: str) -> None:
    assert list(wrong_with("solved", 7, [task])) == [words]


@pytest.mark.parametrize(
    ("name", "tasks", "words"),
    [
        ("solved", [], "0 tasks were made, must be 1"),
        ("solved", [_task(), _task()], "2 tasks were made, must be 1"),
        ("tag no_task", [_task()], "1 tasks were made, must be 0"),
    ],
)
def test_a_task_too_many_or_too_few_is_named(name: str, tasks: list[SeenTask], words: str) -> None:
    assert list(wrong_with(name, 7, tasks)) == [words]


def test_a_ticket_without_subject_is_called_by_its_number() -> None:
    assert list(wrong_with("empty subject", 7, [_task("Ticket #7", "open", None)])) == []
    assert list(wrong_with("empty subject", 8, [_task("Ticket #7", "open", None)])) != []


def test_the_longest_title_has_250_characters() -> None:
    assert max(len(must.title) for must in RULES.values()) == 250
