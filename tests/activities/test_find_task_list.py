"""The task list is found or made by a worker whose settings have it where the desk wants it, and by no other."""

import pytest
from temporalio.exceptions import ApplicationError

from tests.activities.bench import Bench, bench_of
from tests.support.stack import TASK_LIST, Stack
from ticketsync.activities.looks import list_place
from ticketsync.sync.desk import DeskRequest


async def found(bench: Bench, place: str | None) -> int:
    find = bench.activities.desks.find_task_list
    tasklist_id: int = await bench.run(find, DeskRequest(desk=bench.desk.name, place=place))
    return tasklist_id


async def test_the_named_list_is_found_in_the_place_that_the_settings_name(bench: Bench) -> None:
    place = await bench.run(bench.activities.desks.name_project, DeskRequest(desk=bench.desk.name))
    assert place == list_place(bench.desk.settings.teamwork)
    assert [await found(bench, where) for where in (place, None)] == [TASK_LIST, TASK_LIST]


async def test_a_worker_with_other_settings_neither_finds_nor_makes_one(quiet_stack: Stack, bench: Bench) -> None:
    """Workers take over a changed file at different moments, and roll out one by one."""
    place = list_place(bench.desk.settings.teamwork)
    teamwork = bench.desk.settings.teamwork.model_copy(update={"project_id": 2})
    async with bench_of(quiet_stack, bench.desk.settings.model_copy(update={"teamwork": teamwork})) as other:
        with other.counted() as calls, pytest.raises(ApplicationError) as refused:
            await found(other, place)
    assert (refused.value.type, refused.value.non_retryable, calls) == ("other_settings", True, [])
