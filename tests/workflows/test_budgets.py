"""What a ticket's history costs: counted on the histories of real runs, which are looked at without queries."""

import pytest
from temporalio.api.history.v1 import HistoryEvent

from tests.support.stack import Stack
from tests.support.tickets import ANN, Ticket
from tests.workflows.recorded import MARKER, at_rest, kinds, out_of_the_burst
from ticketsync.sync.event import Event
from ticketsync.sync.state import SEEN_KEPT
from ticketsync.workflows import runs

LARGEST_DECISION = 4096


async def _added(stack: Stack, *events: Event) -> list[list[HistoryEvent]]:
    """What each of these events of one ticket adds to its history, told one after the other."""
    added, known = [], 0
    for number, event in enumerate(events, start=1):
        history = await at_rest(await stack.signal(event), signals=number)
        await out_of_the_burst(history)
        added.append(list(history.events[known:]))
        known = len(history.events)
    return added


async def test_a_create_costs_13_events(stack: Stack) -> None:
    (create,) = await _added(stack, Ticket(submitter_id=ANN).created())
    assert len(create) <= 13, kinds(create)


@pytest.mark.parametrize(
    ("change", "budget"), [("status", 12), ("assignee", 12), ("subject", 11), ("nothing", 6), ("duplicate", 6)]
)
async def test_a_change_keeps_to_its_budget(stack: Stack, change: str, budget: int) -> None:
    ticket = Ticket()
    created = ticket.created()
    changes = {
        "status": lambda: ticket.status("solved"),
        "assignee": lambda: ticket.assigned(ANN),
        "subject": lambda: ticket.renamed("Broken on mobile"),
        "nothing": lambda: ticket.changed("tags_changed", tags=("vip",)),
        "duplicate": lambda: created,
    }
    _, change_events = await _added(stack, created, changes[change]())
    assert 5 <= len(change_events) <= budget, kinds(change_events)


async def test_decisions_stay_small_however_much_a_ticket_remembers(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "EVENTS_AT_REST", 10_000)  # all in one history
    ticket = Ticket()
    many = SEEN_KEPT + 20
    workflow = await stack.signal(ticket.created(), *(ticket.changed("tags_changed") for _ in range(many)))
    before = await at_rest(workflow, signals=1 + many)
    await stack.signal(ticket.renamed("é" * 400))
    after = await at_rest(workflow, signals=2 + many)
    sizes = [_payload_bytes(event) for event in after.events[len(before.events) :] if event.event_type == MARKER]
    assert sizes
    assert max(sizes) < LARGEST_DECISION


def _payload_bytes(event: HistoryEvent) -> int:
    details = event.marker_recorded_event_attributes.details
    return sum(payload.ByteSize() for payloads in details.values() for payload in payloads.payloads)
