"""A desk whose settings were changed while no worker ran: the next one looks for its task list in the new place."""

from tests.support.stack import PROJECT, TASK_LIST, Stack, running_stack, working
from tests.support.tickets import Ticket
from tests.support.wait import eventually
from ticketsync.activities.looks import list_place
from ticketsync.embedded import EmbeddedRedis, EmbeddedTemporal


async def test_after_a_restart_with_another_project_tasks_are_made_there(
    temporal_server: EmbeddedTemporal, redis_server: EmbeddedRedis
) -> None:
    async with running_stack(temporal_server.address, redis_server.port, work=False) as stack:
        async with working(stack):
            assert await stack.shows(await stack.with_task(Ticket()), tasklistId=TASK_LIST)
        made = await stack.teamwork_http.post("/projects.json", json={"project": {"name": "Another"}})
        _move(stack, int(made.raise_for_status().json()["id"]))
        async with working(stack):
            await eventually(lambda: _is_placed(stack), deadline=90, what="the list is looked for anew")
            task_id = await stack.with_task(Ticket())
        project = stack.desk_settings.teamwork.project_id
        answer = await stack.teamwork_http.get(f"/projects/api/v3/projects/{project}/tasks.json")
    assert project != PROJECT
    assert [task["id"] for task in answer.json()["tasks"]] == [task_id]


def _move(stack: Stack, project_id: int) -> None:
    teamwork = stack.desk_settings.teamwork.model_copy(update={"project_id": project_id})
    stack.settings.desks[stack.desk] = stack.desk_settings.model_copy(update={"teamwork": teamwork})


async def _is_placed(stack: Stack) -> bool:
    state = await stack.desk_state()
    return state["tasklist_id"] is not None and state["tasklist_of"] == list_place(stack.desk_settings.teamwork)
