"""A ticket that stirs again after its run ended, or after what it knew was lost, never gets a second task."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from temporalio.client import WorkflowExecutionStatus

from tests.conftest import SEARCH_ATTRIBUTES
from tests.support.stack import ANN_KEY, TASK_LIST, Stack, connected, running_stack, terminate_all, working
from tests.support.tickets import Ticket
from tests.support.wait import eventually
from ticketsync.embedded import EmbeddedRedis, EmbeddedTemporal, Say, temporal_server
from ticketsync.hints import Hints
from ticketsync.sync.desk import DeskState
from ticketsync.sync.policy import Policy
from ticketsync.tickets import read_ticket
from ticketsync.worker import SLOTS_PER_DESK

SHORT = Policy(settle_window=timedelta(seconds=0), grace_period=timedelta(seconds=2))
LONG_AGO = timedelta(days=3)


@pytest.fixture(scope="module")
async def stack(temporal_server: EmbeddedTemporal, redis_server: EmbeddedRedis) -> AsyncIterator[Stack]:
    """With a grace period so short that runs end while we look."""
    async with running_stack(temporal_server.address, redis_server.port, policy=SHORT) as stack:
        yield stack


# --- after the grace period


async def test_an_undelete_after_the_grace_period_brings_the_same_task_back(stack: Stack) -> None:
    ticket = Ticket()
    task_id = await stack.with_task(ticket)
    await stack.signal(ticket.changed("soft_deleted"))
    await stack.ended(ticket)
    assert await stack.task(task_id) is None
    await stack.signal(ticket.changed("undeleted"))
    await eventually(lambda: stack.shows(task_id, status="new"), what="the task is back")
    assert await stack.tasks_of(ticket.id) == [task_id]


async def test_an_old_event_after_the_end_changes_nothing(stack: Stack) -> None:
    ticket = Ticket()
    task_id = await stack.with_task(ticket)
    late = ticket.renamed("Already out of date")
    await stack.signal(ticket.changed("soft_deleted"))
    first = await stack.ended(ticket)
    writes = len(stack.teamwork.faults.writes())
    await stack.signal(late)
    again = await stack.ended(ticket)
    assert again.lifecycle == first.lifecycle
    assert (again.task.id, again.task.standing) == (task_id, "deleted")
    assert len(stack.teamwork.faults.writes()) == writes


async def test_a_reopened_ticket_goes_on_with_what_its_earlier_life_knew(stack: Stack) -> None:
    ticket = Ticket()
    task_id = await stack.with_task(ticket)
    await stack.signal(ticket.merged())
    await stack.ended(ticket)
    await stack.signal(ticket.renamed("Renamed after all"))
    await eventually(lambda: stack.shows(task_id, name="Renamed after all", status="completed"), what="it is renamed")
    assert await stack.tasks_of(ticket.id) == [task_id]


# --- ended by hand


@pytest.mark.parametrize("age", [timedelta(0), LONG_AGO], ids=["young", "old"])
@pytest.mark.parametrize("hint", [True, False], ids=["hint", "no hint"])
async def test_a_run_that_was_terminated_by_hand_finds_its_task_again(
    stack: Stack, *, hint: bool, age: timedelta
) -> None:
    ticket = Ticket(created_at=datetime.now(UTC).replace(microsecond=0) - age)
    if age:
        await _left_behind(stack, ticket)  # or the create would look for a task, for 22 s
    task_id = await stack.with_task(ticket)
    await stack.ticket(ticket.id).terminate("by hand")
    await eventually(lambda: _is_terminated(stack, ticket), what="it is terminated")
    if not hint:
        await _forget_hints(stack)
    await stack.signal(ticket.renamed("After the accident"))
    await eventually(lambda: stack.shows(task_id, name="After the accident"), what="it is in step again")
    assert await stack.tasks_of(ticket.id) == [task_id]


async def test_what_people_changed_meanwhile_is_put_right_once_and_said_so(stack: Stack) -> None:
    ticket = Ticket()
    task_id = await stack.with_task(ticket)
    await stack.ticket(ticket.id).terminate("by hand")
    await _forget_hints(stack)
    renamed = {"task": {"name": "By hand"}}
    await stack.teamwork_http.patch(f"/projects/api/v3/tasks/{task_id}.json", json=renamed, auth=ANN_KEY)
    await stack.signal(ticket.status("open"))
    await eventually(lambda: stack.shows(task_id, name="Checkout broken"), what="the title is put right")
    codes = [line["code"] for line in (await stack.settled(ticket.id))["journal"]]
    assert codes.count("rename_done") == 1
    assert "inspect_done" in codes


# --- hints that are wrong, or know nothing


async def test_a_hint_to_a_task_that_is_not_there_leads_to_the_one_with_the_marker(stack: Stack) -> None:
    ticket = Ticket(created_at=datetime.now(UTC).replace(microsecond=0) - LONG_AGO)
    task_id = await _left_behind(stack, ticket)
    await Hints(stack.redis).put(stack.desk, {ticket.id: 99_999_999})
    await stack.signal(ticket.renamed("Found"))
    await eventually(lambda: stack.shows(task_id, name="Found"), what="the task with the marker is found")
    assert await stack.tasks_of(ticket.id) == [task_id]


async def test_an_old_ticket_whose_memory_is_lost_is_found_by_its_marker(stack: Stack) -> None:
    ticket = Ticket(created_at=datetime.now(UTC).replace(microsecond=0) - LONG_AGO)
    task_id = await _left_behind(stack, ticket)
    await stack.signal(ticket.renamed("Still the same"))
    await eventually(lambda: stack.shows(task_id, name="Still the same"), what="the task is found")
    assert await stack.tasks_of(ticket.id) == [task_id]


# --- Temporal lost


@pytest.mark.parametrize("left", ["redis", "nothing", "nothing but a marker"])
async def test_after_temporal_was_lost_no_ticket_gets_a_second_task(
    stack: Stack, say: Say, redis_server: EmbeddedRedis, left: str
) -> None:
    """`nothing but a marker`: the new desk's reading of the project is lost too, so that the ticket looks by itself."""
    ticket, untouched = Ticket(), Ticket()
    task_id, other_task_id = await stack.with_task(ticket), await stack.with_task(untouched)
    if left != "redis":
        await stack.redis.flushall()
    async with _with_a_new_temporal(stack, say) as stack_again:
        if left == "nothing but a marker":
            await _forget_hints(stack_again)
        await stack_again.signal(ticket.renamed("In a new world"))
        what = "the old task is in step"
        await eventually(lambda: stack.shows(task_id, name="In a new world"), what=what)
        await stack_again.signal(untouched.changed("tags_changed"))
        assert (await stack_again.settled(untouched.id))["task"]["id"] == other_task_id
    assert await stack.tasks_of(ticket.id) == [task_id]
    assert await stack.tasks_of(untouched.id) == [other_task_id]


