"""Renaming, reassigning, completing and reopening: what a step leaves behind, and what a 404 or silence means."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Literal

import pytest

from tests.activities.bench import Bench, bench_of, publish
from tests.activities.deaf import deaf_to
from tests.support.stack import ANN_KEY, PERSON_ANN, PERSON_BEN, PROJECT, Stack
from tests.support.tickets import Ticket
from ticketsync.sandbox.faults import Fault, FaultMatch
from ticketsync.sandbox.teamwork import DORA_ID
from ticketsync.sync.step import FIELD_OF, AppliedTask, StepKind

FIELDS: tuple[StepKind, ...] = ("rename", "reassign", "move", "update", "complete", "reopen")
ALL: tuple[StepKind, ...] = ("create", *FIELDS, "delete", "restore", "inspect")
PROJECT_PATH = FaultMatch(method="GET", path=rf"/projects/{PROJECT}\.json")


async def test_each_step_changes_its_field_and_is_sure_of_it_again(bench: Bench) -> None:
    task = await bench.created(ticket := Ticket(), assignee_id=PERSON_ANN)
    unsure = task.model_copy(update={"uncertain": ("assignee", "standing", "title")})
    renamed = (await bench.do("rename", ticket, unsure, title="Broken on mobile")).task
    assert (renamed.title, renamed.uncertain) == ("Broken on mobile", ("assignee", "standing"))
    reassigned = (await bench.do("reassign", ticket, renamed, assignee_id=PERSON_BEN)).task
    assert (reassigned.assignee_id, reassigned.uncertain) == (PERSON_BEN, ("standing",))
    completed = (await bench.do("complete", ticket, reassigned)).task
    assert (completed.standing, completed.uncertain) == ("completed", ())
    assert await _shows(bench, task, name="Broken on mobile", assigneeUserIds=[PERSON_BEN], status="completed")
    reopened = (await bench.do("reopen", ticket, completed)).task
    nobody = (await bench.do("reassign", ticket, reopened, assignee_id=None)).task
    assert nobody == task.model_copy(update={"title": "Broken on mobile", "assignee_id": None})
    assert await _shows(bench, task, assigneeUserIds=[], status="reopened")


# --- what Teamwork ignores without a word


@pytest.mark.parametrize(("kind", "field"), [("rename", "name"), ("reassign", "assignees")])
async def test_a_field_that_teamwork_ignores_is_noticed(quiet_stack: Stack, kind: StepKind, field: str) -> None:
    async with deaf_to(field, quiet_stack) as bench:
        task = AppliedTask(id=await _by_hand(quiet_stack), title="By hand", standing="open", assignee_id=PERSON_ANN)
        failed = await bench.failure(kind, Ticket(), task, title="Broken on mobile", assignee_id=None)
    assert (failed.details.code, failed.details.nothing_sent, failed.passing) == ("unexpected_answer", False, False)
    assert f"field {field}" in failed.text
    assert "Broken on mobile" not in failed.text


async def test_a_create_whose_marker_teamwork_ignores_says_so(quiet_stack: Stack) -> None:
    """The task is there: to fail now would be to make it again."""
    async with deaf_to("description", quiet_stack) as bench:
        made = await bench.do("create", Ticket(), title="Checkout broken")
    assert made.task.id is not None
    assert "marker" in made.answer


# --- an assignee who is refused


@pytest.mark.parametrize("status", [400, 422])
async def test_a_refused_assignee_changes_nothing_and_is_named(bench: Bench, status: Literal[400, 422]) -> None:
    bench.stack.teamwork.switches.invalid_assignee = status
    task = await bench.created(ticket := Ticket(), assignee_id=PERSON_ANN)
    refused = await bench.do("reassign", ticket, task, assignee_id=DORA_ID)
    assert (refused.refused_assignee_id, refused.task, refused.decide_again) == (DORA_ID, task, True)
    assert await _shows(bench, task, assigneeUserIds=[PERSON_ANN])


async def test_an_assignee_who_is_dropped_without_a_word_is_named(quiet_stack: Stack) -> None:
    async with deaf_to("taskOptions", quiet_stack) as bench:
        task = await bench.created(ticket := Ticket())
        refused = await bench.do("reassign", ticket, task, assignee_id=DORA_ID)
    assert (refused.refused_assignee_id, refused.task) == (DORA_ID, task)


# --- what a 404 means


@pytest.mark.parametrize("kind", FIELDS)
async def test_a_404_of_a_task_means_deleted_by_hand_when_its_project_answers(bench: Bench, kind: StepKind) -> None:
    task = await bench.created(ticket := Ticket())
    await bench.stack.teamwork_http.delete(f"/projects/api/v3/tasks/{task.id}.json", auth=ANN_KEY)
    unsure = task.not_sure_of(kind) if FIELD_OF[kind] != "standing" else task
    result = await bench.do(kind, ticket, unsure, title="B", assignee_id=PERSON_ANN)
    assert (result.task.gone, result.task.standing, result.task.uncertain) == (True, "open", ())
    assert result.decide_again


@pytest.mark.parametrize("kind", FIELDS)
async def test_a_404_after_a_delete_that_may_have_landed_means_that_it_has(bench: Bench, kind: StepKind) -> None:
    task = (await bench.created(ticket := Ticket())).not_sure_of("delete")
    await bench.stack.teamwork_http.delete(f"/projects/api/v3/tasks/{task.id}.json")
    result = await bench.do(kind, ticket, task, title="B", assignee_id=PERSON_ANN)
    assert (result.task.gone, result.task.standing, result.task.uncertain) == (False, "deleted", ())


@pytest.mark.parametrize("kind", ALL)
async def test_a_404_means_nothing_when_the_project_does_not_answer_either(quiet_stack: Stack, kind: StepKind) -> None:
    await publish(quiet_stack)
    async with bench_of(quiet_stack) as bench:
        task = await bench.created(ticket := Ticket())
        async with _hidden_project(quiet_stack):
            failed = await bench.failure(kind, ticket, task, title="B", look="once")
        assert (failed.details.code, failed.details.desk_wide, failed.passing) == ("project_unreachable", True, False)
        assert [(told.side, told.code) for told in await bench.told()] == [("teamwork", "project_unreachable")]
        assert await _shows(bench, task, name="Checkout broken", status="new")


async def test_a_look_into_a_project_that_does_not_answer_does_not_find_that_there_is_no_task(bench: Bench) -> None:
    async with _hidden_project(bench.stack):
        failed = await bench.failure("inspect", Ticket(), AppliedTask())
    assert (failed.details.code, failed.details.desk_wide) == ("project_unreachable", True)


async def test_a_project_that_may_not_be_read_is_not_reachable(bench: Bench) -> None:
    task = AppliedTask(id=99_999_999, title="B", standing="open")
    bench.stack.teamwork.faults.add(Fault(kind="error", status=403, match=PROJECT_PATH))
    failed = await bench.failure("rename", Ticket(), task, title="C")
    assert failed.details.code == "project_unreachable"


async def test_a_project_that_fails_to_answer_leaves_the_404_undecided(bench: Bench) -> None:
    task = AppliedTask(id=99_999_999, title="B", standing="open")
    bench.stack.teamwork.faults.add(Fault(kind="error", status=503, match=PROJECT_PATH))
    failed = await bench.failure("rename", Ticket(), task, title="C")
    assert (failed.details.code, failed.passing) == ("answer_lost", True)


# --- time


async def test_an_attempt_gives_itself_up_before_temporal_does(bench: Bench) -> None:
    """Nothing may land after Temporal has begun the next one."""
    task = await bench.created(ticket := Ticket())
    bench.stack.teamwork.faults.add(Fault(kind="hang", match=FaultMatch(method="PATCH")))
    failed = await bench.failure("rename", ticket, task, title="B", limit=timedelta(seconds=2.2))
    assert (failed.details.code, failed.details.nothing_sent, failed.passing) == ("answer_lost", False, True)
    assert "took too long" in failed.text


async def _by_hand(stack: Stack) -> int:
    body = {"task": {"name": "By hand", "assignees": {"userIds": [PERSON_ANN]}}}
    made = await stack.teamwork_http.post("/projects/api/v3/tasklists/1234/tasks.json", json=body, auth=ANN_KEY)
    return int(made.json()["task"]["id"])


async def _shows(bench: Bench, task: AppliedTask, **fields: object) -> bool:
    assert task.id is not None
    return await bench.stack.shows(task.id, **fields)


@asynccontextmanager
async def _hidden_project(stack: Stack) -> AsyncIterator[None]:
    path = f"/sandbox/projects/{PROJECT}"
    (await stack.teamwork_http.put(path, json={"hidden": True})).raise_for_status()
    try:
        yield
    finally:
        (await stack.teamwork_http.put(path, json={"hidden": False})).raise_for_status()
