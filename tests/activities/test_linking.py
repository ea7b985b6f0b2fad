"""Linking a ticket to a task by hand, and letting it go: what Teamwork's tasks show afterwards, and what is refused."""

from typing import Any

import pytest

from tests.activities.bench import Bench
from tests.support.stack import ANN_KEY, PERSON_ANN, PROJECT, TASK_LIST, Stack
from tests.support.tickets import Ticket
from ticketsync.hints import Hints
from ticketsync.sandbox.faults import Fault, FaultMatch
from ticketsync.sync.step import AppliedTask, StepResult
from ticketsync.teamwork import has_marker

V3 = "/projects/api/v3"
TEXT = "As we agreed on the phone"


async def made_by_people(stack: Stack, *, tasklist_id: int = TASK_LIST, description: str = TEXT) -> int:
    task = {"name": "What people wrote", "description": description, "assignees": {"userIds": [PERSON_ANN]}}
    path = f"{V3}/tasklists/{tasklist_id}/tasks.json"
    answer = await stack.teamwork_http.post(path, json={"task": task}, auth=ANN_KEY)
    task_id: int = answer.raise_for_status().json()["task"]["id"]
    return task_id


async def another_project(stack: Stack) -> int:
    """A task list of it."""
    made = await stack.teamwork_http.post("/projects.json", json={"project": {"name": "Elsewhere"}})
    path = f"/projects/{made.raise_for_status().json()['id']}/tasklists.json"
    answer = await stack.teamwork_http.post(path, json={"todo-list": {"name": "Theirs"}})
    return int(answer.raise_for_status().json()["tasklistId"])


async def link(bench: Bench, ticket: Ticket, task_id: int, task: AppliedTask | None = None) -> StepResult:
    return await bench.do("link", ticket, task or AppliedTask(), wants={"task_id": task_id})


async def shown(bench: Bench, task_id: int) -> dict[str, Any]:
    task = await bench.stack.task(task_id)
    assert task is not None
    return task


async def is_marked(bench: Bench, task_id: int, ticket: Ticket) -> bool:
    return has_marker((await shown(bench, task_id))["description"], bench.desk.name, ticket.id)


async def hint(bench: Bench, ticket: Ticket) -> int | None:
    return await Hints(bench.stack.redis).task_id(bench.desk.name, ticket.id)


def refusal(result: StepResult) -> str:
    assert result.refused
    assert result.task == AppliedTask()
    return result.answer


# --- link


async def test_a_linked_task_gets_the_marker_below_what_people_wrote(bench: Bench) -> None:
    ticket, task_id = Ticket(), await made_by_people(bench.stack)
    result = await link(bench, ticket, task_id)
    assert (result.task.id, result.task.title, result.task.assignee_id) == (task_id, "What people wrote", PERSON_ANN)
    assert (result.task.standing, result.refused, result.decide_again) == ("open", False, True)
    url = bench.desk.ticket_url(ticket.id)
    marker = f"[ticketsync:{bench.desk.name}/{ticket.id}]({url})"
    assert (await shown(bench, task_id))["description"] == f"{TEXT}\n\n{marker}"
    assert await hint(bench, ticket) == task_id


async def test_a_link_that_is_made_again_writes_nothing_more(bench: Bench) -> None:
    ticket, task_id = Ticket(), await made_by_people(bench.stack)
    await link(bench, ticket, task_id)
    with bench.counted() as made:
        again = await link(bench, ticket, task_id)
    assert (again.refused, again.task.id) == (False, task_id)
    assert [call.method for call in made] == ["GET"]


async def test_the_task_that_the_ticket_had_loses_its_marker_only(bench: Bench) -> None:
    ticket = Ticket()
    former, task_id = await bench.created(ticket), await made_by_people(bench.stack)
    result = await link(bench, ticket, task_id, former)
    assert result.answer == f"the task is the ticket's, task {former.id} is let go: its marker is taken off"
    assert not await is_marked(bench, former.id or 0, ticket)
    assert (await shown(bench, former.id or 0))["name"] == "Checkout broken"


async def test_a_former_task_that_is_gone_or_may_not_be_written_holds_up_no_link(bench: Bench) -> None:
    ticket, gone = Ticket(), AppliedTask(id=99_999_999, standing="open", title="A")
    result = await link(bench, ticket, await made_by_people(bench.stack), gone)
    assert result.answer.endswith("task 99999999 is let go: it is deleted")
    former = await bench.created(Ticket(ticket.id))
    task_id = await made_by_people(bench.stack)
    match = FaultMatch(method="PATCH", path=rf"/tasks/{former.id}\.json")
    bench.stack.teamwork.faults.add(Fault(kind="error", match=match, status=403))
    result = await link(bench, ticket, task_id, former)
    assert (result.refused, result.task.id) == (False, task_id)
    assert f"task {former.id} is let go, but keeps its marker (forbidden)" in result.answer


# --- refused


