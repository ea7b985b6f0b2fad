"""What a ticket does when Teamwork does not: retrying, blocked, held up with the whole desk, and never twice."""

from datetime import timedelta

from tests.support.stack import PERSON_ANN, PROJECT, Stack
from tests.support.tickets import ANN, Ticket
from tests.support.wait import eventually
from ticketsync.sandbox.faults import Fault, FaultMatch

A_MINUTE = timedelta(minutes=1)


async def test_a_lost_answer_of_a_create_makes_no_second_task(stack: Stack) -> None:
    ticket = Ticket()
    fault = Fault(kind="lost_answer", match=FaultMatch(method="POST", path=r".*/tasklists/.*/tasks\.json"), times=1)
    stack.teamwork.faults.add(fault)
    await stack.signal(ticket.created())
    status = await stack.settled(ticket.id)
    assert await stack.tasks_of(ticket.id) == [status["task"]["id"]]


async def test_a_failing_step_is_retrying_and_the_newest_wish_wins(stack: Stack) -> None:
    ticket = Ticket()
    task_id = await stack.with_task(ticket)
    stack.teamwork.faults.add(
        Fault(kind="error", match=FaultMatch(method="P(ATCH|UT)", path=rf".*/{task_id}\.json"), status=503)
    )
    await stack.signal(ticket.renamed("B"))
    assert (await stack.settled(ticket.id, "retrying"))["reason"] == "answer_lost"
    await stack.signal(ticket.renamed("C"))
    await eventually(lambda: _renames(stack, task_id, 503) > 4, what="the newer title is tried")
    stack.teamwork.faults.clear()
    await stack.signal(ticket.renamed("D"))
    await eventually(lambda: stack.shows(task_id, name="D"), what="the newest title is on the task")
    assert _renames(stack, task_id, 200) == 1


async def test_back_to_the_old_value_is_written_again_when_a_write_may_have_landed(stack: Stack) -> None:
    ticket = Ticket()
    task_id = await stack.with_task(ticket)
    stack.teamwork.faults.add(
        Fault(kind="lost_answer", match=FaultMatch(method="P(ATCH|UT)", path=rf".*/{task_id}\.json"))
    )
    await stack.signal(ticket.renamed("B"))
    await stack.settled(ticket.id, "retrying")
    stack.teamwork.faults.clear()
    await stack.signal(ticket.renamed("Checkout broken"))
    await eventually(lambda: stack.shows(task_id, name="Checkout broken"), what="the old title is back on the task")
    await stack.settled(ticket.id)


async def test_an_assignee_who_is_no_member_blocks_that_field_only(stack: Stack) -> None:
    ticket = Ticket()
    task_id = await stack.with_task(ticket)
    await stack.teamwork_http.request("DELETE", f"/sandbox/projects/{PROJECT}/people/{PERSON_ANN}")
    members = await stack.teamwork_http.get(f"/projects/api/v3/projects/{PROJECT}/people.json")
    assert PERSON_ANN not in [person["id"] for person in members.json()["people"]]
    await stack.signal(ticket.assigned(ANN), ticket.renamed("B"))
    status = await stack.settled(ticket.id, "blocked")
    assert status["reason"] == "not_a_member"
    await eventually(lambda: stack.shows(task_id, name="B"), what="the task is renamed all the same")


async def test_refused_credentials_block_every_ticket_once_and_heal_by_themselves(stack: Stack) -> None:
    ticket = Ticket()
    task_id = await stack.with_task(ticket)
    stack.teamwork.faults.add(Fault(kind="unauthorized", match=FaultMatch(method=".*", path=".*")))
    await stack.signal(ticket.renamed("B"))
    assert (await stack.settled(ticket.id, "blocked"))["reason"] == "credentials_refused"
    calls = len(stack.teamwork.faults.calls)
    await eventually(lambda: _desk_trouble(stack), what="the desk knows")
    await stack.signal(ticket.renamed("C"))
    await eventually(lambda: _journaled(stack, ticket, "blocked", 2), what="blocked again, without a call")
    assert len(stack.teamwork.faults.calls) - calls <= 2
    stack.teamwork.faults.clear()
    await stack.skip(stack.desk_workflow, A_MINUTE)
    await eventually(lambda: stack.shows(task_id, name="C"), what="the desk's next probe heals it")


async def _journaled(stack: Stack, ticket: Ticket, code: str, count: int) -> bool:
    status = await stack.status(ticket.id)
    return len([line for line in status.get("journal", ()) if line["code"] == code]) >= count


async def _desk_trouble(stack: Stack) -> bool:
    return bool((await stack.desk_state())["troubles"])


def _renames(stack: Stack, task_id: int, status: int) -> int:
    calls = stack.teamwork.faults.matching_calls("P(ATCH|UT)", rf".*/{task_id}\.json")
    return sum(call.status == status for call in calls)
