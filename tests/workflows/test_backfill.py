"""Older tickets are brought in: each gets one task, tasks that exist are adopted, and live tickets do not feel it."""

from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from tests.support.stack import Stack, working
from tests.support.tickets import Ticket
from tests.support.wait import eventually
from tests.support.worker_process import worker_process
from tests.workflows.backfilling import (
    begin,
    ended,
    linked_an_hour_ago,
    numbers_of_tasks,
    old_task,
    old_tickets,
    plan,
    view,
    whole,
)
from tests.workflows.reconciling import EXPORT, change
from ticketsync import names
from ticketsync.backfill_calls import read_backfill, stop_backfill
from ticketsync.desk_calls import command_desk
from ticketsync.embedded import EmbeddedRedis, EmbeddedTemporal
from ticketsync.sandbox.faults import Fault, FaultMatch
from ticketsync.sync.backfill import Counts
from ticketsync.sync.policy import Policy

NO_INTERNAL = Policy(exclude_tags=("internal",), grace_period=timedelta(seconds=30), settle_window=timedelta(seconds=1))
MINUTE = timedelta(minutes=1)


@pytest.fixture
async def stack(temporal_server: EmbeddedTemporal, redis_server: EmbeddedRedis) -> AsyncIterator[Stack]:
    """A desk of its own for each test."""
    async with linked_an_hour_ago(temporal_server.address, redis_server.port, policy=NO_INTERNAL) as stack:
        yield stack


@pytest.fixture
async def slow_stack(temporal_server: EmbeddedTemporal, redis_server: EmbeddedRedis) -> AsyncIterator[Stack]:
    """With the quota that a real site has: 24 calls in any 12 s."""
    async with linked_an_hour_ago(temporal_server.address, redis_server.port, calls_per_minute=120) as stack:
        yield stack


# --- counts, and what they come to


async def test_a_dry_run_writes_nothing_and_counts_what_is_done_afterwards(
    temporal_server: EmbeddedTemporal, redis_server: EmbeddedRedis
) -> None:
    async with linked_an_hour_ago(temporal_server.address, redis_server.port, policy=NO_INTERNAL, work=False) as stack:
        new = await old_tickets(stack, 5)
        left_out = [*await old_tickets(stack, 2, tags=["internal"]), *await old_tickets(stack, 3, status="solved")]
        left_out += await old_tickets(stack, 1, status="closed", tags=["closed_by_merge"])
        left_out += await old_tickets(stack, 1, deleted=True)
        adopted = [*await old_tickets(stack, 2), *await old_tickets(stack, status="solved")]
        tasks = [await old_task(stack, ticket_id) for ticket_id in adopted]
        async with working(stack):
            before = len(stack.teamwork.faults.writes())
            planned = await plan(stack)
            assert planned.counts == Counts(new=5, adopted=3, filtered=2, ended=5)
            assert len(stack.teamwork.faults.writes()) == before
            assert await read_backfill(stack.client, stack.desk) is None

            calls = len(stack.teamwork.faults.calls)
            await begin(stack, planned)
            state = await ended(stack)
            assert (state.counts, state.is_done, state.blocked) == (planned.counts, True, 0)
            assert len(stack.teamwork.faults.calls) - calls <= planned.calls * 1.3
            assert await numbers_of_tasks(stack, [*new, *adopted, *left_out]) == [1] * 8 + [0] * 7
            for ticket_id, task_id in zip(adopted, tasks, strict=True):
                assert (await stack.settled(ticket_id))["task"]["id"] == task_id
            assert await stack.shows(tasks[0], name="Old", status="new")
            assert await stack.shows(tasks[2], name="Old", status="completed")


async def test_a_second_time_costs_nothing(stack: Stack) -> None:
    tickets = await old_tickets(stack, 4)
    assert (await whole(stack)).counts.new == 4
    for ticket_id in tickets:
        await stack.settled(ticket_id)
    calls = len(stack.teamwork.faults.calls)
    again = await whole(stack)
    assert (again.counts, again.counts.brought_in) == (Counts(known=4), 0)
    assert len(stack.teamwork.faults.calls) == calls
    assert await numbers_of_tasks(stack, tickets) == [1] * 4


async def test_with_open_an_ended_ticket_is_left_out_although_it_has_a_task(stack: Stack) -> None:
    (ticket_id,) = await old_tickets(stack, status="solved")
    task_id = await old_task(stack, ticket_id)
    await stack.redis.set(f"ticketsync:{stack.desk}:task:{ticket_id}", task_id)
    (other,) = await old_tickets(stack)
    state = await whole(stack, only_open=True)
    assert state.counts == Counts(new=1, ended=1)
    assert await stack.shows(task_id, status="new", name="Made before")
    assert await numbers_of_tasks(stack, [other]) == [1]


