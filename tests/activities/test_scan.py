"""The reading of a whole project: a hint for every marker, however often it is interrupted and however large it is."""

from datetime import UTC, datetime, timedelta

import pytest
from temporalio.exceptions import ApplicationError

from tests.activities.bench import Bench
from tests.support.stack import PROJECT, TASK_LIST
from ticketsync.hints import Hints
from ticketsync.sandbox.faults import Call, Fault, FaultMatch
from ticketsync.sync.desk import DeskRequest
from ticketsync.teamwork.client import PAGE_SIZE

LIST = rf"/projects/{PROJECT}/tasks\.json"
OLD = datetime(2026, 1, 15, 9, tzinfo=UTC)


@pytest.fixture
async def project(bench: Bench) -> Bench:
    """A bench whose project has nothing yet, and whose desk has read nothing."""
    await bench.stack.teamwork_http.post("/sandbox/reset")
    await bench.stack.redis.flushall()
    bench.stack.teamwork.switches.calls_per_minute = 100_000
    return bench


async def _tasks(bench: Bench, prefix: int, count: int, *, created_at: datetime) -> dict[int, int]:
    """Tasks that were made in that second, of as many tickets, whose ids begin with the prefix."""
    marker = f"[ticketsync:{bench.desk.name}/{prefix}{{n}}](http://zendesk.example/agent/tickets/1)"
    asked = {"count": count, "tasklist_id": TASK_LIST, "created_at": created_at.isoformat(), "description": marker}
    answer = await bench.stack.teamwork_http.post("/sandbox/tasks/import", json=asked)
    return {int(f"{prefix}{number}"): task_id for number, task_id in enumerate(answer.json()["ids"], start=1)}


async def _scan(bench: Bench) -> int:
    return await bench.run(bench.activities.desks.scan_project, DeskRequest(desk=bench.desk.name))


async def _known(bench: Bench, tickets: dict[int, int]) -> bool:
    hints = Hints(bench.stack.redis)
    found = {ticket_id: await hints.task_id(bench.desk.name, ticket_id) for ticket_id in tickets}
    return found == tickets


def _pages(bench: Bench) -> list[Call]:
    return bench.stack.teamwork.faults.matching_calls("GET", LIST)


async def test_a_large_project_is_read_by_time_of_creation_not_by_ever_higher_pages(project: Bench) -> None:
    """Beyond 50,000 rows Teamwork refuses a page (reference/teamwork-api §2.8)."""
    tickets: dict[int, int] = {}
    for hour in range(4):
        created_at = OLD + timedelta(hours=hour)
        tickets |= await _tasks(project, 10 + hour, 200, created_at=created_at)
    before = len(_pages(project))
    await _scan(project)
    assert await _known(project, tickets)
    pages = _pages(project)[before:]
    assert {call.query.partition("page=")[2].partition("&")[0] for call in pages} == {"1"}
    assert len(pages) <= 2 + 800 // (PAGE_SIZE - 200)


async def test_more_tasks_of_one_second_than_a_page_holds_are_all_read(project: Bench) -> None:
    tickets = await _tasks(project, 20, 2 * PAGE_SIZE + 10, created_at=OLD)
    tickets |= await _tasks(project, 30, 1, created_at=OLD + timedelta(seconds=1))
    await _scan(project)
    assert await _known(project, tickets)


async def test_an_interrupted_reading_goes_on_where_it_was_also_in_another_activity(project: Bench) -> None:
    tickets: dict[int, int] = {}
    for hour in range(3):
        tickets |= await _tasks(project, 40 + hour, PAGE_SIZE, created_at=OLD + timedelta(hours=hour))
    _lost_after_some_pages(project)
    with pytest.raises(ApplicationError):
        await _scan(project)
    project.stack.teamwork.faults.clear()
    before = len(_pages(project))
    await _scan(project)
    assert await _known(project, tickets)
    assert "createdAfter" in _pages(project)[before].query


def _lost_after_some_pages(bench: Bench) -> None:
    """Teamwork answers three pages, so that the first tasks are passed, and then none."""
    bench.stack.teamwork.faults.add(Fault(kind="slow", seconds=0, match=FaultMatch(path=LIST), times=3))
    bench.stack.teamwork.faults.add(Fault(kind="error", match=FaultMatch(path=LIST)))


async def test_hints_that_are_wiped_on_the_way_have_the_reading_begin_anew(project: Bench) -> None:
    tickets: dict[int, int] = {}
    for hour in range(3):
        tickets |= await _tasks(project, 50 + hour, PAGE_SIZE, created_at=OLD + timedelta(hours=hour))
    _lost_after_some_pages(project)
    with pytest.raises(ApplicationError):
        await _scan(project)
    project.stack.teamwork.faults.clear()
    await project.stack.redis.flushall()
    await _scan(project)
    assert await _known(project, tickets)


async def test_a_project_that_was_read_is_not_read_again(project: Bench) -> None:
    await _scan(project)
    before = len(_pages(project))
    assert await _scan(project) == 0
    assert len(_pages(project)) == before
