"""`ticketsync import-redis` against the running service: what an older service made is adopted, never made again."""

import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from redis.asyncio import Redis

from tests.cli.conftest import ANN, ANN_PERSON, BEN_PERSON, CLEO, CUSTOMER, Service
from tests.cli.programs import Ran
from ticketsync import names
from ticketsync.desk_calls import command_desk
from ticketsync.hints import Hints
from ticketsync.sync.desk import Mapping
from ticketsync.teamwork import has_marker

TICKETS, USERS, PROJECT, TASK_LIST, SYNC_USER = "older:tasks", "older:users", 987654, 1234, 500_001


@pytest.fixture
async def older(service: Service) -> AsyncIterator[Redis]:
    """The Redis of an older service: our own, where its hashes are then."""
    url = f"redis://{service.environ['REDIS_HOST']}:{service.environ['REDIS_PORT']}"
    async with Redis.from_url(url, decode_responses=True) as redis:
        await redis.delete(TICKETS, USERS)
        yield redis
        await redis.delete(TICKETS, USERS)


@pytest.fixture(autouse=True)
async def no_mappings(service: Service) -> AsyncIterator[None]:
    yield
    status = await service.client.get_workflow_handle(names.desk_workflow_id("default")).query("status")
    for agent_id in status["mappings"]:
        await command_desk(service.client, "default", "remove_user", int(agent_id))


async def import_redis(service: Service, *arguments: str) -> Ran:
    """The desk is at work, for all tests here."""
    given = ("--tickets-hash", TICKETS, "--users-hash", "", "--unpaused")
    return await service.run("import-redis", *given, *arguments)


async def old_ticket(service: Service) -> int:
    """A ticket that was there long before us, and of which nothing was told."""
    then = int(time.time()) - 30 * 86400
    ticket = {"subject": "Old", "status": "open", "generated_timestamp": then, "assignee_id": ANN}
    times = dict.fromkeys(("created_at", "updated_at"), time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(then)))
    answer = await service.zendesk.post("/sandbox/tickets", json={"tickets": [ticket | times]})
    ticket_id: int = answer.raise_for_status().json()["tickets"][0]["id"]
    return ticket_id


async def old_task(
    service: Service,
    *,
    description: str | None = "As the customer wrote",
    by: int = SYNC_USER,
    tasklist_id: int = TASK_LIST,
) -> int:
    task = {"count": 1, "tasklist_id": tasklist_id, "name": "Old task", "description": description, "created_by": by}
    answer = await service.teamwork.post("/sandbox/tasks/import", json=task)
    task_id: int = answer.raise_for_status().json()["ids"][0]
    return task_id


async def list_elsewhere(service: Service) -> int:
    """A task list of another project."""
    made = await service.teamwork.post("/projects.json", json={"project": {"name": "Another"}})
    path = f"/projects/{made.raise_for_status().json()['id']}/tasklists.json"
    listed = await service.teamwork.post(path, json={"todo-list": {"name": "Elsewhere"}})
    return int(listed.raise_for_status().json()["tasklistId"])


async def task(service: Service, task_id: int) -> dict[str, Any]:
    answer = await service.teamwork.get(f"/projects/api/v3/tasks/{task_id}.json")
    found: dict[str, Any] = answer.raise_for_status().json()["task"]
    return found


async def tasks_of(service: Service, ticket_id: int) -> list[int]:
    tasks = (await service.teamwork.get("/sandbox/tasks")).json()["tasks"]
    return [one["id"] for one in tasks if has_marker(one["description"], "default", ticket_id)]


