"""How long a ticket waits, with the waits that a desk has by default. Time is skipped, all but that of calls."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from temporalio.client import WorkflowExecutionStatus
from temporalio.testing import TimeSkipper

from tests.conftest import SEARCH_ATTRIBUTES, TIME_SKIPPING
from tests.support.stack import Stack, running_stack
from tests.support.tickets import Ticket
from tests.support.wait import eventually
from tests.workflows.recorded import ACTIVITY, count
from ticketsync.embedded import EmbeddedRedis, Say, find_temporal, temporal_server
from ticketsync.sandbox.faults import Call, Fault, FaultMatch
from ticketsync.sync.policy import Policy

# A skip goes from one moment that something waits for to the next, 200 at most; the server takes a second for each
# unless it is told to look at its timers more often.
QUICKLY = {
    "history.timerProcessorMaxTimeShift": '"10ms"',
    "history.timerProcessorMaxPollRPS": "1000",
    "frontend.WorkflowTimeSkippingMaxSkipPerSession": "10000",
}
DAY, HOUR, MINUTE, SECOND = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)
A_MOMENT = 20 * SECOND


@pytest.fixture(scope="module")
async def stack(say: Say, redis_server: EmbeddedRedis) -> AsyncIterator[Stack]:
    """A desk with the default policy, on a server that skips quickly."""
    binary, config = await find_temporal(say), TIME_SKIPPING | QUICKLY
    async with (
        temporal_server(
            say=say, binary=binary, port=0, dynamic_config=config, search_attributes=SEARCH_ATTRIBUTES
        ) as server,
        running_stack(server.address, redis_server.port, policy=Policy()) as stack,
    ):
        yield stack


# --- retrying


async def test_what_fails_for_72_hours_is_unreachable_since_its_first_failure(stack: Stack) -> None:
    ticket = Ticket()
    task_id = await stack.with_task(ticket)
    stack.teamwork.faults.add(Fault(kind="error", match=_renames_of(task_id), status=503))
    await stack.signal(ticket.renamed("B"))
    since = _moment((await stack.settled(ticket.id, "retrying"))["trouble"]["since"])
    assert timedelta(0) <= since - _renames(stack, task_id)[0].at < A_MOMENT
    scheduled = await _activities(stack, ticket)

    await _skip_to(stack, ticket, since + 40 * HOUR)
    await stack.signal(ticket.renamed("C"))
    await eventually(partial(_has_more_activities, stack, ticket, scheduled), what="the newer title is tried")
    await _skip_to(stack, ticket, since + 72 * HOUR - MINUTE)
    status = await stack.settled(ticket.id, "retrying")
    assert _moment(status["trouble"]["since"]) == since
    assert 400 < len(_renames(stack, task_id)) < 500
    assert await _activities(stack, ticket) == scheduled + 1  # that of the newer title: trying on adds nothing

    await _skip_to(stack, ticket, since + 72 * HOUR + A_MOMENT)
    status = await stack.settled(ticket.id, "blocked")
    assert (status["reason"], _moment(status["trouble"]["since"])) == ("unreachable", since)
    stack.teamwork.faults.clear()
    await _skip_to(stack, ticket, _moment(status["trouble"]["retry_at"]) + SECOND)
    await stack.settled(ticket.id)
    assert await stack.shows(task_id, name="C")


# --- blocked


async def test_what_is_blocked_is_tried_again_after_15_minutes_then_ever_more_rarely_down_to_every_6_hours(
    stack: Stack,
) -> None:
    ticket = Ticket()
    task_id = await stack.with_task(ticket)
    stack.teamwork.faults.add(Fault(kind="error", match=_renames_of(task_id), status=422))
    await stack.signal(ticket.renamed("Refused"))
    for tries, minutes in enumerate((15, 30, 60, 120, 240, 360, 360), start=1):
        trouble = (await eventually(partial(_blocked, stack, ticket, tries), what=f"try {tries} was refused"))[
            "trouble"
        ]
        retry_at = _moment(trouble["retry_at"])
        assert abs(retry_at - await _now(stack, ticket) - minutes * MINUTE) < A_MOMENT
        await _skip_to(stack, ticket, retry_at - A_MOMENT)
        assert len(_renames(stack, task_id)) == tries
        await _skip_to(stack, ticket, retry_at + SECOND)
    await eventually(partial(_blocked, stack, ticket, 8), what="the last try was refused")
    assert len(_renames(stack, task_id)) == 8


# --- the end of a ticket


async def test_a_delete_waits_for_a_minute(stack: Stack) -> None:
    ticket = Ticket()
    task_id = await stack.with_task(ticket)
    await stack.signal(ticket.status("closed"))
    settle_until = _moment((await stack.settled(ticket.id, "pending"))["settle_until"])
    assert abs(settle_until - await _now(stack, ticket) - MINUTE) < A_MOMENT
    await _skip_to(stack, ticket, settle_until - A_MOMENT)
    assert (await stack.settled(ticket.id, "pending"))["reason"] == "settling"
    assert await stack.shows(task_id, status="new")
    await _skip_to(stack, ticket, settle_until + SECOND)
    await stack.settled(ticket.id, "ended")
    assert await stack.task(task_id) is None


async def test_a_day_after_its_end_a_run_completes_with_its_last_state(stack: Stack) -> None:
    ticket = Ticket()
    task_id = await stack.with_task(ticket)
    await stack.signal(ticket.merged())
    last = await stack.settled(ticket.id, "ended")
    end_at = _moment(last["end_at"])
    assert abs(end_at - await _now(stack, ticket) - DAY) < A_MOMENT
    await _skip_to(stack, ticket, end_at - A_MOMENT)
    assert (await stack.ticket(ticket.id).describe()).status == WorkflowExecutionStatus.RUNNING
    await _skip_to(stack, ticket, end_at + SECOND)
    ended = await stack.ended(ticket)
    assert (ended.task.id, ended.task.standing, ended.sync_state) == (task_id, "completed", "ended")
    assert ended.lifecycle.model_dump(mode="json") == last["lifecycle"]


async def _skip_to(stack: Stack, ticket: Ticket, moment: datetime) -> None:
    await stack.skip(stack.ticket(ticket.id), moment - await _now(stack, ticket))


async def _now(stack: Stack, ticket: Ticket) -> datetime:
    """What the ticket's own clock says."""
    return await TimeSkipper(stack.client).get_current_time(stack.ticket(ticket.id))


async def _blocked(stack: Stack, ticket: Ticket, tries: int) -> dict[str, Any] | None:
    status = await stack.status(ticket.id)
    return status if status.get("sync_state") == "blocked" and status["trouble"]["tries"] == tries else None


async def _activities(stack: Stack, ticket: Ticket) -> int:
    """How many activities were scheduled so far."""
    return count((await stack.ticket(ticket.id).fetch_history()).events, ACTIVITY)


async def _has_more_activities(stack: Stack, ticket: Ticket, known: int) -> bool:
    return await _activities(stack, ticket) > known


def _renames_of(task_id: int) -> FaultMatch:
    return FaultMatch(method="PATCH", path=rf"/{task_id}\.json")


def _renames(stack: Stack, task_id: int) -> list[Call]:
    match = _renames_of(task_id)
    return stack.teamwork.faults.matching_calls(match.method, match.path)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
