"""Deleting, which never destroys what people did, restoring from the trash, and reading what a task really is."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Literal

import pytest

from tests.activities.bench import Bench, bench_of, publish
from tests.support.stack import ANN_KEY, PERSON_ANN, PERSON_BEN, QUICK, Stack, running_stack
from tests.support.tickets import Ticket
from ticketsync.embedded import EmbeddedRedis, EmbeddedTemporal
from ticketsync.sandbox.faults import Fault, FaultMatch
from ticketsync.sync.step import AppliedTask

V3 = "/projects/api/v3"
US = ("twp_sandbox", "x")
GONE = 99_999_999
Key = tuple[str, str]


# --- what people did on a task


async def _log_time(stack: Stack, task_id: int, key: Key) -> None:
    await _post(stack, f"{V3}/tasks/{task_id}/time.json", {"timelog": {"date": "2026-01-02", "minutes": 30}}, key)


async def _comment(stack: Stack, task_id: int, key: Key) -> None:
    await _post(stack, f"/tasks/{task_id}/comments.json", {"comment": {"body": "I am on it"}}, key)


async def _add_subtask(stack: Stack, task_id: int, key: Key) -> None:
    await _post(stack, f"{V3}/tasks/{task_id}/subtasks.json", {"task": {"name": "Ask the customer"}}, key)


async def _attach_file(stack: Stack, task_id: int, key: Key) -> None:
    await _post(stack, f"/sandbox/tasks/{task_id}/files", {"name": "log.txt", "person_id": PERSON_ANN}, key)


async def _complete(stack: Stack, task_id: int, key: Key) -> None:
    (await stack.teamwork_http.put(f"/tasks/{task_id}/complete.json", auth=key)).raise_for_status()


async def _post(stack: Stack, path: str, body: dict[str, object], key: Key) -> None:
    (await stack.teamwork_http.post(path, json=body, auth=key)).raise_for_status()


Work = Callable[[Stack, int, Key], Awaitable[None]]
WORK: dict[str, Work] = {
    "time was logged on it": _log_time,
    "people commented on it": _comment,
    "it has subtasks": _add_subtask,
    "it has files": _attach_file,
    "a person completed it": _complete,
}


@pytest.fixture
async def careless(temporal_server: EmbeddedTemporal, redis_server: EmbeddedRedis) -> AsyncIterator[Bench]:
    """A desk that does not protect what people worked on."""
    policy = QUICK.model_copy(update={"protect_worked_tasks": False})
    async with (
        running_stack(temporal_server.address, redis_server.port, policy=policy, work=False) as stack,
        bench_of(stack) as bench,
    ):
        await publish(stack)
        yield bench


@pytest.mark.parametrize("answered_again", [200, 400, 422])
@pytest.mark.parametrize("why", WORK)
async def test_a_task_that_people_worked_on_is_completed_instead_and_the_answer_says_why(
    bench: Bench, why: str, answered_again: Literal[200, 400, 422]
) -> None:
    """Whatever Teamwork answers to the completing of one that is completed."""
    bench.stack.teamwork.switches.complete_twice = answered_again
    task_id = await _made(bench, ticket := Ticket())
    await WORK[why](bench.stack, task_id, ANN_KEY)
    result = await bench.do("delete", ticket, AppliedTask(id=task_id, title="Checkout broken", standing="open"))
    said, _, call = result.answer.partition("; ")
    assert said == f"completed, not deleted: {why}"
    assert call.endswith(f" from PUT /tasks/{task_id}/complete.json")
    assert (result.task.standing, result.task.protected, result.decide_again) == ("completed", True, True)
    assert await bench.stack.shows(task_id, status="completed")


@pytest.mark.parametrize("why", ["people commented on it", "a person completed it"])
async def test_what_we_did_ourselves_protects_nothing(bench: Bench, why: str) -> None:
    task_id = await _made(bench, ticket := Ticket())
    await WORK[why](bench.stack, task_id, US)
    result = await bench.do("delete", ticket, AppliedTask(id=task_id, title="Checkout broken", standing="open"))
    assert (result.task.standing, result.task.protected) == ("deleted", False)
    assert await bench.stack.task(task_id) is None


@pytest.mark.parametrize("why", WORK)
async def test_without_protection_a_task_is_deleted_whatever_people_did(careless: Bench, why: str) -> None:
    task_id = await _made(careless, ticket := Ticket())
    await WORK[why](careless.stack, task_id, ANN_KEY)
    result = await careless.do("delete", ticket, AppliedTask(id=task_id, title="Checkout broken", standing="open"))
    assert (result.task.standing, result.task.protected) == ("deleted", False)
    assert await careless.stack.task(task_id) is None


async def test_when_it_is_not_known_what_people_did_nothing_is_deleted(bench: Bench) -> None:
    task_id = await _made(bench, ticket := Ticket())
    for unreadable in (r"/time\.json", r"/comments\.json"):
        bench.stack.teamwork.faults.add(Fault(kind="error", match=FaultMatch(method="GET", path=unreadable), times=1))
        task = AppliedTask(id=task_id, title="Checkout broken", standing="open")
        assert (await bench.failure("delete", ticket, task)).details.code == "answer_lost"
    assert await bench.stack.shows(task_id, status="new")


# --- delete


@pytest.mark.parametrize("get_deleted", [404, 200])
async def test_a_delete_puts_into_the_trash_and_finds_it_done_the_second_time(
    bench: Bench, get_deleted: Literal[404, 200]
) -> None:
    bench.stack.teamwork.switches.get_deleted = get_deleted
    task = await bench.created(ticket := Ticket())
    deleted = await bench.do("delete", ticket, task.not_sure_of("delete"))
    again = await bench.do("delete", ticket, task.not_sure_of("delete"))
    assert deleted.task == again.task == task.model_copy(update={"standing": "deleted"})
    assert (deleted.answer[:3], again.answer) == ("200", "404: it was gone already")


async def test_a_hint_that_leads_to_a_strangers_task_deletes_nothing(bench: Bench) -> None:
    """Of a task that we know by a hint alone we never wrote the title."""
    strangers = await _made(bench, Ticket())
    result = await bench.do("delete", Ticket(), AppliedTask(id=strangers, standing="open"))
    assert result.task.standing == "deleted"
    assert await bench.stack.shows(strangers, status="new")


# --- restore


@pytest.mark.parametrize(("completed", "standing"), [(False, "open"), (True, "completed")])
async def test_a_task_comes_back_from_the_trash_as_it_was(bench: Bench, *, completed: bool, standing: str) -> None:
    task = await bench.created(ticket := Ticket(), assignee_id=PERSON_ANN)
    assert task.id is not None
    if completed:
        await bench.do("complete", ticket, task)
    deleted = (await bench.do("delete", ticket, task)).task
    back = await bench.do("restore", ticket, deleted.model_copy(update={"gone": True, "protected": True}))
    assert back.task == task.model_copy(update={"standing": standing})
    assert await bench.stack.shows(task.id, assigneeUserIds=[PERSON_ANN])


@pytest.mark.parametrize("second_restore", [404, 200])
async def test_a_task_that_people_have_restored_already_is_back(
    bench: Bench, second_restore: Literal[404, 200]
) -> None:
    bench.stack.teamwork.switches.second_restore = second_restore
    task = await bench.created(ticket := Ticket())
    deleted = (await bench.do("delete", ticket, task)).task
    (await bench.stack.teamwork_http.put(f"/trashcan/tasks/{task.id}/restore.json", auth=ANN_KEY)).raise_for_status()
    assert (await bench.do("restore", ticket, deleted)).task == task


async def test_what_is_not_in_the_trash_any_more_surely_is_nowhere(bench: Bench) -> None:
    result = await bench.do("restore", Ticket(), AppliedTask(id=GONE, title="B", standing="deleted"))
    assert (result.task, result.looked, result.decide_again) == (AppliedTask(), True, True)


# --- inspect


async def test_a_task_is_read_as_it_really_is(bench: Bench) -> None:
    task_id = await _made(bench, ticket := Ticket())
    body = {"task": {"name": "By hand", "assignees": {"userIds": [PERSON_BEN, PERSON_ANN]}}}
    await bench.stack.teamwork_http.patch(f"{V3}/tasks/{task_id}.json", json=body, auth=ANN_KEY)
    await _complete(bench.stack, task_id, ANN_KEY)
    read = await bench.do("inspect", ticket, AppliedTask(id=task_id, title="B", standing="open"))
    assert read.task == AppliedTask(id=task_id, title="By hand", standing="completed", assignee_id=PERSON_BEN)
    ours = await bench.do("inspect", ticket, AppliedTask(id=task_id, title="B", assignee_id=PERSON_ANN))
    assert ours.task.assignee_id == PERSON_ANN


@pytest.mark.parametrize("get_deleted", [404, 200])
@pytest.mark.parametrize(("key", "gone"), [(ANN_KEY, True), (US, False)], ids=["people", "us"])
async def test_a_task_deleted_by_people_stays_gone_and_one_deleted_by_us_may_be_restored(
    bench: Bench, key: Key, *, gone: bool, get_deleted: Literal[404, 200]
) -> None:
    bench.stack.teamwork.switches.get_deleted = get_deleted
    task_id = await _made(bench, ticket := Ticket())
    await bench.stack.teamwork_http.delete(f"{V3}/tasks/{task_id}.json", auth=key)
    read = (await bench.do("inspect", ticket, AppliedTask(id=task_id, title="B", standing="open"))).task
    assert (read.id, read.standing, read.gone) == (task_id, "deleted", gone)


async def test_a_task_that_is_nowhere_is_gone(bench: Bench) -> None:
    read = (await bench.do("inspect", Ticket(), AppliedTask(id=GONE, title="B", standing="open"))).task
    assert (read.id, read.standing, read.gone) == (GONE, "deleted", True)


async def _made(bench: Bench, ticket: Ticket) -> int:
    task_id = (await bench.created(ticket)).id
    assert task_id is not None
    return task_id
