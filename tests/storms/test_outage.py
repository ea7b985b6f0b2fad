"""Teamwork is down for hours and days: tickets say why, the newest intention wins, the backlog keeps to the quota."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from operator import methodcaller

import pytest

from tests.storms.conftest import Asked
from tests.storms.long_waits import skip, skip_all, skipping_stack
from tests.support.queues import IN_ONE_PART, ahead_of
from tests.support.stack import PERSON_ANN, Stack
from tests.support.tickets import ANN, BEN, Ticket
from tests.support.wait import eventually
from ticketsync import names
from ticketsync.embedded import EmbeddedRedis, Say
from ticketsync.limiter import window_of
from ticketsync.sandbox.faults import Call, Fault, FaultMatch
from ticketsync.sync.event import Event
from ticketsync.tickets import read_ticket
from ticketsync.worker import SLOTS_PER_DESK

HOUR = timedelta(hours=1)
LONGEST_BACK_OFF = timedelta(minutes=10)
BLOCKED_RETRY = timedelta(minutes=15)
SMALL_QUOTA = 480
JITTER = timedelta(milliseconds=500)  # a call counts from its turn; the sandbox sees it a little later
WAIT_AT_RECOVERY = 6
AT_ONCE = 16
MOSTLY = 0.7  # of all pairs; what is under way when the others come goes first; blind to it is a half
UNDER_WAY = 2 * SLOTS_PER_DESK  # what holds a slot when the others come, and what takes one while these are decided on


@pytest.fixture(scope="module")
async def stack(say: Say, redis_server: EmbeddedRedis) -> AsyncIterator[Stack]:
    async with skipping_stack(say, redis_server.port, dynamic_config=IN_ONE_PART) as stack:
        yield stack


@pytest.fixture(autouse=True)
async def _well_again(stack: Stack) -> AsyncIterator[None]:
    yield
    stack.teamwork.faults.clear()


async def test_after_hours_of_several_intentions_only_the_newest_is_written(stack: Stack, storm: Asked) -> None:
    tickets = await _with_tasks(stack, 30 if storm.long else 6)
    _down(stack)
    await _all_change(stack, tickets, methodcaller("renamed", "First thought"))
    await asyncio.gather(*(stack.settled(ticket.id, "retrying") for ticket in tickets))
    for title, person in (("Second thought", ANN), ("Third thought", BEN), ("Last word", ANN)):
        await skip_all(stack, tickets, HOUR)
        await _all_change(stack, tickets, methodcaller("renamed", title))
        await _all_change(stack, tickets, methodcaller("assigned", person))
    await _all_change(stack, tickets, methodcaller("status", "solved"))
    await _all_change(stack, tickets, methodcaller("status", "open"))
    for ticket in tickets:
        await eventually(partial(_shows_why_and_when_next, stack, ticket), what="the ticket shows why and when next")
    await eventually(lambda: _all_are_retrying(stack, len(tickets)), what="the list shows them all")

    stack.teamwork.faults.clear()
    await skip_all(stack, tickets, LONGEST_BACK_OFF)
    for ticket in tickets:
        task_id = (await stack.settled(ticket.id))["task"]["id"]
        assert await stack.shows(task_id, name="Last word", assigneeUserIds=[PERSON_ANN], status="new")
        assert _written(stack, task_id) == {"PATCH": 2}, "the title and the person, once each"


async def test_an_outage_of_71_hours_heals_by_itself_and_a_longer_one_at_the_next_retry(stack: Stack) -> None:
    lucky, unlucky = Ticket(), Ticket()
    lucky_task, unlucky_task = [await stack.with_task(ticket) for ticket in (lucky, unlucky)]
    unlucky_path = FaultMatch(path=f"/{unlucky_task}")
    stack.teamwork.faults.add(Fault(kind="error", match=unlucky_path))
    stack.teamwork.faults.add(Fault(kind="error", match=FaultMatch(path=f"/{lucky_task}")))
    await stack.signal(lucky.renamed("After three days"))
    await stack.signal(unlucky.renamed("After longer"))
    since = [(await stack.settled(ticket.id, "retrying"))["trouble"]["since"] for ticket in (lucky, unlucky)]
    await skip_all(stack, (lucky, unlucky), 71 * HOUR)
    for ticket, first_failure in zip((lucky, unlucky), since, strict=True):
        status = await stack.status(ticket.id)
        assert (status["sync_state"], status["trouble"]["since"]) == ("retrying", first_failure)

    stack.teamwork.faults.faults[:] = [Fault(kind="error", match=unlucky_path)]
    await skip_all(stack, (lucky, unlucky), LONGEST_BACK_OFF)
    await stack.settled(lucky.id)
    assert await stack.shows(lucky_task, name="After three days")

    await skip(stack, stack.ticket(unlucky.id), HOUR)
    assert (await stack.settled(unlucky.id, "blocked"))["reason"] == "unreachable"
    tries = len(_calls_of(stack, unlucky_task))
    stack.teamwork.faults.clear()
    await skip(stack, stack.ticket(unlucky.id), BLOCKED_RETRY)
    await stack.settled(unlucky.id)
    assert await stack.shows(unlucky_task, name="After longer")
    assert len(_calls_of(stack, unlucky_task)) == tries + 2, "one try, and the look of this test"


async def test_the_backlog_drains_within_the_quota_and_live_tickets_go_first(stack: Stack, storm: Asked) -> None:
    number = 100 if storm.long else 24
    live, ended = await _with_tasks(stack, number), await _with_tasks(stack, number)
    newcomer = Ticket(subject="New in the outage")
    _down(stack)
    await stack.signal(newcomer.created())
    await _all_change(stack, ended, methodcaller("status", "closed"))
    await _all_change(stack, live, methodcaller("renamed", "Somebody waits for this"))
    await eventually(lambda: _all_are_retrying(stack, 2 * number + 1), 120, what="all are retrying")
    async with _smaller_quota(stack):
        begun = datetime.now(UTC)
        _up_again_but_not_at_once(stack)
        await skip_all(stack, [*ended, *live, newcomer], LONGEST_BACK_OFF)
        await eventually(lambda: _all_are_well(stack), 120, what="all is written")
    drained = [call for call in stack.teamwork.faults.calls if call.at >= begun]
    assert [call.status for call in drained].count(429) <= 1, "none but the one that was told to wait"
    _kept_to_the_quota(drained)
    titles = _places(drained, "PATCH", [await _task_id(stack, ticket) for ticket in live])
    deletes = _places(drained, "DELETE", [await _task_id(stack, ticket) for ticket in ended])
    assert (len(titles), len(deletes)) == (number, number)
    assert _in_order(titles, deletes) > MOSTLY
    await stack.settled(newcomer.id)
    assert len(await stack.tasks_of(newcomer.id)) == 1


async def test_what_has_just_happened_goes_before_what_was_stored_while_no_worker_was_there(stack: Stack) -> None:
    stored, live = await _with_tasks(stack, 64), await _with_tasks(stack, 6)
    paths = {ticket.id: f"/projects/api/v3/tasks/{await _task_id(stack, ticket)}.json" for ticket in [*stored, *live]}
    async with _smaller_quota(stack, 120):
        begun = datetime.now(UTC)
        await _all_change(stack, stored, lambda ticket: _received_long_ago(ticket.renamed("Stored in the outage")))
        told = await eventually(
            partial(_first_burst, stack, begun, 120), what="the quota is used up by what was stored"
        )
        late = [ticket for ticket in stored if paths[ticket.id] not in _paths(stack, begun, told)][-4:]
        await _all_change(stack, live, methodcaller("renamed", "Somebody looks at this now"))
        await _all_change(stack, late, methodcaller("status", "solved"))
        await asyncio.gather(*(stack.settled(ticket.id) for ticket in [*live, *late]))
        calls = [call.path for call in stack.teamwork.faults.calls if call.at > told]
    now, brought_forward = ([calls.index(paths[ticket.id]) for ticket in some] for some in (live, late))
    waiting = {paths[ticket.id] for ticket in stored if ticket not in late} - _paths(stack, begun, told)
    later = [calls.index(path) if path in calls else len(calls) for path in waiting]
    assert len(later) > 3 * UNDER_WAY
    assert ahead_of(now, later) <= UNDER_WAY
    assert ahead_of(brought_forward, later) <= UNDER_WAY, "stored once, and changed again just now"
    await asyncio.gather(*(stack.settled(ticket.id) for ticket in stored))


# --- the outage


def _down(stack: Stack) -> None:
    stack.teamwork.faults.add(Fault(kind="error", status=503))


def _up_again_but_not_at_once(stack: Stack) -> None:
    """As sites do after an outage: the first caller is told to wait, and with it the whole of the desk."""
    stack.teamwork.faults.faults[:] = [Fault(kind="rate_limited", seconds=WAIT_AT_RECOVERY, times=1)]


@asynccontextmanager
async def _smaller_quota(stack: Stack, calls_per_minute: int = SMALL_QUOTA) -> AsyncIterator[None]:
    desk = stack.desk_settings
    smaller = desk.teamwork.model_copy(update={"calls_per_minute": calls_per_minute})
    await stack.use(desk.model_copy(update={"teamwork": smaller}))
    try:
        yield
    finally:
        await stack.use(desk)


# --- tickets


def _received_long_ago(event: Event) -> Event:
    return event.model_copy(update={"received_at": event.received_at - timedelta(hours=1)})


async def _with_tasks(stack: Stack, number: int) -> list[Ticket]:
    """So many tickets, a few at a time: each is asked for its status until it has its task."""
    tickets = [Ticket() for _ in range(number)]
    for some in _batched(tickets, AT_ONCE):
        await asyncio.gather(*(stack.with_task(ticket) for ticket in some))
    return tickets


def _batched(tickets: Sequence[Ticket], size: int) -> Iterator[Sequence[Ticket]]:
    return (tickets[start : start + size] for start in range(0, len(tickets), size))


async def _all_change(stack: Stack, tickets: Sequence[Ticket], change: Callable[[Ticket], Event]) -> None:
    await asyncio.gather(*(stack.signal(change(ticket)) for ticket in tickets))


async def _task_id(stack: Stack, ticket: Ticket) -> int:
    return int((await stack.status(ticket.id))["task"]["id"])


async def _shows_why_and_when_next(stack: Stack, ticket: Ticket) -> bool:
    """As `tickets show` prints it; an attempt that runs at this moment has no next one yet."""
    view = await read_ticket(stack.client, stack.desk, ticket.id)
    status, pending = view.status or {}, [attempt for attempt in view.pending if attempt.next_attempt_at is not None]
    shown = (status.get("sync_state"), status.get("reason"), len(pending)) == ("retrying", "answer_lost", 1)
    return shown and "answered 503" in (pending[0].last_failure or "")


async def _all_are_retrying(stack: Stack, number: int) -> bool:
    """By Temporal's list: to ask so many tickets again and again would hold them up."""
    return await _count(stack, "= 'retrying'") == number


