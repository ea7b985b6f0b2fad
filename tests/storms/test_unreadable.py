"""What the code of today cannot read, and rules that fail: kept, seen, and made up for."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.api.enums.v1 import EventType
from temporalio.common import RawValue

from tests.support.stack import Stack, running_stack
from tests.support.tickets import Ticket
from tests.support.wait import eventually
from ticketsync import names
from ticketsync.embedded import EmbeddedRedis, EmbeddedTemporal
from ticketsync.reasons import REASONS
from ticketsync.sandbox.faults import Fault, FaultMatch
from ticketsync.settings import DeskSettings
from ticketsync.sync.event import Event

SHORT = "Short"


@pytest.fixture(scope="module")
async def stack(temporal_server: EmbeddedTemporal, redis_server: EmbeddedRedis) -> AsyncIterator[Stack]:
    async with running_stack(temporal_server.address, redis_server.port) as stack:
        yield stack


# --- signals


def older(event: Event) -> RawValue:
    """As it might have been before there were snapshots."""
    return _as_json(
        {"event_type": event.kind, "ticket": {"id": str(event.ticket_id), "subject": "B"}, "at": 1768467900}
    )


def newer(event: Event) -> RawValue:
    """As it may be one day: from a source that is new, the snapshot in parts."""
    written = event.model_dump(mode="json")
    return _as_json({**written, "version": 2, "source": "stream", "snapshot": {"subject": {"text": "B"}}})


def newer_with_more(event: Event) -> RawValue:
    """With fields that are not known yet, which do not matter."""
    written = event.model_dump(mode="json")
    return _as_json(
        {**written, "version": 2, "priority_of_customer": 1, "snapshot": {**written["snapshot"], "sla": {}}}
    )


def encrypted(event: Event) -> RawValue:
    """By a codec that this worker does not have."""
    return RawValue(Payload(metadata={"encoding": b"binary/encrypted"}, data=b"\x00\xff" * 500))


def _as_json(content: Any) -> RawValue:
    return RawValue(Payload(metadata={"encoding": b"json/plain"}, data=json.dumps(content).encode()))


@pytest.mark.parametrize("signal", [names.ZENDESK_EVENT, "zendesk_event_v2"])
@pytest.mark.parametrize("shape", [older, newer, encrypted])
async def test_a_signal_of_another_release_is_kept_and_seen_and_its_news_are_read(
    stack: Stack, shape: Any, signal: str
) -> None:
    ticket = Ticket()
    await stack.with_task(ticket)
    unreadable = shape(ticket.renamed("B"))
    await stack.put_in_zendesk(ticket)
    await stack.ticket(ticket.id).signal(signal, unreadable)
    await eventually(lambda: _is_called(stack, ticket, "B"), what="the news are on the task")
    size = len(unreadable.payload.data)
    assert [
        line for line in await _journal(stack, ticket) if f"a signal of {size} bytes could not be read" in line
    ] != []
    assert unreadable.payload.data in await _signals(stack, ticket)


async def test_a_signal_that_only_has_more_than_is_known_is_read_as_far_as_it_is_known(stack: Stack) -> None:
    ticket = Ticket()
    await stack.with_task(ticket)
    await stack.ticket(ticket.id).signal(names.ZENDESK_EVENT, newer_with_more(ticket.renamed("B")))
    await eventually(lambda: _is_called(stack, ticket, "B"), what="the news are on the task")
    assert not [line for line in await _journal(stack, ticket) if "could not be read" in line]


async def test_an_unreadable_signal_is_remembered_while_zendesk_does_not_answer(stack: Stack) -> None:
    ticket = Ticket()
    await stack.with_task(ticket)
    unreadable = newer(ticket.renamed("B"))
    await stack.put_in_zendesk(ticket)
    stack.zendesk.faults.add(Fault(kind="error", match=FaultMatch(path=f"/api/v2/tickets/{ticket.id}")))
    await stack.ticket(ticket.id).signal(names.ZENDESK_EVENT, unreadable)
    status = await stack.settled(ticket.id, "retrying")
    assert status["reason"] in REASONS
    assert status["read"] is not None
    stack.zendesk.faults.clear()
    await stack.skip(stack.ticket(ticket.id), timedelta(minutes=1))
    await eventually(lambda: _is_called(stack, ticket, "B"), what="the news are on the task")


# --- rules


async def test_where_a_rule_raises_the_ticket_is_blocked_and_heals_by_itself_when_it_is_mended(stack: Stack) -> None:
    ticket, other = Ticket(), Ticket()
    await stack.with_task(ticket)
    await stack.with_task(other)
    mended = await _break_the_title(stack)
    await stack.signal(ticket.renamed(SHORT), ticket.renamed(f"{SHORT}er"))
    status = await stack.settled(ticket.id, "blocked")
    assert (status["reason"], status["trouble"]["what"]) == ("rule_error", "decide")
    assert await _shown_to_all(stack, ticket) == {"blocked", "rule_error"}
    await stack.signal(other.renamed("Long enough, so ten letters"))
    await eventually(lambda: _is_called(stack, other, "g"), what="the other ticket goes on")
    await stack.use(mended)
    await stack.skip(stack.ticket(ticket.id), timedelta(minutes=2))
    await eventually(lambda: _is_called(stack, ticket, f"{SHORT}er"), what="the kept events are applied")
    assert [line.split()[0] for line in await _journal(stack, ticket)].count("subject_changed") == 2, "both of them"


class TenthLetter(str):
    """A title that only longer subjects have: of a short one the rule raises an IndexError."""

    __slots__ = ()

    def format_map(self, values: Any, /) -> str:
        return str(values["subject"])[9]


async def _break_the_title(stack: Stack) -> DeskSettings:
    """The worker's rules fail from now on; returns the desk's settings with which they do not."""
    good = stack.desk_settings
    policy = good.policy.model_copy(update={"title": TenthLetter("{subject}")})
    await stack.use(good.model_copy(update={"policy": policy}))
    return good


async def _is_called(stack: Stack, ticket: Ticket, title: str) -> bool:
    return bool((await stack.status(ticket.id)).get("task", {}).get("title") == title)


async def _journal(stack: Stack, ticket: Ticket) -> list[str]:
    return [line["text"] for line in (await stack.status(ticket.id))["journal"]]


async def _signals(stack: Stack, ticket: Ticket) -> list[bytes]:
    """The bytes of all signals that Temporal keeps of the ticket."""
    history = await stack.ticket(ticket.id).fetch_history()
    signaled = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED
    inputs = [
        event.workflow_execution_signaled_event_attributes.input
        for event in history.events
        if event.event_type == signaled
    ]
    return [payload.data for given in inputs for payload in given.payloads]


async def _shown_to_all(stack: Stack, ticket: Ticket) -> set[str]:
    """State and reason as lists and filters have them."""
    attributes = (await stack.ticket(ticket.id).describe()).typed_search_attributes
    return {attributes[names.SYNC_STATE], attributes[names.REASON]}
