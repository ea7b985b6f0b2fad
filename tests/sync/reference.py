"""What a ticket's task should be in the end, said once more and without looking at how the rules do it.

It is told the true ticket, and what was ever told of it: that is all that the outcome may depend on.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from tests.sync.world import PEOPLE
from tests.sync.zendesk import ZendeskTicket
from ticketsync.sync.event import Event
from ticketsync.sync.policy import Policy
from ticketsync.sync.snapshot import TicketSnapshot

ENDS = ("soft_deleted", "marked_as_spam", "permanently_deleted")


class Expected(NamedTuple):
    standing: str
    title: str
    assignee_id: int | None


def expected(zendesk: ZendeskTicket, told: Sequence[Event], policy: Policy, linked_at: datetime) -> Expected | None:
    """The one task that people should see, None for none. `told` in the order in which it happened."""
    ticket = zendesk.snapshot
    if zendesk.deleted or not _deserved(ticket, told, policy, linked_at):
        return None
    standing = _standing(zendesk, told, policy)
    return Expected(standing, _title(ticket, policy), _person(ticket, told)) if standing else None


def _deserved(ticket: TicketSnapshot, told: Iterable[Event], policy: Policy, linked_at: datetime) -> bool:
    """Whether it was ever seen in a way that on its own makes a task."""
    seen = [event.snapshot for event in told if event.kind not in (*ENDS, "merged")]
    return any(one is not None and _makes_a_task(one, policy, linked_at) for one in (*seen, ticket))


def _makes_a_task(seen: TicketSnapshot, policy: Policy, linked_at: datetime) -> bool:
    if seen.status == "deleted" or "closed_by_merge" in seen.tags or _outside(seen, policy):
        return False
    if seen.status in ("new", "open", "pending", "hold"):
        return True
    assert seen.created_at is not None
    ours = seen.created_at >= linked_at
    return ours if seen.status == "solved" else ours and policy.on_closed in ("complete", "keep")


def _outside(seen: TicketSnapshot, policy: Policy) -> bool:
    included = not policy.include_tags or any(tag in seen.tags for tag in policy.include_tags)
    return not included or any(tag in seen.tags for tag in policy.exclude_tags)


def _standing(zendesk: ZendeskTicket, told: Sequence[Event], policy: Policy) -> str | None:
    ticket = zendesk.snapshot
    if _outside(ticket, policy) and policy.on_filtered == "delete":
        return None
    if zendesk.merged or (_outside(ticket, policy) and policy.on_filtered == "complete"):
        return "completed"
    if ticket.status == "closed" and policy.on_closed == "delete":
        return None
    if ticket.status == "closed" and policy.on_closed == "keep":
        return "completed" if _status_before_the_close(told) in (None, "solved") else "open"
    return "completed" if ticket.status in ("solved", "closed") else "open"


def _status_before_the_close(told: Sequence[Event]) -> str | None:
    statuses = [event.snapshot.status for event in told if event.snapshot is not None and event.kind not in ENDS]
    return next((status for status in reversed(statuses) if status not in ("closed", "deleted")), None)


def _title(ticket: TicketSnapshot, policy: Policy) -> str:
    subject = "".join(max(character, " ") for character in ticket.subject or "").strip()
    if not subject:
        return f"Ticket #{ticket.id}"
    name = policy.title.replace("{subject}", subject).replace("{id}", str(ticket.id))
    name = name.replace("{status}", str(ticket.status))
    return name if len(name) <= 250 else name[:249] + "…"


def _person(ticket: TicketSnapshot, told: Iterable[Event]) -> int | None:
    if ticket.assignee_id is not None:
        return PEOPLE.known[ticket.assignee_id]
    ever = [event.snapshot.assignee_id for event in told if event.snapshot is not None]
    before = [event.previous_assignee_id for event in told]
    if any(agent is not None for agent in (*ever, *before)):
        return None
    return PEOPLE.known.get(ticket.submitter_id or 0)
