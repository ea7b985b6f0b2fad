"""What Teamwork answered to the last write, for the ticket's journal."""

import asyncio
import contextvars

import pytest

from tests.teamwork.conftest import Site
from ticketsync.sandbox.faults import Fault, FaultMatch
from ticketsync.teamwork import Refused
from ticketsync.teamwork.last_write import last_write

V3 = "/projects/api/v3"


async def test_the_last_write_is_told_with_its_answer(site: Site) -> None:
    task = await site.new_task()
    assert last_write() == f"201 from POST {V3}/tasklists/{site.tasklist_id}/tasks.json"
    await site.client.complete_task(task.id)
    assert last_write() == f"200 from PUT /tasks/{task.id}/complete.json"


async def test_reads_do_not_count(site: Site) -> None:
    task = await site.new_task()
    await site.client.rename_task(task.id, "Printer out")
    await site.client.task(task.id)
    assert last_write() == f"200 from PATCH {V3}/tasks/{task.id}.json"


async def test_a_refusal_is_told_too(site: Site) -> None:
    task = await site.new_task()
    site.sandbox.faults.add(Fault(kind="error", status=422, match=FaultMatch(method="PATCH")))
    with pytest.raises(Refused):
        await site.client.rename_task(task.id, "Printer out")
    assert last_write() == f"422 from PATCH {V3}/tasks/{task.id}.json"


async def test_attempts_at_the_same_time_do_not_mix(site: Site) -> None:
    tasks = [await site.new_task(f"Printer {number}") for number in range(3)]

    async def complete(task_id: int) -> str:
        await site.client.complete_task(task_id)
        return last_write()

    told = await asyncio.gather(*(complete(task.id) for task in tasks))
    assert told == [f"200 from PUT /tasks/{task.id}/complete.json" for task in tasks]


async def test_an_attempt_that_wrote_nothing_says_so() -> None:
    async def nothing() -> str:
        return last_write()

    assert await asyncio.create_task(nothing(), context=contextvars.Context()) == "no call was needed"