async def test_a_ticket_of_the_very_second_of_linking_may_be_older(stack: Stack) -> None:
    linked_at = DeskState.model_validate(await stack.desk_state()).linked_at
    ticket = Ticket(created_at=linked_at.replace(microsecond=0))
    task_id = await _left_behind(stack, ticket)
    await stack.signal(ticket.created())
    assert (await stack.settled(ticket.id))["task"]["id"] == task_id
    assert await stack.tasks_of(ticket.id) == [task_id]


async def test_tickets_that_are_looked_for_hold_up_no_new_one(stack: Stack) -> None:
    linked_at = DeskState.model_validate(await stack.desk_state()).linked_at
    maybe_older = [Ticket(created_at=linked_at.replace(microsecond=0)) for _ in range(2 * SLOTS_PER_DESK)]
    for ticket in maybe_older:
        await stack.signal(ticket.created())
    for ticket in maybe_older:
        await eventually(partial(_is_looked_for, stack, ticket), what="it is looked for")
    assert await stack.with_task(Ticket())
    assert [await stack.tasks_of(ticket.id) for ticket in maybe_older] == [[]] * len(maybe_older)
    for ticket in maybe_older:
        await stack.settled(ticket.id)
        assert len(await stack.tasks_of(ticket.id)) == 1


async def _is_looked_for(stack: Stack, ticket: Ticket) -> bool:
    view = await read_ticket(stack.client, stack.desk, ticket.id)
    return any("looking_for_its_task" in (pending.last_failure or "") for pending in view.pending)


@asynccontextmanager
async def _with_a_new_temporal(stack: Stack, say: Say) -> AsyncIterator[Stack]:
    """The same desk with an empty Temporal. The old one still runs beside it, but nobody tells it anything."""
    async with temporal_server(say=say, port=0, search_attributes=SEARCH_ATTRIBUTES) as server:
        again = replace(stack, client=await connected(server.address))
        async with working(again):
            yield again
        await terminate_all(again)


async def _is_terminated(stack: Stack, ticket: Ticket) -> bool:
    return (await stack.ticket(ticket.id).describe()).status == WorkflowExecutionStatus.TERMINATED


async def _forget_hints(stack: Stack) -> None:
    async for key in stack.redis.scan_iter(f"ticketsync:{stack.desk}:task:*"):
        await stack.redis.delete(key)


async def _left_behind(stack: Stack, ticket: Ticket) -> int:
    """A task of this ticket that nothing but its marker tells of."""
    marker = f"[ticketsync:{stack.desk}/{ticket.id}]({stack.desk_settings.zendesk.base_url}/agent/tickets/{ticket.id})"
    body = {"task": {"name": "Made by an earlier life", "description": marker}}
    made = await stack.teamwork_http.post(f"/projects/api/v3/tasklists/{TASK_LIST}/tasks.json", json=body)
    return int(made.json()["task"]["id"])
