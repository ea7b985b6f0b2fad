"""`tickets why` tells of every field of a task: rule and mapping, the call and its answer, the event before that."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.cli.programs import Ran, run
from tests.support.stack import PERSON_ANN, QUICK, TASK_LIST, Stack, running_stack, working
from tests.support.tickets import ANN, Ticket
from tests.support.wait import eventually
from ticketsync.embedded import EmbeddedRedis, EmbeddedTemporal

SALES, BILLING = 36, 37


@pytest.fixture(scope="module")
async def routed(temporal_server: EmbeddedTemporal, redis_server: EmbeddedRedis) -> AsyncIterator[tuple[Stack, int]]:
    """A desk with a route, priorities and tags, and the task list of that route."""
    async with running_stack(temporal_server.address, redis_server.port, work=False) as stack:
        billing = await stack.new_list("Billing")
        rules = {
            "routes": (f"group:{BILLING}={billing}",),
            "task_priorities": ("urgent=high",),
            "task_tags": ("vip=Important",),
        }
        desk, policy = stack.desk_settings, QUICK.model_copy(update=rules)
        stack.settings.desks[stack.desk] = desk.model_copy(update={"policy": policy})
        async with working(stack):
            yield stack, billing


async def why(stack: Stack, ticket: Ticket, *how: str) -> Ran:
    environ = {"TEMPORAL_ADDRESS": stack.client.service_client.config.target_host}
    return await run("tickets", "why", str(ticket.id), "--desk", stack.desk, *how, environ=environ)


async def test_a_create_tells_the_rule_of_each_field_and_its_one_call(routed: tuple[Stack, int]) -> None:
    stack, billing = routed
    ticket = Ticket(group_id=BILLING, priority="urgent", tags=("vip",), assignee_id=ANN)
    task_id = await stack.with_task(ticket)
    told = {field["field"]: field for field in (await why(stack, ticket, "--json")).json["fields"]}
    assert {name: field["rule"] for name, field in told.items()} == {
        "title": 'the title template "{subject}"',
        "assignee": f"the assignee, Zendesk agent {ANN}, is mapped to Teamwork person {PERSON_ANN}",
        "list": f"the route group:{BILLING}={billing}",
        "labels": "priority high, because the ticket's is urgent; tags by vip=Important",
        "standing": "the ticket is new: its task is open",
    }
    call = f"201 from POST /projects/api/v3/tasklists/{billing}/tasks.json, task {task_id}"
    assert {field["step"]["text"].rpartition(": ")[2] for field in told.values()} == {call}
    assert {field["cause"]["code"] for field in told.values()} == {"first"}
    assert (told["list"]["value"], told["labels"]["value"]) == (f"list {billing}", "priority high, Important")


async def test_each_change_tells_its_own_call_and_event(routed: tuple[Stack, int]) -> None:
    stack, billing = routed
    ticket = Ticket(group_id=SALES)
    task_id = await stack.with_task(ticket)
    await stack.signal(ticket.changed("group_assignment_changed", group_id=BILLING))
    await eventually(lambda: stack.shows(task_id, tasklistId=billing), what="the task is moved")
    await stack.settled(ticket.id)
    await stack.signal(ticket.changed("priority_changed", priority="urgent", tags=("vip",)))
    await eventually(lambda: stack.shows(task_id, priority="high"), what="the task is labelled")
    await stack.signal(ticket.status("solved"))
    await eventually(lambda: stack.shows(task_id, status="completed"), what="the task is completed")
    await stack.settled(ticket.id)
    as_json, as_text = await asyncio.gather(why(stack, ticket, "--json"), why(stack, ticket))
    told = {
        field["field"]: (
            field["step"]["code"],
            field["step"]["text"].rpartition(": ")[2],
            field["cause"]["text"].split()[0],
        )
        for field in as_json.json["fields"]
    }
    assert told["title"][:2] == (
        "create_done",
        f"201 from POST /projects/api/v3/tasklists/{TASK_LIST}/tasks.json, task {task_id}",
    )
    assert told["list"] == (
        "move_done",
        f"200 from PATCH /projects/api/v3/tasks/{task_id}.json",
        "group_assignment_changed",
    )
    assert told["labels"] == ("update_done", f"200 from PUT /tasks/{task_id}/tags.json", "priority_changed")
    assert told["standing"] == ("complete_done", f"200 from PUT /tasks/{task_id}/complete.json", "status_changed")
    for field in as_json.json["fields"]:
        assert field["rule"] in as_text.out
        assert field["step"]["text"] in as_text.out
        assert field["cause"]["text"] in as_text.out