async def test_a_ticket_adopts_the_task_that_was_taken_over_and_makes_no_other(service: Service, older: Redis) -> None:
    ticket_id, task_id = await old_ticket(service), await old_task(service)
    await older.hset(TICKETS, str(ticket_id), str(task_id))
    tried = await import_redis(service, "--dry-run", "--json")
    assert (tried.code, tried.json["dry_run"], tried.json["tasks"]["adopt"]) == (0, True, 1)
    assert (await task(service, task_id))["description"] == "As the customer wrote"
    ran = await import_redis(service, "--yes")
    assert ran.code == 0, ran.err
    assert ran.out.splitlines()[-1] == "desk default: 1 task is its ticket's now"
    marker = f"[ticketsync:default/{ticket_id}]({service.environ['ZENDESK_BASE_URL']}/agent/tickets/{ticket_id})"
    assert (await task(service, task_id))["description"] == f"As the customer wrote\n\n{marker}"
    await service.change(ticket_id, subject="New subject")
    status = await service.until(ticket_id, "in_step", id=task_id, title="New subject")
    assert status["task"]["assignee_id"] == ANN_PERSON
    assert await tasks_of(service, ticket_id) == [task_id]


async def test_the_marker_alone_is_enough_when_the_hint_was_wiped(service: Service, older: Redis) -> None:
    ticket_id, task_id = await old_ticket(service), await old_task(service, description=None)
    await older.hset(TICKETS, str(ticket_id), str(task_id))
    assert (await import_redis(service, "--yes")).code == 0
    assert await older.delete(f"ticketsync:default:task:{ticket_id}") == 1
    await service.change(ticket_id, subject="After the wipe")
    await service.until(ticket_id, "in_step", id=task_id, title="After the wipe")
    assert await tasks_of(service, ticket_id) == [task_id]


async def test_a_second_time_changes_nothing_and_a_lost_hint_is_put_back(service: Service, older: Redis) -> None:
    ticket_id, task_id = await old_ticket(service), await old_task(service)
    await older.hset(TICKETS, str(ticket_id), str(task_id))
    await import_redis(service, "--yes")
    marked = (await task(service, task_id))["updatedAt"]
    again = await import_redis(service, "--yes")
    assert (again.code, again.out.splitlines()[-1]) == (0, "desk default: there is nothing to take over")
    await older.delete(f"ticketsync:default:task:{ticket_id}")
    assert (await import_redis(service, "--dry-run", "--json")).json["tasks"]["marked"] == 1
    await import_redis(service, "--yes")
    assert await Hints(older).task_id("default", ticket_id) == task_id
    assert (await task(service, task_id))["updatedAt"] == marked


async def test_what_cannot_be_taken_over_is_told_entry_by_entry_and_left_out(service: Service, older: Redis) -> None:
    good, has_one, foreign, other, deleted, gone, elsewhere = [await old_ticket(service) for _ in range(7)]
    tasks = {ticket: await old_task(service) for ticket in (good, has_one, deleted)}
    tasks[foreign] = await old_task(service, by=ANN_PERSON)
    tasks[other] = await old_task(service, description=f"[ticketsync:default/{good}](x)")
    tasks[elsewhere] = await old_task(service, tasklist_id=await list_elsewhere(service))
    (await service.teamwork.delete(f"/projects/api/v3/tasks/{tasks[deleted]}.json")).raise_for_status()
    await service.change(has_one, subject="Has a task of ours")
    own = (await service.until(has_one, "in_step"))["task"]["id"]
    entries = [*tasks.items(), (gone, 999_999_999), ("x", 1)]
    await older.hset(TICKETS, items=[str(one) for entry in entries for one in entry])
    ran = await import_redis(service, "--yes", "--json")
    assert ran.code == 1
    left_out = ("deleted", "gone", "made_by_others", "of_another_ticket", "of_another_project", "has_another_task")
    assert ran.json["adopted"] == 1
    assert ran.json["tasks"] == {"adopt": 1, "marked": 0, "ours": 0, **dict.fromkeys(left_out, 1)}
    by_ann = f"task {tasks[foreign]} of ticket {foreign} was made by Teamwork user {ANN_PERSON}"
    assert ran.json["problems"] == [
        f"{TICKETS}[x]: its field is no ticket's number",
        f"ticket {has_one} has task {own} already: delete that one or task {tasks[has_one]}",
        f"{by_ann}: if that was the older service, name it in former_users",
        f"task {tasks[other]} of ticket {other} is marked as that of default/{good}",
        (
            f"task {tasks[elsewhere]} of ticket {elsewhere} is not in project {PROJECT}: "
            "move it there, then run this again"
        ),
    ]
    assert [await tasks_of(service, ticket) for ticket in (foreign, deleted)] == [[], []]
    assert tasks[good] in await tasks_of(service, good)