async def test_a_task_that_is_not_there_is_refused(bench: Bench) -> None:
    answer = refusal(await link(bench, Ticket(), 99_999_999))
    assert answer == "refused: Teamwork shows no task 99999999 (not_found): is the number right?"


async def test_a_task_in_the_trash_is_refused(bench: Bench) -> None:
    task_id = await made_by_people(bench.stack)
    (await bench.stack.teamwork_http.delete(f"{V3}/tasks/{task_id}.json", auth=ANN_KEY)).raise_for_status()
    assert str(task_id) in refusal(await link(bench, Ticket(), task_id))


async def test_a_task_of_another_project_is_refused_and_stays_as_it_is(bench: Bench) -> None:
    task_id = await made_by_people(bench.stack, tasklist_id=await another_project(bench.stack))
    answer = refusal(await link(bench, Ticket(), task_id))
    assert answer == f"refused: task {task_id} is outside of the desk's project {PROJECT}: move it there first"
    assert (await shown(bench, task_id))["description"] == TEXT


async def test_a_task_in_another_list_of_the_project_is_taken(bench: Bench) -> None:
    other = await bench.stack.new_list("Elsewhere in the project")
    task_id = await made_by_people(bench.stack, tasklist_id=other)
    assert (await link(bench, Ticket(), task_id)).task.tasklist_id == other


@pytest.mark.parametrize("theirs", ["ours", "another desk's"])
async def test_a_task_of_another_ticket_is_refused(bench: Bench, theirs: str) -> None:
    desk = bench.desk.name if theirs == "ours" else "globex"
    task_id = await made_by_people(bench.stack, description=f"[ticketsync:{desk}/77](https://desk.example/77)")
    answer = refusal(await link(bench, Ticket(), task_id))
    assert answer == f"refused: task {task_id} is marked as that of ticket {desk}/77: unlink that one first"


async def test_a_task_that_does_not_take_the_marker_is_refused(bench: Bench) -> None:
    task_id = await made_by_people(bench.stack)
    bench.stack.teamwork.faults.add(Fault(kind="error", match=FaultMatch(method="PATCH", path=r"/tasks/"), status=403))
    assert "does not take the marker (forbidden)" in refusal(await link(bench, Ticket(), task_id))


async def test_without_its_project_nothing_is_known_of_a_task(bench: Bench) -> None:
    """The whole desk has lost its rights: that is no word on this task."""
    bench.stack.teamwork.faults.add(Fault(kind="error", match=FaultMatch(path=r"/projects/api/v3/"), status=404))
    failed = await bench.failure("link", Ticket(), wants={"task_id": 5001})
    assert failed.details.code == "project_unreachable"


async def test_a_teamwork_that_does_not_answer_is_asked_again(bench: Bench) -> None:
    task_id = await made_by_people(bench.stack)
    bench.stack.teamwork.faults.add(Fault(kind="error", match=FaultMatch(path=r"/tasks/"), status=503))
    assert (await bench.failure("link", Ticket(), wants={"task_id": task_id})).passing


# --- unlink


async def test_an_unlinked_task_stays_as_it_is_without_the_marker_and_the_hint(bench: Bench) -> None:
    ticket, task_id = Ticket(), await made_by_people(bench.stack)
    task = (await link(bench, ticket, task_id)).task
    result = await bench.do("unlink", ticket, task)
    assert (result.task, result.looked, result.refused) == (AppliedTask(), True, False)
    assert result.answer == f"task {task_id} is let go: its marker is taken off"
    assert (await shown(bench, task_id))["description"] == TEXT
    assert await hint(bench, ticket) is None
    assert (await bench.do("unlink", ticket, task)).answer == f"task {task_id} is let go: it had no marker"


async def test_a_task_that_only_its_marker_tells_of_is_let_go(bench: Bench) -> None:
    ticket = Ticket()
    task = await bench.created(ticket)
    await bench.do("unlink", ticket)
    assert not await is_marked(bench, task.id or 0, ticket)
    assert (await bench.do("unlink", ticket)).answer == "there is no task with its marker"


async def test_a_task_that_was_let_go_can_be_another_tickets(bench: Bench) -> None:
    first, second, task_id = Ticket(), Ticket(), await made_by_people(bench.stack)
    task = (await link(bench, first, task_id)).task
    assert (await link(bench, second, task_id)).refused
    await bench.do("unlink", first, task)
    assert (await link(bench, second, task_id)).task.id == task_id


# --- what people made


async def test_a_task_that_a_person_made_is_completed_instead_of_deleted(bench: Bench) -> None:
    ticket, task_id = Ticket(), await made_by_people(bench.stack)
    task = (await link(bench, ticket, task_id)).task
    result = await bench.do("delete", ticket, task)
    assert result.task.protected
    assert str(result.answer).startswith("completed, not deleted: a person made it; 200 from PUT ")
    assert (await shown(bench, task_id))["status"] == "completed"
