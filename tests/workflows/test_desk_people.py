"""Who is who on a desk: matched by e-mail, mapped by hand, and looked up again when somebody is missing."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from tests.support.stack import PERSON_ANN, PERSON_BEN, PROJECT, Stack, running_stack
from tests.support.tickets import ANN, BEN, CLEO, Ticket
from tests.support.wait import eventually
from ticketsync.desk_calls import DeskRefusedError, command_desk
from ticketsync.directory import Directory
from ticketsync.embedded import EmbeddedRedis, EmbeddedTemporal
from ticketsync.sync.desk import Mapping, Mappings

WITHIN_TEN_SECONDS = timedelta(seconds=10)
NOBODY_KNOWS = 8_447_388_099_999


@pytest.fixture(scope="module")
async def stack(temporal_server: EmbeddedTemporal, redis_server: EmbeddedRedis) -> AsyncIterator[Stack]:
    async with running_stack(temporal_server.address, redis_server.port) as stack:
        yield stack


async def test_agents_are_matched_by_their_e_mail_whatever_its_case(stack: Stack) -> None:
    agent_id = await _new_agent(stack, "Frida@Sandbox.Example")
    person_id = await _new_person(stack, "frida@sandbox.example")
    await _reload(stack)
    ticket = Ticket(assignee_id=agent_id)
    assert await stack.shows(await stack.with_task(ticket), assigneeUserIds=[person_id])


async def test_an_e_mail_that_two_people_have_matches_nobody(stack: Stack) -> None:
    agent_id = await _new_agent(stack, "twins@sandbox.example")
    await _new_person(stack, "twins@sandbox.example")
    await _new_person(stack, "Twins@sandbox.example")
    await _reload(stack)
    ticket = Ticket(assignee_id=agent_id)
    assert await stack.shows(await stack.with_task(ticket), assigneeUserIds=[])
    assert (await stack.status(ticket.id))["reason"] == "no_mapping"


async def test_a_mapping_by_hand_counts_more_than_the_e_mail_and_can_be_taken_back(stack: Stack) -> None:
    ticket, other = Ticket(assignee_id=ANN), Ticket(assignee_id=CLEO)
    task_id, other_id = await stack.with_task(ticket), await stack.with_task(other)
    assert await stack.shows(task_id, assigneeUserIds=[PERSON_ANN])
    await _map(stack, ANN, PERSON_BEN)
    await eventually(lambda: stack.shows(task_id, assigneeUserIds=[PERSON_BEN]), what="the open ticket is Ben's")
    await command_desk(stack.client, stack.desk, "remove_user", ANN)
    await _pass_ten_seconds(stack)
    await eventually(lambda: stack.shows(task_id, assigneeUserIds=[PERSON_ANN]), what="the ticket is Ann's again")
    assert await stack.shows(other_id, assigneeUserIds=[])


async def test_many_mappings_come_at_once_and_only_tickets_of_changed_ones_are_told(stack: Stack) -> None:
    ticket, other = Ticket(assignee_id=CLEO), Ticket(assignee_id=BEN)
    task_id = await stack.with_task(ticket)
    await stack.with_task(other)
    await command_desk(stack.client, stack.desk, "add_users", Mappings(people={BEN: PERSON_BEN}))
    await _pass_ten_seconds(stack)
    await eventually(lambda: _was_told(stack, other), what="the other ticket is told of its own mapping")
    told = (await stack.status(other.id))["journal"]
    await command_desk(stack.client, stack.desk, "add_users", Mappings(people={BEN: PERSON_BEN, CLEO: PERSON_ANN}))
    await _pass_ten_seconds(stack)
    await eventually(lambda: stack.shows(task_id, assigneeUserIds=[PERSON_ANN]), what="the open ticket is Ann's")
    assert (await stack.desk_state())["mappings"] == {str(BEN): PERSON_BEN, str(CLEO): PERSON_ANN}
    assert (await stack.status(other.id))["journal"] == told
    for agent_id in (BEN, CLEO):
        await command_desk(stack.client, stack.desk, "remove_user", agent_id)
    await _pass_ten_seconds(stack)
    await eventually(lambda: stack.shows(task_id, assigneeUserIds=[]), what="the ticket is nobody's again")


@pytest.mark.parametrize("people", [{CLEO: 0}, {-1: PERSON_ANN, CLEO: PERSON_BEN}])
async def test_of_many_mappings_with_one_that_cannot_be_none_is_taken(stack: Stack, people: dict[int, int]) -> None:
    with pytest.raises(DeskRefusedError, match="positive ids"):
        await command_desk(stack.client, stack.desk, "add_users", Mappings(people=people))
    assert (await stack.desk_state())["mappings"] == {}


async def test_active_agents_without_a_person_are_counted(stack: Stack) -> None:
    before = await Directory(stack.redis).unmapped(stack.desk) or 0
    await _new_agent(stack, "hana@sandbox.example")
    await _new_agent(stack, "ivo@sandbox.example", suspended=True)
    await _reload(stack)
    assert await Directory(stack.redis).unmapped(stack.desk) == before + 1


async def test_a_mapping_that_is_not_there_cannot_be_removed(stack: Stack) -> None:
    with pytest.raises(DeskRefusedError):
        await command_desk(stack.client, stack.desk, "remove_user", NOBODY_KNOWS)


async def test_a_wiped_redis_holds_up_no_create_and_the_person_follows(stack: Stack) -> None:
    await stack.redis.flushall()
    ticket = Ticket(assignee_id=ANN)
    await stack.signal(ticket.created())
    status = await stack.settled(ticket.id, "pending", "in_step")
    await eventually(lambda: _has_task(stack, ticket), what="the task is there without the person")
    await _pass_ten_seconds(stack)
    await eventually(lambda: _is_for(stack, ticket, PERSON_ANN), what="the person follows")
    assert status["reason"] != "no_mapping"
    assert await Directory(stack.redis).all(stack.desk) is not None


async def test_an_agent_who_came_after_the_directory_was_made_has_it_read_again(stack: Stack) -> None:
    person_id = await _new_person(stack, "gina@sandbox.example")
    agent_id = await _new_agent(stack, "gina@sandbox.example")
    ticket = Ticket(assignee_id=agent_id)
    await stack.signal(ticket.created())
    await eventually(lambda: _has_task(stack, ticket), what="the task does not wait")
    await _pass_ten_seconds(stack)
    await eventually(lambda: _is_for(stack, ticket, person_id), what="the person follows")
    await stack.settled(ticket.id)


async def test_an_assignee_whom_zendesk_does_not_know_ends_as_unmapped(stack: Stack) -> None:
    ticket = Ticket(assignee_id=NOBODY_KNOWS)
    await stack.signal(ticket.created())
    await eventually(lambda: _has_task(stack, ticket), what="the task does not wait")
    await _pass_ten_seconds(stack)
    status = await stack.settled(ticket.id)
    assert (status["reason"], status["waiting"]) == ("no_mapping", None)


async def test_an_opener_who_is_no_agent_is_a_customer_and_waits_for_nothing(stack: Stack) -> None:
    loads = (await stack.desk_state())["generations"]
    ticket = Ticket(submitter_id=NOBODY_KNOWS)
    assert await stack.shows(await stack.with_task(ticket), assigneeUserIds=[])
    assert (await stack.status(ticket.id))["waiting"] is None
    assert (await stack.desk_state())["generations"] == loads


async def _was_told(stack: Stack, ticket: Ticket) -> bool:
    return any(line["code"] == "directory_changed" for line in (await stack.status(ticket.id))["journal"])


async def _new_agent(stack: Stack, email: str, **fields: Any) -> int:
    user = {"name": "New Agent", "email": email, "role": "agent", **fields}
    answer = await stack.zendesk_http.post("/api/v2/users", json={"user": user})
    return int(answer.json()["user"]["id"])


async def _new_person(stack: Stack, email: str) -> int:
    person = {"first_name": "New", "last_name": "Person", "email": email, "project_ids": [PROJECT]}
    answer = await stack.teamwork_http.post("/sandbox/people", json=person)
    return int(answer.json()["person"]["id"])


async def _map(stack: Stack, agent_id: int, person_id: int) -> None:
    await command_desk(stack.client, stack.desk, "add_user", Mapping(agent_id=agent_id, person_id=person_id))
    await _pass_ten_seconds(stack)


async def _reload(stack: Stack) -> None:
    """Have the directory read again, and wait until it is."""
    loads = (await stack.desk_state())["generations"]
    await stack.desk_workflow.signal("directory_wanted")
    await _pass_ten_seconds(stack)
    await eventually(lambda: _is_loaded_since(stack, loads), what="the directory is read again")


async def _pass_ten_seconds(stack: Stack) -> None:
    """The directory is never read twice within ten seconds."""
    await stack.skip(stack.desk_workflow, WITHIN_TEN_SECONDS)


async def _is_loaded_since(stack: Stack, loads: int) -> bool:
    state = await stack.desk_state()
    return bool(state["generations"] > loads and state["directory"]["generation"] % 1_000_000 == state["generations"])


async def _has_task(stack: Stack, ticket: Ticket) -> bool:
    return (await stack.status(ticket.id)).get("task", {}).get("id") is not None


async def _is_for(stack: Stack, ticket: Ticket, person_id: int) -> bool:
    task_id = (await stack.status(ticket.id)).get("task", {}).get("id")
    return task_id is not None and await stack.shows(task_id, assigneeUserIds=[person_id])