async def test_pages_of_a_thousand_tickets_are_followed_to_the_last(stack: Stack) -> None:
    await old_tickets(stack, 1003, tags=["internal"])
    (last,) = await old_tickets(stack, subject="The last")
    state = await _through_two_pages(stack)
    assert state == Counts(new=1, filtered=1003)
    assert await numbers_of_tasks(stack, [last]) == [1]


async def _through_two_pages(stack: Stack) -> Counts:
    planned = await plan(stack)
    assert (planned.pages, planned.counts) == (2, Counts(new=1, filtered=1003))
    await begin(stack, planned)
    return (await ended(stack)).counts


async def test_a_wiped_marker_hint_makes_no_second_task(stack: Stack) -> None:
    (ticket_id,) = await old_tickets(stack)
    planned = await plan(stack)
    task_id = await old_task(stack, ticket_id)  # after the project was read: no hint tells of it
    await begin(stack, planned)
    await ended(stack)
    assert (await stack.settled(ticket_id))["task"]["id"] == task_id
    assert await numbers_of_tasks(stack, [ticket_id]) == [1]


# --- stopped, killed, held up


async def test_what_was_stopped_goes_on_where_it_was_and_doubles_nothing(slow_stack: Stack) -> None:
    stack, tickets = slow_stack, await old_tickets(slow_stack, 14)
    await begin(stack, await plan(stack))
    await eventually(lambda: _at_rest(stack, 3), what="some are brought in")
    assert await stop_backfill(stack.client, stack.desk)
    stopped = await ended(stack)
    assert (stopped.stopped, stopped.is_done) == (True, False)
    assert 3 <= stopped.counts.new < 14
    assert not await stop_backfill(stack.client, stack.desk)

    rest = await plan(stack, stopped.place)
    assert rest.counts == Counts(new=14 - stopped.counts.new)
    await begin(stack, rest)
    assert (await ended(stack)).counts == rest.counts
    assert await numbers_of_tasks(stack, tickets) == [1] * 14


async def test_a_killed_worker_costs_no_ticket_and_doubles_none(
    temporal_server: EmbeddedTemporal, redis_server: EmbeddedRedis, tmp_path: Path
) -> None:
    async with linked_an_hour_ago(temporal_server.address, redis_server.port, work=False) as stack:
        tickets = await old_tickets(stack, 25)
        slow = Fault(kind="slow", match=FaultMatch(method="POST", path="/tasks.json"), seconds=0.5)
        stack.teamwork.faults.add(slow)
        async with worker_process(stack, tmp_path) as worker:
            await begin(stack, await plan(stack))
            await eventually(lambda: stack.writes("/tasks.json") >= 6, what="some are brought in")
            worker.process.kill()
            await worker.process.wait()
        stack.teamwork.faults.clear()
        assert stack.writes("/tasks.json") < 25
        async with worker_process(stack, tmp_path):
            assert (await ended(stack, deadline=180)).is_done
            for ticket_id in tickets:
                await stack.settled(ticket_id, deadline=120)
        assert await numbers_of_tasks(stack, tickets) == [1] * 25


async def test_a_paused_desk_holds_it_up_and_it_goes_on_afterwards(stack: Stack) -> None:
    tickets = await old_tickets(stack, 2)
    planned = await plan(stack)
    await command_desk(stack.client, stack.desk, "pause")
    await begin(stack, planned)
    await eventually(lambda: _waits_for(stack, "paused"), what="it says why it waits")
    assert await numbers_of_tasks(stack, tickets) == [0, 0]
    await command_desk(stack.client, stack.desk, "resume")
    await _a_minute_later(stack)
    assert (await ended(stack)).trouble is None
    assert await numbers_of_tasks(stack, tickets) == [1, 1]


async def test_one_that_waits_for_a_minute_can_be_stopped_at_once(stack: Stack) -> None:
    await old_tickets(stack)
    planned = await plan(stack)
    await command_desk(stack.client, stack.desk, "pause")
    await begin(stack, planned)
    await eventually(lambda: _waits_for(stack, "paused"), what="it waits")
    assert await stop_backfill(stack.client, stack.desk)
    assert (await ended(stack)).stopped


async def test_while_it_is_not_known_which_tasks_there_are_nothing_is_brought_in(stack: Stack) -> None:
    tickets, planned = await old_tickets(stack, 2), await plan(stack)
    async for key in stack.redis.scan_iter(f"ticketsync:{stack.desk}:scanned:*"):
        await stack.redis.delete(key)
    await begin(stack, planned)
    await eventually(lambda: _waits_for(stack, "backfill_not_ready"), what="it waits for the scan")
    assert await numbers_of_tasks(stack, tickets) == [0, 0]
    await stack.skip(stack.desk_workflow, timedelta(minutes=5))
    await plan(stack)  # the project was read again
    await _a_minute_later(stack)
    await ended(stack)
    assert await numbers_of_tasks(stack, tickets) == [1, 1]