async def test_tasks_of_a_former_user_are_taken_over_once_it_is_named(service: Service, older: Redis) -> None:
    ticket_id, task_id = await old_ticket(service), await old_task(service, by=BEN_PERSON)
    await older.hset(TICKETS, str(ticket_id), str(task_id))
    ran = await import_redis(service, "--yes", "--teamwork-former-users", f"{BEN_PERSON},{ANN_PERSON}")
    assert ran.code == 0, ran.err
    assert await tasks_of(service, ticket_id) == [task_id]


async def test_people_are_taken_over_but_those_whom_the_e_mail_says_already(service: Service, older: Redis) -> None:
    ticket_id = await service.ticket(subject="Cleo's", assignee_id=CLEO)
    users = ("cleo@sandbox.example", str(BEN_PERSON), str(ANN), "ann@sandbox.example", str(CUSTOMER), "500003")
    await older.hset(USERS, items=list(users))
    ran = await import_redis(service, "--tickets-hash", "", "--users-hash", USERS, "--yes", "--json")
    assert {one["agent_id"]: one["change"] for one in ran.json["changes"]} == {CLEO: "new", ANN: "same"}
    assert ran.json["reassigned"] >= 1
    assert ran.json["problems"] == [
        f"{USERS}[{CUSTOMER}]: Zendesk has no agent {CUSTOMER}: see ticketsync users list --desk default"
    ]
    await service.until(ticket_id, "in_step", assignee_id=BEN_PERSON)


async def test_without_an_answer_to_its_question_nothing_is_changed(service: Service, older: Redis) -> None:
    task_id = await old_task(service)
    await older.hset(TICKETS, str(await old_ticket(service)), str(task_id))
    ran = await import_redis(service)
    assert ran.code == 1
    assert ran.out.splitlines()[1] == "1      to be adopted: the task gets the ticket's marker"
    assert "Take over 1 entry? [y/N]" in ran.err
    assert (await task(service, task_id))["description"] == "As the customer wrote"


async def test_while_the_desk_is_at_work_no_task_is_taken_over_unless_that_is_said(
    service: Service, older: Redis
) -> None:
    ticket_id, task_id = await old_ticket(service), await old_task(service)
    await older.hset(TICKETS, str(ticket_id), str(task_id))
    command = ("import-redis", "--tickets-hash", TICKETS, "--users-hash", "", "--yes")
    refused = await service.run(*command)
    assert refused.code == 1
    assert "ticketsync desks pause default, then this again; or say --unpaused" in refused.err
    assert (await task(service, task_id))["description"] == "As the customer wrote"
    await command_desk(service.client, "default", "pause")
    try:
        assert (await service.run(*command)).code == 0
    finally:
        await command_desk(service.client, "default", "resume")
    assert await tasks_of(service, ticket_id) == [task_id]


async def test_what_somebody_has_corrected_since_is_not_taken_back(service: Service, older: Redis) -> None:
    await older.hset(USERS, str(CLEO), str(BEN_PERSON))
    command = ("--tickets-hash", "", "--users-hash", USERS, "--yes", "--json")
    assert (await import_redis(service, *command)).json["changes"][0]["change"] == "new"
    await command_desk(service.client, "default", "add_user", Mapping(agent_id=CLEO, person_id=ANN_PERSON))
    again = await import_redis(service, *command)
    assert (again.code, again.json["changes"]) == (1, [])
    assert f"is mapped to {ANN_PERSON} already" in again.json["problems"][0]
    status = await service.client.get_workflow_handle(names.desk_workflow_id("default")).query("status")
    assert status["mappings"] == {str(CLEO): ANN_PERSON}


async def test_another_redis_is_named_by_flags(service: Service, older: Redis) -> None:
    where = ("--from-host", service.environ["REDIS_HOST"], "--from-port", service.environ["REDIS_PORT"])
    ran = await import_redis(service, *where, "--from-db", "9", "--dry-run")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith(f"Error: there is no hash {TICKETS} in this Redis: it has no hashes")
