"""The second source: Zendesk loses webhooks for good, and its export tells what they would have told."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from tests.support.stack import PERSON_ANN, Stack
from tests.support.tickets import ANN
from tests.support.wait import eventually
from tests.workflows.reconciling import (
    EXPORT,
    call,
    change,
    deliver,
    export_of,
    new_ticket,
    pages_read,
    read_on,
    time_passes,
    without_webhooks,
)
from tests.workflows.recorded import SIGNALED, at_rest, count
from ticketsync.desk_calls import command_desk
from ticketsync.embedded import EmbeddedRedis, EmbeddedTemporal
from ticketsync.sandbox.faults import Fault, FaultMatch
from ticketsync.sync.policy import Policy

# Runs end while we look, so that later rows find a ticket whose workflow has completed.
SHORT = Policy(settle_window=timedelta(seconds=0), grace_period=timedelta(seconds=1))


@pytest.fixture(scope="module")
async def shared_stack(temporal_server: EmbeddedTemporal, redis_server: EmbeddedRedis) -> AsyncIterator[Stack]:
    async with without_webhooks(temporal_server.address, redis_server.port, policy=SHORT) as stack:
        yield stack


@pytest.fixture
async def stack(shared_stack: Stack) -> AsyncIterator[Stack]:
    """With all that earlier tests changed read already."""
    await read_on(shared_stack)
    yield shared_stack
    shared_stack.zendesk.faults.clear()


async def _new_task(stack: Stack, **fields: Any) -> tuple[int, int]:
    """A ticket and its task, both there by the export alone."""
    ticket_id = await new_ticket(stack, **fields)
    await read_on(stack)
    return ticket_id, int((await stack.settled(ticket_id))["task"]["id"])


async def _becomes(stack: Stack, task_id: int, **fields: object) -> None:
    await read_on(stack)
    await eventually(lambda: stack.shows(task_id, **fields), what=f"the task is {fields}")


# --- what no webhook told


async def test_all_that_agents_do_reaches_the_task_without_a_single_webhook(stack: Stack) -> None:
    ticket_id, task_id = await _new_task(stack, subject="By export only")
    assert await stack.shows(task_id, name="By export only", status="new")
    await change(stack, ticket_id, subject="Renamed", assignee_id=ANN)
    await _becomes(stack, task_id, name="Renamed", assigneeUserIds=[PERSON_ANN])
    await change(stack, ticket_id, status="solved")
    await _becomes(stack, task_id, status="completed")
    await change(stack, ticket_id, status="open")
    await _becomes(stack, task_id, status="reopened")
    deliveries = (await call(stack, "GET", "/sandbox/deliveries"))["deliveries"]
    assert {delivery["state"] for delivery in deliveries} == {"dropped"}
    assert await stack.tasks_of(ticket_id) == [task_id]


async def test_a_delete_and_an_undelete_after_the_end_of_its_workflow_reach_the_task(stack: Stack) -> None:
    ticket_id, task_id = await _new_task(stack)
    await call(stack, "DELETE", f"/api/v2/tickets/{ticket_id}")
    await read_on(stack)
    await stack.ticket(ticket_id).result()
    assert await stack.task(task_id) is None
    await call(stack, "PUT", f"/api/v2/deleted_tickets/{ticket_id}/restore")
    await read_on(stack)
    await eventually(lambda: stack.shows(task_id, status="new"), what="the task is back")
    assert await stack.tasks_of(ticket_id) == [task_id]


async def test_a_merge_completes_the_task_and_the_text_of_the_target_stays(stack: Stack) -> None:
    ticket_id, task_id = await _new_task(stack)
    target_id, other_id = await _new_task(stack)
    await call(stack, "POST", f"/api/v2/tickets/{target_id}/merge", {"ids": [ticket_id]})
    await _becomes(stack, task_id, status="completed")
    assert await stack.shows(other_id, status="new")


async def test_a_ticket_whose_text_was_erased_stays_deleted_and_nothing_else_happens(stack: Stack) -> None:
    ticket_id, task_id = await _new_task(stack, subject="Erase me")
    await call(stack, "DELETE", f"/api/v2/tickets/{ticket_id}")
    await read_on(stack)
    await stack.ticket(ticket_id).result()
    writes = len(stack.teamwork.faults.writes())
    await call(stack, "DELETE", f"/api/v2/deleted_tickets/{ticket_id}")
    assert (await read_on(stack)).trouble is None
    state = await stack.ticket(ticket_id).result()
    assert (state.lifecycle.deleted, state.task.id, state.task.standing) == (True, task_id, "deleted")
    assert state.snapshot.subject == "Erase me"
    assert len(stack.teamwork.faults.writes()) == writes


# --- thrift


async def test_a_row_that_its_ticket_knows_from_a_webhook_costs_it_nothing(stack: Stack) -> None:
    ticket_id = await new_ticket(stack)
    await deliver(stack, ticket_id)
    await stack.settled(ticket_id)
    before = await export_of(stack)
    after = await read_on(stack)
    assert (after.rows_read - before.rows_read, after.rows_told - before.rows_told) == (1, 0)
    history = await stack.ticket(ticket_id).fetch_history()
    assert count(history.events, SIGNALED) == 1


async def test_wiped_hints_cost_one_decision_that_changes_nothing(stack: Stack) -> None:
    """The cursor is refused, so that the rows of the last minutes come once more."""
    ticket_id, _ = await _new_task(stack)
    known = await at_rest(stack.ticket(ticket_id), signals=1)
    async for key in stack.redis.scan_iter(f"ticketsync:{stack.desk}:decided:*"):
        await stack.redis.delete(key)
    calls = len(stack.teamwork.faults.calls)
    _refuse_the_cursor(stack)
    await read_on(stack)
    again = await at_rest(stack.ticket(ticket_id), signals=2)
    assert len(again.events) - len(known.events) <= 6
    assert [line["code"] for line in (await stack.status(ticket_id))["journal"]][-2:] == ["duplicate", "in_step"]
    _refuse_the_cursor(stack)
    told = (await export_of(stack)).rows_told
    assert (await read_on(stack)).rows_told == told
    assert len(stack.teamwork.faults.calls) == calls


def _refuse_the_cursor(stack: Stack, status: int = 400) -> None:
    stack.zendesk.faults.add(Fault(kind="error", match=FaultMatch(path=EXPORT), status=status, times=1))


# --- the cursor


@pytest.mark.parametrize("status", [400, 422])
async def test_a_refused_cursor_has_the_reading_begin_anew_a_little_before(stack: Stack, status: int) -> None:
    ticket_id = await new_ticket(stack, subject="Behind a cursor that nobody knows")
    _refuse_the_cursor(stack, status)
    export = await read_on(stack)
    assert export.trouble is None
    assert (await stack.settled(ticket_id))["task"]["title"] == "Behind a cursor that nobody knows"
    refused, anew = stack.zendesk.faults.matching_calls("GET", EXPORT)[-2:]
    assert ("cursor=" in refused.query, "start_time=" in anew.query) == (True, True)


async def test_an_empty_page_keeps_the_cursor(stack: Stack) -> None:
    await new_ticket(stack)
    before = await read_on(stack)
    after = await read_on(stack)
    assert before.cursor is not None
    assert (after.cursor, after.through, after.rows_read) == (before.cursor, before.through, before.rows_read)


async def test_a_reading_that_failed_is_seen_and_the_cursor_stays(stack: Stack) -> None:
    before = await export_of(stack)
    ticket_id = await new_ticket(stack)
    stack.zendesk.faults.add(Fault(kind="error", match=FaultMatch(path=EXPORT), status=404))
    await time_passes(stack)
    await eventually(lambda: _troubled(stack, "not_found"), what="the reading fails")
    failed = await export_of(stack)
    assert (failed.cursor, failed.rows_read) == (before.cursor, before.rows_read)
    stack.zendesk.faults.clear()
    await time_passes(stack)
    await stack.settled(ticket_id)
    assert (await export_of(stack)).trouble is None


async def test_a_429_of_the_export_is_waited_out(stack: Stack) -> None:
    ticket_id = await new_ticket(stack)
    stack.zendesk.faults.add(Fault(kind="rate_limited", match=FaultMatch(path=EXPORT), seconds=1, times=1))
    await time_passes(stack)
    await stack.settled(ticket_id)
    assert (await export_of(stack)).trouble is None


async def test_while_the_desk_is_paused_nothing_is_read_and_then_nothing_is_missing(stack: Stack) -> None:
    await command_desk(stack.client, stack.desk, "pause")
    ticket_id, pages = await new_ticket(stack), pages_read(stack)
    await time_passes(stack)
    assert pages_read(stack) == pages
    await command_desk(stack.client, stack.desk, "resume")
    await stack.settled(ticket_id)


async def _troubled(stack: Stack, code: str) -> bool:
    return (await export_of(stack)).trouble == code