async def test_429s_of_both_sides_are_waited_out(stack: Stack) -> None:
    tickets, planned = await old_tickets(stack, 6), await plan(stack)
    stack.zendesk.faults.add(Fault(kind="rate_limited", match=FaultMatch(path=EXPORT), seconds=1, times=2))
    stack.teamwork.faults.add(Fault(kind="rate_limited", match=FaultMatch(path="/tasks.json"), seconds=1, times=4))
    await begin(stack, planned)
    assert (await ended(stack)).counts == Counts(new=6)
    for ticket_id in tickets:
        await stack.settled(ticket_id)
    assert await numbers_of_tasks(stack, tickets) == [1] * 6


async def test_a_blocked_ticket_is_counted_and_does_not_hold_up_the_others(stack: Stack) -> None:
    tickets, planned = await old_tickets(stack, 6), await plan(stack)
    match = FaultMatch(method="POST", path="/tasks.json")
    stack.teamwork.faults.add(Fault(kind="error", match=match, status=422, times=1))
    await begin(stack, planned)
    assert (await ended(stack)).blocked == 1
    assert sorted(await numbers_of_tasks(stack, tickets)) == [0, 1, 1, 1, 1, 1]


# --- live tickets


async def test_live_tickets_do_not_wait_while_it_uses_all_that_it_may(slow_stack: Stack) -> None:
    stack = slow_stack
    await old_tickets(stack, 40)
    await begin(stack, await plan(stack))
    await eventually(lambda: stack.writes("/tasks.json") >= 7, what="its part of the window is used")
    for _ in range(4):
        await stack.with_task(Ticket(), deadline=8)
    seen = await view(stack)
    assert seen.running
    assert seen.state is not None
    assert not seen.state.all_read


async def test_what_it_brings_in_has_the_lowest_priority_and_a_webhook_the_usual_one(stack: Stack) -> None:
    (ticket_id,) = await old_tickets(stack)
    await whole(stack)
    await stack.settled(ticket_id)
    live = Ticket(ticket_id)
    await stack.signal(live.renamed("Told by a webhook"))
    await eventually(partial(_has_title, stack, ticket_id, "Told by a webhook"), what="it is renamed")
    assert await _priorities(stack, ticket_id) == [("create_task", 5), ("rename_task", 2)]


async def test_a_webhook_that_arrives_in_the_middle_wins_and_makes_no_second_task(stack: Stack) -> None:
    (ticket_id,) = await old_tickets(stack)
    planned = await plan(stack)
    slow = Fault(kind="slow", match=FaultMatch(method="POST", path="/tasks.json"), seconds=2)
    stack.teamwork.faults.add(slow)
    await begin(stack, planned)
    await eventually(lambda: stack.teamwork.faults.writes("/tasks.json"), what="its create is under way")
    await change(stack, ticket_id, subject="Changed meanwhile")
    live = Ticket(ticket_id)
    await stack.signal(live.renamed("Changed meanwhile"))
    await eventually(partial(_has_title, stack, ticket_id, "Changed meanwhile"), what="the newer title is there")
    assert (await ended(stack)).is_done
    assert await numbers_of_tasks(stack, [ticket_id]) == [1]


# --- looks


async def _at_rest(stack: Stack, number: int) -> bool:
    state = (await view(stack)).state
    return state is not None and state.at_rest >= number


async def _waits_for(stack: Stack, code: str) -> bool:
    state = (await view(stack)).state
    return state is not None and state.trouble == code


async def _a_minute_later(stack: Stack) -> None:
    handle = stack.client.get_workflow_handle(names.backfill_workflow_id(stack.desk))
    await stack.skip(handle, MINUTE)


async def _has_title(stack: Stack, ticket_id: int, title: str) -> bool:
    status = await stack.status(ticket_id)
    return status.get("sync_state") == "in_step" and status["task"]["title"] == title


async def _priorities(stack: Stack, ticket_id: int) -> list[tuple[str, int]]:
    """Each step with the priority that it had."""
    history = await stack.ticket(ticket_id).fetch_history()
    scheduled = [event.activity_task_scheduled_event_attributes for event in history.events]
    steps = [one for one in scheduled if one.activity_type.name in names.STEP_ACTIVITIES.values()]
    return [(one.activity_type.name, one.priority.priority_key) for one in steps]
