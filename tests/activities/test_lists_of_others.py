"""Lists of other projects, and tasks that people took there: none of it makes a second task or stops a desk."""

from datetime import timedelta
from typing import Any, Literal

import pytest
from temporalio.exceptions import ApplicationError

from tests.activities.bench import Bench, bench_of
from tests.support.stack import ANN_KEY, TASK_LIST, Stack
from tests.support.tickets import Ticket
from ticketsync.sandbox.faults import Fault, FaultMatch
from ticketsync.sync.step import OWN_LIST, AppliedTask

CREATE = FaultMatch(method="POST", path=r"/tasklists/\d+/tasks\.json")
LISTS = FaultMatch(method="GET", path=r"/projects/\d+/tasklists\.json")
HOME = {"tasklist_id": OWN_LIST}
ATTEMPTS = (0, 1, 3, 8, 23)  # seconds after the first


@pytest.fixture(scope="module")
async def theirs(quiet_stack: Stack) -> int:
    """A task list of another project, that the key may write to as well."""
    made = await quiet_stack.teamwork_http.post("/projects.json", json={"project": {"name": "Another"}})
    path = f"/projects/{made.json()['id']}/tasklists.json"
    answer = await quiet_stack.teamwork_http.post(path, json={"todo-list": {"name": "Theirs"}})
    return int(answer.json()["tasklistId"])


async def _place(bench: Bench, task: AppliedTask) -> int:
    shown = await bench.stack.task(task.id or 0)
    assert shown is not None
    return int(shown["tasklistId"])


# --- a route there


async def test_a_route_to_a_list_of_another_project_makes_the_task_in_the_desks_own(bench: Bench, theirs: int) -> None:
    made = await bench.do("create", ticket := Ticket(), title="A", wants={"tasklist_id": theirs})
    assert await _place(bench, made.task) == TASK_LIST
    assert (made.task.tasklist_id, made.decide_again) == (OWN_LIST, True)
    assert f"at first without list {theirs} (tasklist_unknown)" in made.answer
    assert await bench.stack.tasks_of(ticket.id) == [made.task.id]


async def test_a_create_with_such_a_route_whose_answer_was_lost_makes_no_second_task(bench: Bench, theirs: int) -> None:
    ticket, wants = Ticket(), {"tasklist_id": theirs}
    bench.stack.teamwork.faults.add(Fault(kind="lost_answer", match=CREATE, times=1))
    await bench.failure("create", ticket, title="A", wants=wants)
    for number, seconds in enumerate(ATTEMPTS, start=2):
        heard = bench.said[-1] if bench.said else ()
        attempt: dict[str, Any] = {"number": number, "heard": heard, "at": timedelta(seconds=seconds)}
        if await _succeeds(bench, ticket, wants, attempt):
            break
    assert len(await bench.stack.tasks_of(ticket.id)) == 1


async def _succeeds(bench: Bench, ticket: Ticket, wants: dict[str, Any], attempt: dict[str, Any]) -> bool:
    try:
        await bench.do("create", ticket, title="A", wants=wants, **attempt)
    except ApplicationError:
        return False
    return True


async def test_a_task_does_not_move_to_a_list_of_another_project(bench: Bench, theirs: int) -> None:
    task = await bench.created(ticket := Ticket())
    failed = await bench.failure("move", ticket, task, wants={"tasklist_id": theirs})
    assert (failed.details.code, failed.details.desk_wide, failed.passing) == ("tasklist_unknown", False, False)
    assert await _place(bench, task) == TASK_LIST


@pytest.mark.parametrize("get_deleted", [404, 200])
async def test_a_task_that_is_gone_is_not_blamed_on_such_a_route(
    bench: Bench, theirs: int, get_deleted: Literal[404, 200]
) -> None:
    bench.stack.teamwork.switches.get_deleted = get_deleted
    task = await bench.created(ticket := Ticket())
    await bench.stack.teamwork_http.delete(f"/projects/api/v3/tasks/{task.id}.json", auth=ANN_KEY)
    assert (await bench.do("move", ticket, task, wants={"tasklist_id": theirs})).task.gone


async def test_lists_that_cannot_be_read_just_now_have_a_create_wait_and_nothing_was_sent(
    quiet_stack: Stack, theirs: int
) -> None:
    quiet_stack.teamwork.faults.add(Fault(kind="error", status=503, match=LISTS))
    async with bench_of(quiet_stack) as bench:
        failed = await bench.failure("create", Ticket(), title="A", wants={"tasklist_id": theirs})
    quiet_stack.teamwork.faults.clear()
    assert (failed.passing, failed.details.nothing_sent, bench.said) == (True, True, [("nothing_sent", 1)])


async def test_a_list_that_was_there_a_moment_ago_is_not_asked_for_again(bench: Bench) -> None:
    billing = await bench.stack.new_list("Made just now")
    await bench.do("create", Ticket(), title="A", wants={"tasklist_id": billing})
    with bench.counted() as calls:
        made = await bench.do("create", Ticket(), title="B", wants={"tasklist_id": billing})
    assert ([call.method for call in calls], made.task.tasklist_id) == (["POST"], billing)


@pytest.mark.parametrize("status", [404, 400, 403])
async def test_a_list_that_went_a_moment_ago_makes_no_create_fail_either(
    bench: Bench, status: Literal[404, 400, 403]
) -> None:
    bench.stack.teamwork.switches.missing_tasklist = status
    wants = {"tasklist_id": await bench.stack.new_list("Gone in a moment")}
    await bench.do("create", Ticket(), title="A", wants=wants)
    await bench.stack.teamwork_http.delete(f"/tasklists/{wants['tasklist_id']}.json")
    made = await bench.do("create", Ticket(), title="B", wants=wants)
    assert (await _place(bench, made.task), made.decide_again) == (TASK_LIST, True)


# --- tasks that do not come back


async def test_a_task_that_people_took_to_another_project_does_not_stop_the_desk(bench: Bench, theirs: int) -> None:
    task = await bench.created(ticket := Ticket())
    body = {"taskListId": theirs}
    (await bench.stack.teamwork_http.put(f"/tasks/{task.id}/move.json", json=body, auth=ANN_KEY)).raise_for_status()
    told = len(await bench.told())
    failed = await bench.failure("move", ticket, task, wants=HOME)
    assert (failed.details.code, failed.details.desk_wide, failed.passing) == ("refused", False, False)
    assert len(await bench.told()) == told


async def test_a_completed_task_that_may_not_be_changed_does_not_stop_the_desk(bench: Bench) -> None:
    task = await bench.created(ticket := Ticket(), wants={"tasklist_id": await bench.stack.new_list("Elsewhere")})
    await bench.do("complete", ticket, task)
    bench.stack.teamwork.switches.patch_completed = 409
    told = len(await bench.told())
    failed = await bench.failure("move", ticket, task, wants=HOME)
    assert (failed.details.code, failed.details.desk_wide, failed.passing) == ("refused", False, False)
    assert len(await bench.told()) == told
