"""The list of our name is found or made once for a project, however many desks share it."""

from tests.support.stack import PROJECT, running_stack
from ticketsync.desk_calls import read_facts
from ticketsync.embedded import EmbeddedRedis, EmbeddedTemporal


async def test_several_desks_of_one_project_make_one_list(
    temporal_server: EmbeddedTemporal, redis_server: EmbeddedRedis
) -> None:
    async with running_stack(temporal_server.address, redis_server.port, tasklist_id=None, desks=4) as stack:
        facts = [await read_facts(stack.client, desk) for desk in stack.settings.desks]
        answer = await stack.teamwork_http.get(f"/projects/api/v3/projects/{PROJECT}/tasklists.json")
        ours = [tasklist["id"] for tasklist in answer.json()["tasklists"] if tasklist["name"] == "Zendesk tickets"]
    assert len(ours) == 1
    assert {one and one.tasklist_id for one in facts} == set(ours)
