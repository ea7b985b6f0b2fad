"""When a step under way is the one that a new plan wants: then it goes on, else it is called back."""

from typing import Any

import pytest

from ticketsync.sync.step import Step

STEP = Step(
    kind="update",
    reason="labels",
    title="A",
    assignee_id=1,
    before="B",
    tasklist_id=1235,
    priority="high",
    tags=("Important",),
    untag=("Billing",),
    task_id=5002,
)


@pytest.mark.parametrize("words", [{"reason": "another"}, {"before": None}])
def test_it_is_the_same_whatever_its_reason_and_what_was_before(words: dict[str, Any]) -> None:
    assert STEP.does_the_same_as(STEP.model_copy(update=words))


OTHERS: list[dict[str, Any]] = [
    {"kind": "move"},
    {"title": "B"},
    {"assignee_id": None},
    {"tasklist_id": 0},
    {"priority": "low"},
    {"tags": ()},
    {"untag": ()},
    {"task_id": 5003},
]


@pytest.mark.parametrize("other", OTHERS, ids=lambda other: next(iter(other)))
def test_it_is_another_when_it_does_something_else(other: dict[str, Any]) -> None:
    assert not STEP.does_the_same_as(STEP.model_copy(update=other))


def test_every_field_is_compared_or_is_only_words() -> None:
    assert {field for other in OTHERS for field in other} | {"reason", "before"} == set(Step.model_fields)
