"""Never two tasks for one ticket, however the calls that make one fail."""

from datetime import UTC, datetime, timedelta

from tests.support.stack import TASK_LIST, Stack
from tests.support.tickets import Ticket
from tests.support.wait import eventually
from ticketsync.sandbox.faults import Fault, FaultMatch
from ticketsync.teamwork import marker_line

CREATE = FaultMatch(method="POST", path=r".*/tasklists/.*/tasks\.json")
LOOK = FaultMatch(method="GET", path=r".*/projects/.*/tasks\.json")


async def test_a_create_that_goes_on_patiently_looks_for_what_its_quick_attempts_left(stack: Stack) -> None:
    ticket = Ticket()
    stack.teamwork.faults.add(Fault(kind="lost_answer", match=CREATE, times=1))
    stack.teamwork.faults.add(Fault(kind="error", match=LOOK, status=503))
    await stack.signal(ticket.created())
    await eventually(lambda: _goes_on_patiently(stack, ticket), what="the quick attempts are used up")
    stack.teamwork.faults.clear()
    status = await stack.settled(ticket.id)
    assert await stack.tasks_of(ticket.id) == [status["task"]["id"]]


async def test_that_nothing_was_sent_counts_for_the_very_next_attempt_only(stack: Stack) -> None:
    ticket = Ticket()
    stack.teamwork.faults.add(Fault(kind="rate_limited", match=CREATE, seconds=1, times=1))
    stack.teamwork.faults.add(Fault(kind="lost_answer", match=CREATE, times=1))
    await stack.signal(ticket.created())
    status = await stack.settled(ticket.id)
    assert await stack.tasks_of(ticket.id) == [status["task"]["id"]]


async def test_the_task_of_a_lost_life_is_found_however_old_it_is(stack: Stack) -> None:
    long_ago = datetime.now(UTC).replace(microsecond=0) - timedelta(days=2)
    ticket = Ticket(created_at=long_ago)
    task_id = await _left_behind(stack, ticket, long_ago)
    await stack.signal(ticket.created())
    status = await stack.settled(ticket.id)
    assert (status["task"]["id"], await stack.tasks_of(ticket.id)) == (task_id, [task_id])


async def _goes_on_patiently(stack: Stack, ticket: Ticket) -> bool:
    status = await stack.status(ticket.id)
    return any(line["code"] == "retrying" for line in status.get("journal", ()))


async def _left_behind(stack: Stack, ticket: Ticket, created_at: datetime) -> int:
    marker = marker_line(stack.desk, ticket.id, f"{stack.desk_settings.zendesk.base_url}/agent/tickets/{ticket.id}")
    made = {"tasklist_id": TASK_LIST, "count": 1, "name": "Old", "description": marker}
    answer = await stack.teamwork_http.post(
        "/sandbox/tasks/import", json={**made, "created_at": created_at.isoformat()}
    )
    return int(answer.json()["ids"][0])
