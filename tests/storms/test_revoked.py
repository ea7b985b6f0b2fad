"""A key is revoked for a day: every ticket is blocked once, nobody hammers, and all heal soon after the key is back."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from datetime import timedelta
from functools import partial

import pytest

from tests.storms.conftest import Asked
from tests.storms.long_waits import skip, skip_all, skipping_stack
from tests.support.stack import Stack
from tests.support.tickets import Ticket
from tests.support.wait import eventually
from tests.workflows.recorded import UPSERT, runs_of
from ticketsync import names
from ticketsync.embedded import EmbeddedRedis, Say
from ticketsync.reasons import REASONS
from ticketsync.sandbox.faults import Call, Fault, FaultList
from ticketsync.sync.desk import CREDENTIALS_REFUSED
from ticketsync.sync.event import HINT, Event

A_DAY = timedelta(hours=24)
TWO_MINUTES = timedelta(minutes=2)
PROBE_EVERY = timedelta(minutes=1)
A_FEW = 3  # a probe of before, one at the end, one that the clock of this machine brings


@pytest.fixture
async def stack(say: Say, redis_server: EmbeddedRedis) -> AsyncIterator[Stack]:
    async with skipping_stack(say, redis_server.port) as stack:
        yield stack


async def test_a_teamwork_key_that_is_revoked_for_a_day(stack: Stack, storm: Asked) -> None:
    tickets = await _with_tasks(stack, storm)
    faults, task_calls = stack.teamwork.faults, partial(_calls, stack.teamwork.faults, r"/tasks")
    faults.calls.clear()
    _revoke(faults)
    told = [ticket.renamed("While nobody may") for ticket in tickets]
    await _signal_all(stack, told)
    await _all_blocked(stack, tickets, CREDENTIALS_REFUSED["teamwork"])
    assert len(task_calls()) <= len(tickets), "one try each at the most"
    await eventually(partial(_held_up_without_a_call, stack, told[0], task_calls), what="all know")
    tries = len(task_calls())
    since = [(await stack.status(ticket.id))["trouble"]["since"] for ticket in tickets]

    for part in range(4):
        await skip_all(stack, tickets, A_DAY / 4)
        await _signal_all(stack, (ticket.renamed(f"Part {part} of the day") for ticket in tickets))
    await _the_desk_waits(stack, faults, storm)
    await _all_blocked(stack, tickets, CREDENTIALS_REFUSED["teamwork"])
    assert len(task_calls()) == tries, "no ticket tried again"
    assert [(await stack.status(ticket.id))["trouble"]["since"] for ticket in tickets] == since
    for ticket in tickets:
        assert await _times_shown_as(stack, ticket, "blocked") == 1

    faults.clear()
    await skip(stack, stack.desk_workflow, TWO_MINUTES)
    for ticket in tickets:
        task_id = (await stack.settled(ticket.id))["task"]["id"]
        assert await stack.shows(task_id, name="Part 3 of the day")


async def test_a_zendesk_token_that_is_revoked_for_a_day(stack: Stack, storm: Asked) -> None:
    tickets = await _with_tasks(stack, storm)
    faults, reads = stack.zendesk.faults, partial(_calls, stack.zendesk.faults, r"/api/v2/tickets/\d+")
    faults.calls.clear()
    _revoke(faults)
    told = [await _hint(stack, ticket, "Read when we may") for ticket in tickets]
    await _signal_all(stack, told)
    await _all_blocked(stack, tickets, CREDENTIALS_REFUSED["zendesk"])
    assert len(reads()) <= len(tickets), "one try each at the most"
    await eventually(partial(_held_up_without_a_call, stack, told[0], reads), what="all know")
    tries = len(reads())

    await skip_all(stack, tickets, A_DAY)
    await _the_desk_waits(stack, faults, storm)
    await _all_blocked(stack, tickets, CREDENTIALS_REFUSED["zendesk"])
    assert len(reads()) == tries, "no ticket tried again"
    other = Ticket()
    assert await stack.shows(await stack.with_task(other), name="Checkout broken"), "what is told is carried out"
    for ticket in tickets:
        assert await _times_shown_as(stack, ticket, "blocked") == 1

    faults.clear()
    await skip(stack, stack.desk_workflow, TWO_MINUTES)
    for ticket in tickets:
        task_id = (await stack.settled(ticket.id))["task"]["id"]
        assert await stack.shows(task_id, name="Read when we may")


# --- tickets


async def _with_tasks(stack: Stack, storm: Asked) -> list[Ticket]:
    tickets = [Ticket() for _ in range(60 if storm.long else 12)]
    await asyncio.gather(*(stack.with_task(ticket) for ticket in tickets))
    return tickets


async def _signal_all(stack: Stack, events: Iterable[Event]) -> None:
    await asyncio.gather(*(stack.signal(event) for event in events))


async def _hint(stack: Stack, ticket: Ticket, subject: str) -> Event:
    """The ticket changes in Zendesk, and all we are told is that it did."""
    event = ticket.renamed(subject)
    await stack.put_in_zendesk(ticket)
    return event.model_copy(update={"kind": HINT, "snapshot": None, "hint": "older_form"})


async def _all_blocked(stack: Stack, tickets: Sequence[Ticket], reason: str) -> None:
    assert reason in REASONS, "a person finds out what to do"
    for ticket in tickets:
        assert (await stack.settled(ticket.id, "blocked"))["reason"] == reason


async def _times_shown_as(stack: Stack, ticket: Ticket, sync_state: str) -> int:
    """How often the ticket came to be listed as this."""
    upserts = [
        event.upsert_workflow_search_attributes_event_attributes.search_attributes.indexed_fields
        for run in await runs_of(stack.client, stack.ticket(ticket.id))
        for event in run.events
        if event.event_type == UPSERT
    ]
    wanted = f'"{sync_state}"'.encode()
    return [fields[names.SYNC_STATE.name].data for fields in upserts if names.SYNC_STATE.name in fields].count(wanted)


# --- the desk


def _revoke(faults: FaultList) -> None:
    faults.add(Fault(kind="unauthorized"))


async def _held_up_without_a_call(stack: Stack, event: Event, calls: Callable[[], Sequence[Call]]) -> bool:
    """Whether the workers have heard by now that the whole desk is held up: after this event nobody calls."""
    made, before = len(calls()), await _times_blocked(stack, event.ticket_id)
    await stack.signal(event.model_copy(update={"id": f"{event.id}-{before}"}))
    await eventually(partial(_blocked_again, stack, event.ticket_id, before), what="it is blocked again")
    return len(calls()) == made


async def _blocked_again(stack: Stack, ticket_id: int, before: int) -> bool:
    return await _times_blocked(stack, ticket_id) > before


async def _times_blocked(stack: Stack, ticket_id: int) -> int:
    journal = (await stack.status(ticket_id)).get("journal", ())
    return [line["code"] for line in journal].count("blocked")


async def _the_desk_waits(stack: Stack, faults: FaultList, storm: Asked) -> None:
    """The day passes for the desk, too; in a short storm an hour of it. All it does is to probe once a minute."""
    calls, time = len(faults.calls), A_DAY if storm.long else timedelta(hours=1)
    await skip(stack, stack.desk_workflow, time)
    probes = len(faults.calls) - calls
    assert time / PROBE_EVERY / 2 < probes <= time / PROBE_EVERY + A_FEW


def _calls(faults: FaultList, path: str) -> list[Call]:
    return faults.matching_calls(path=path)