async def _all_are_well(stack: Stack) -> bool:
    return await _count(stack, "NOT IN ('in_step', 'ended')") == 0


async def _count(stack: Stack, state: str) -> int:
    query = f"{names.DESK.name} = '{stack.desk}' AND ExecutionStatus = 'Running' AND {names.SYNC_STATE.name} {state}"
    return (await stack.client.count_workflows(query)).count


# --- calls


def _first_burst(stack: Stack, begun: datetime, calls_per_minute: int) -> datetime | None:
    """When the last call of it was made."""
    calls = [call.at for call in stack.teamwork.faults.calls if call.at >= begun]
    return calls[-1] if len(calls) >= window_of(calls_per_minute).calls else None


def _paths(stack: Stack, since: datetime, until: datetime) -> set[str]:
    return {call.path for call in stack.teamwork.faults.calls if since <= call.at <= until}


def _calls_of(stack: Stack, task_id: int) -> list[Call]:
    return stack.teamwork.faults.matching_calls(path=rf"/{task_id}(\.|/)")


def _written(stack: Stack, task_id: int) -> Counter[str]:
    """The writes of this task that Teamwork took, by method."""
    return Counter(
        call.method
        for call in _calls_of(stack, task_id)
        if call.method != "GET" and call.status is not None and call.status < 300
    )


def _kept_to_the_quota(calls: Sequence[Call]) -> None:
    window = window_of(SMALL_QUOTA)
    shortest = timedelta(seconds=window.seconds) - JITTER
    for first, one_more in zip(calls, calls[window.calls :], strict=False):
        assert one_more.at - first.at >= shortest


def _places(calls: Sequence[Call], method: str, task_ids: Sequence[int]) -> list[int]:
    """Where in the order of calls each task got this write."""
    paths = {f"/projects/api/v3/tasks/{task_id}.json" for task_id in task_ids}
    return [
        place
        for place, call in enumerate(calls)
        if call.method == method and call.path in paths and call.status is not None and call.status < 300
    ]


def _in_order(earlier: Sequence[int], later: Sequence[int]) -> float:
    """The part of all pairs of which the one that goes first went first."""
    pairs = [first < second for first in earlier for second in later]
    return sum(pairs) / len(pairs)
