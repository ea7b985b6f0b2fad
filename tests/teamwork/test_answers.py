"""How long a site that refuses by quota is left alone, and the forms in which its records come."""

import time
from email.utils import formatdate
from typing import Any

import pytest

from ticketsync.teamwork import Comment, Task, TaskList, TimeLog
from ticketsync.teamwork.answers import wait_seconds


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 60),
        ({"retry-after": "7"}, 7),
        ({"retry-after": "7.5"}, 7.5),
        ({"retry-after": "7", "x-ratelimit-reset": "50"}, 7),
        ({"retry-after": "soon", "x-ratelimit-reset": "50"}, 50),
        ({"x-rate-limit-reset": "30"}, 30),
        ({"x-ratelimit-reset": "30"}, 30),
        ({"x-ratelimit-reset": "0"}, 1),
        ({"x-ratelimit-reset": "-5"}, 1),
        ({"x-ratelimit-reset": "1000000"}, 120),
        ({"x-ratelimit-reset": "nan"}, 60),
        ({"x-ratelimit-reset": "inf"}, 60),
        ({"x-ratelimit-reset": ""}, 60),
    ],
)
def test_the_site_says_how_long(headers: dict[str, str], seconds: float) -> None:
    assert wait_seconds(headers) == seconds


@pytest.mark.parametrize(("from_now", "seconds"), [(30, 30), (-30, 1), (3600, 120)])
def test_a_moment_is_taken_as_well(from_now: float, seconds: float) -> None:
    moment = time.time() + from_now
    assert wait_seconds({"x-ratelimit-reset": f"{moment:.0f}"}) == pytest.approx(seconds, abs=1.5)
    assert wait_seconds({"retry-after": formatdate(moment, usegmt=True)}) == pytest.approx(seconds, abs=1.5)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"assignees": [{"id": 5, "type": "users"}, {"id": 6, "type": "teams"}]}, {"assignee_ids": (5,)}),
        ({"assignees": None, "assigneeUserIds": None}, {"assignee_ids": ()}),
        ({"assigneeUserIds": [5, 6]}, {"assignee_ids": (5, 6)}),
        ({"tasklist": {"id": 3, "type": "tasklists"}}, {"tasklist_id": 3}),
        ({"tasklistId": "3"}, {"tasklist_id": 3}),
        ({"createdBy": {"id": 8, "type": "users"}}, {"created_by": 8}),
        ({"createdByUserId": 8}, {"created_by": 8}),
        ({"completedBy": 0, "deletedBy": ""}, {"completed_by": None, "deleted_by": None}),
        ({"createdAt": ""}, {"created_at": None}),
        ({"subTaskIds": None}, {"subtask_ids": ()}),
        ({"attachments": [{"id": 1}, {"id": 2}]}, {"attachment_count": 2}),
        ({"attachments": None}, {"attachment_count": 0}),
        ({"status": "something new"}, {"is_completed": False, "is_deleted": False}),
    ],
)
def test_a_task_is_read_in_every_form(row: dict[str, Any], expected: dict[str, Any]) -> None:
    task = Task.model_validate({"id": 7, "name": "A", **row})
    assert {name: getattr(task, name) for name in expected} == expected


def test_a_task_is_read_back_from_what_was_written() -> None:
    task = Task(id=7, name="A", assignee_ids=(5,), tasklist_id=3, attachment_count=2, subtask_ids=(8,), created_by=9)
    assert Task.model_validate_json(task.model_dump_json()) == task


def test_references_inside_other_records() -> None:
    assert Comment.model_validate({"id": 1, "postedBy": 5}).posted_by == 5
    assert TimeLog.model_validate({"id": 1, "user": {"id": 5, "type": "users"}}).user_id == 5
    assert TaskList.model_validate({"id": 1, "project": {"id": 5, "type": "projects"}}).project_id == 5
